"""How many documents are drawn, and how."""

from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.plans.documents import REWRITTEN
from tests.plans.oracle import DOCUMENTS

SHARES: Final = {"queries": 0.5, "mutations": 0.1, "product": 0.4}
"""Of the documents of a run: everything's queries and mutations, and the product's queries."""

_MARGIN: Final = 2.5
"""Some of what is drawn has been asked before."""


LONG: Final = pytest.mark.timeout(max(300, DOCUMENTS // 10))
"""More documents than usual take longer than a test may."""


def least(share: str) -> int:
    """How many different operations this share has at least."""
    return round(DOCUMENTS * SHARES[share])


def drawn(share: str) -> settings:
    """Settings that draw as many. Nothing is drawn again to make it smaller: a difference is told as it was asked."""
    return settings(
        max_examples=round(_MARGIN * least(share) / REWRITTEN),
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
