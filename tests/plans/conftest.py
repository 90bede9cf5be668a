"""One quiet shop for the tests of plans, and silence about the errors that they provoke."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from app.infra.embedded import Servers
from tests.plans.product import Product, product
from tests.support.installation import installation


@pytest.fixture(scope="package")
async def shop_asked(servers: Servers) -> AsyncIterator[Product]:
    """The product over a seeded installation whose workers are processes of their own."""
    async with installation(servers) as made:
        await made.seed()
        made.start_workers(1)
        async with product(made) as opened:
            yield opened


@pytest.fixture(autouse=True, scope="module")
def _swept() -> Iterator[None]:
    """What graphql-core has left is taken away while its warnings are still foreseen."""
    yield
    gc.collect()


@pytest.fixture(autouse=True, scope="package")
def _silence() -> Iterator[None]:
    """Thousands of foreseen failures, each with its stack, would take longer to write than all else."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def _drop(*_: object) -> str:
    raise structlog.DropEvent
