"""What a list asks PostgreSQL when its rows were shown before, and when one of them has changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.kernel.clock import now
from app.kernel.messages import Command
from app.plans import Plans
from app.seed import seeded_id
from schema.errors import typed
from tests.plans.answers import Asked, by_library, by_plan
from tests.plans.product import OPERATOR, Product, change
from write_model.catalog.commands import ReceiveStock
from write_model.orders.commands import DeliverOrder

PAGE = "first: 100) { pageInfo { endCursor } edges { cursor node { id version } } }"
LISTS: dict[str, tuple[str, Command]] = {
    "orders": (f"{{ orders({PAGE} }}", DeliverOrder(at=now(), order_id=seeded_id("order", "shipped"))),
    "products": (
        f"{{ products({PAGE} }}",
        ReceiveStock(at=now(), product_id=seeded_id("product", "cushion"), pieces=1),
    ),
}


@asynccontextmanager
async def sent(shop: Product) -> AsyncIterator[list[tuple[int, bool]]]:
    """Of each statement how many rows it finds, and whether it reads them whole."""
    reads, noted = shop.installation.reads, list[tuple[int, bool]]()
    assert reads
    fetch = reads.fetch

    async def noting(statement: str, *values: Any) -> Any:
        found = await fetch(statement, *values)
        noted.append((len(found), "present.version" in statement))
        return found

    reads.fetch = noting
    try:
        yield noted
    finally:
        reads.fetch = fetch


@pytest.mark.parametrize(("query", "command"), LISTS.values(), ids=LISTS)
async def test_only_what_has_changed_is_read_again(shop_asked: Product, query: str, command: Command) -> None:
    plans, asked = Plans(shop_asked.schema, typed), Asked(query)

    async def ask() -> tuple[Any, list[tuple[int, bool]]]:
        async with sent(shop_asked) as statements:
            answer = await by_plan(plans, asked, shop_asked.asks(OPERATOR)())
        assert answer == await by_library(shop_asked.schema, asked, shop_asked.asks(OPERATOR)())
        return answer, statements

    before, statements = await ask()
    number = statements[0][0]
    assert statements == [(number, False), (number, True)]
    assert await ask() == (before, [(number, True)])
    assert await ask() == (before, [(number, False)])
    await change(shop_asked, command)
    after, statements = await ask()
    assert after != before
    assert statements == [(number, False), (1, True)]
    assert await ask() == (after, [(number, False)])
    assert (plans.counts.planned, plans.counts.completed) == (5, 0)
