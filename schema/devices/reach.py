"""Which sites an asker sees."""

from app.kernel.messages import Principal
from write_model.devices.commands import SITE


def sites_of(asker: Principal) -> frozenset[str] | None:
    """The sites of the asker's scopes; None for an operator, who sees all."""
    return None if asker.is_operator else asker.reached(SITE)


def sees(asker: Principal, site: str) -> bool:
    """Whether what is at this site is the asker's to see."""
    return asker.reaches(SITE, site)
