"""The search of orders, against a plain look at the same orders: pages, counts and facets, by whatever is asked."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.folding import fold
from app.infra.freshness import ReadModels
from app.infra.keyset import PageArguments
from app.infra.table_views import Progress
from app.kernel.clock import id_at
from app.kernel.messages import Recorded
from app.kernel.view import View
from read_model.orders import order_contents, order_facets, order_summary
from read_model.orders.order_facets import Facet, OrderFacets
from read_model.orders.order_summary import OrderFilter, OrderSort
from tests.read_model.orders.naive import CUSTOMERS, GOODS, PLACES, PRODUCTS, START, Placed
from tests.support.installation import installation

OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = [
    "stone",
    "TEA",
    "tea-00",
    "85123",
    "85123a",
    "white t",
    "CRÈME",
    "ada",
    "o'neill",
    "light stone",
    "R7",
    "x",
    "-",
]


def placed(entropy: int) -> st.SearchStrategy[Placed]:
    return st.builds(
        Placed,
        order_id=st.just(id_at(2, entropy)),
        customer_id=st.sampled_from([*CUSTOMERS, None]),
        goods=st.lists(st.integers(0, len(GOODS) - 1), min_size=1, max_size=4).map(tuple),
        place=st.sampled_from(PLACES),
        day=st.integers(0, 4),
        postage=st.integers(0, 3),
        status=st.sampled_from(["PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"]),
        reference=st.sampled_from([None, "R7", "r71"]),
    )


ORDERS = st.integers(0, 25).flatmap(lambda number: st.tuples(*map(placed, range(number))))
ASKED: dict[str, st.SearchStrategy[Any]] = {
    "owner": st.sampled_from(list(CUSTOMERS)),
    "customer_id": st.sampled_from(list(CUSTOMERS)),
    "status": st.lists(st.sampled_from(["PENDING", "PAID", "DELIVERED", "RETURNED"]), max_size=3).map(tuple),
    "city": st.sampled_from(["london", "ÉVRY", "Rome"]),
    "country": st.sampled_from(["United Kingdom", "france", "Eire", "Italy"]),
    "product_id": st.sampled_from([*PRODUCTS, id_at(0, 99)]),
    "text": st.sampled_from(TEXTS),
    "placed_from": st.integers(0, 5).map(lambda day: START + timedelta(days=day)),
    "placed_to": st.integers(0, 5).map(lambda day: START + timedelta(days=day)),
    "min_total": st.integers(2, 12).map(Decimal),
    "max_total": st.integers(2, 12).map(Decimal),
}
FEW_CONDITIONS = st.sets(st.sampled_from(sorted(ASKED)), max_size=3)
FILTERS = FEW_CONDITIONS.flatmap(lambda names: st.builds(OrderFilter, **{name: ASKED[name] for name in names}))


@dataclass
class Desk:
    """Both views' tables, laid out by the views' own folds."""

    db: asyncpg.Pool
    reads: ReadModels
    orders: Sequence[Placed] = field(default=())

    async def lay_out(self, orders: Sequence[Placed]) -> None:
        self.orders = orders
        said = [(number, event) for order in orders for number, event in enumerate(order.events(), 1)]
        log = [
            Recorded(position, "order", event.order_id, version, event, {}, START)
            for position, (version, event) in enumerate(said, 1)
        ]
        await self.db.execute("update read.checkpoints set position = 0")
        views: tuple[View[Any], ...] = (order_summary.VIEW, order_contents.VIEW)
        for view in views:
            table = self.reads.table(view)
            await self.db.execute(f"delete from {table.table}")
            rows = fold(view, 0, [each for each in log if type(each.event) in view.handles], {})
            await table.apply(self.db, Progress(shard=0, epoch=0, start=0, upto=1, head=1, event_at=None), rows)

    def passing(self, wanted: OrderFilter) -> list[Placed]:
        return [order for order in self.orders if order.passes(wanted)]

    async def found(self, wanted: OrderFilter, sort: OrderSort, size: int) -> list[UUID]:
        """All pages, one after the other."""
        ids: list[UUID] = []
        after = None
        while True:
            page = await order_summary.find(self.reads, wanted, sort, PageArguments(first=size, after=after))
            ids += [stored.row.order_id for stored in page.nodes]
            if not page.has_next:
                return ids
            last = page.nodes[-1].row
            after = sort.value.cursor(getattr(last, sort.value.column), last.order_id)


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db,
        bootstrap.read_models(made.settings) as (reads, _),
    ):
        yield Desk(db, reads)


def in_order(orders: Sequence[Placed], sort: OrderSort) -> list[UUID]:
    def place(order: Placed) -> tuple[Any, UUID]:
        return order.at if sort.value.column == "placed_at" else order.total, order.order_id

    return [order.order_id for order in sorted(orders, key=place, reverse=sort.value.descending)]


def facets(desk: Desk, wanted: OrderFilter) -> OrderFacets:
    spelt = Counter(order.place[1] for order in desk.passing(replace(wanted, country=None)))
    countries: Counter[str] = Counter()
    for name in {country.lower() for country in spelt}:
        same = Counter({country: number for country, number in spelt.items() if country.lower() == name})
        countries[commonest_first(same)[0].value] = same.total()
    statuses = Counter(order.status for order in desk.passing(replace(wanted, status=None)))
    return OrderFacets(commonest_first(statuses), commonest_first(countries))


def commonest_first(counts: Counter[str]) -> list[Facet]:
    return [Facet(value, number) for value, number in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


async def agrees(desk: Desk, wanted: OrderFilter, sort: OrderSort, size: int) -> None:
    """Pages, count and facets are what a plain look finds, by the filter and by the ids that it may come down to."""
    expected = in_order(desk.passing(wanted), sort)
    for asked in (wanted, await order_summary.narrowed(desk.reads, wanted)):
        assert await desk.found(asked, sort, size) == expected
        assert await order_summary.count(desk.reads, asked) == len(expected)
        assert await order_facets.count(desk.reads, asked) == facets(desk, wanted)


@OFTEN
@given(orders=ORDERS, wanted=FILTERS, sort=st.sampled_from(OrderSort), size=st.integers(2, 9))
async def test_whatever_is_asked(
    desk: Desk, orders: Sequence[Placed], wanted: OrderFilter, sort: OrderSort, size: int
) -> None:
    await desk.lay_out(orders)
    await agrees(desk, wanted, sort, size)


@pytest.fixture(scope="module")
async def stocked(desk: Desk) -> Desk:
    """A desk with sixty orders, no two of them alike."""
    statuses, customers = ("PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"), [*CUSTOMERS, None]
    await desk.lay_out(
        [
            Placed(
                order_id=id_at(3, number),
                customer_id=customers[number % 4],
                goods=tuple((number * step) % len(GOODS) for step in range(1, 2 + number % 3)),
                place=PLACES[number % len(PLACES)],
                day=number // 7,
                postage=number % 6,
                status=statuses[number % 7 % 5],
                reference=f"R{number}" if number % 2 else None,
            )
            for number in range(60)
        ]
    )
    return desk


ALONE: list[dict[str, Any]] = [
    {},
    {"owner": next(iter(CUSTOMERS))},
    {"customer_id": next(iter(CUSTOMERS))},
    {"status": ("PAID",)},
    {"status": ("PAID", "PENDING")},
    {"city": "lONDON"},
    {"city": "ÉVRY"},
    {"country": "france"},
    {"country": " United  KINGDOM "},
    {"product_id": PRODUCTS[3]},
    *({"text": text} for text in ("stone", "TEA-002", "85123", "85123a", "crème br", "o'neill", "R7", "ada dish")),
    {"placed_from": START + timedelta(days=3)},
    {"placed_to": START + timedelta(days=3)},
    {"min_total": Decimal("7.50")},
    {"max_total": Decimal("7.50")},
]


@pytest.mark.parametrize("said", ALONE, ids=str)
@pytest.mark.parametrize("few", [order_contents.FEW, 0])
async def test_each_condition_alone(
    stocked: Desk, said: dict[str, Any], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_contents, "FEW", few)
    wanted = OrderFilter(**said)
    spared = len(stocked.orders) - len(stocked.passing(wanted))
    assert stocked.passing(wanted)
    assert bool(spared) == bool(said)
    await agrees(stocked, wanted, OrderSort.TOTAL_ASC, 20)


async def test_a_stranger_finds_nothing_by_another_customers_id(stocked: Desk) -> None:
    one, other, _ = CUSTOMERS
    wanted = OrderFilter(owner=one, customer_id=other)
    assert await stocked.found(wanted, OrderSort.TOTAL_ASC, 9) == []
    assert await order_facets.count(stocked.reads, wanted) == OrderFacets([], [])


async def test_few_orders_are_asked_for_by_their_ids(stocked: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = OrderFilter(text="stone", status=("PAID",))
    holding = len(stocked.passing(OrderFilter(text="stone")))
    monkeypatch.setattr(order_contents, "FEW", holding)
    narrowed = await order_summary.narrowed(stocked.reads, wanted)
    assert narrowed == OrderFilter(orders=narrowed.orders, status=("PAID",))
    assert len(narrowed.orders or ()) == holding
    monkeypatch.setattr(order_contents, "FEW", holding - 1)
    assert await order_summary.narrowed(stocked.reads, wanted) == wanted
    assert await order_summary.narrowed(stocked.reads, OrderFilter(city="London")) == OrderFilter(city="London")


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ({"text": "tea"}, "order_contents__1_words_idx"),
        ({"product_id": PRODUCTS[0]}, "order_contents__1_products_idx"),
        ({"country": "france"}, "order_summary__1_country_folded_country_status_idx"),
        ({"city": "london"}, "order_summary__1_city_folded_idx"),
    ],
)
async def test_an_index_answers(stocked: Desk, said: dict[str, Any], index: str) -> None:
    """That there is one that fits the question; which of two is better only a large table tells.

    Only bitmap scans and hash joins are left to the planner: on a small table, whether it walks the primary key
    instead depends on when its statistics were last taken.
    """
    where, parameters = order_summary.passing(stocked.reads, OrderFilter(**said))
    async with stocked.db.acquire() as connection, connection.transaction():
        for way in ("seqscan", "indexscan", "indexonlyscan", "nestloop", "mergejoin"):
            await connection.execute(f"set local enable_{way} = off")
        counted = f"explain select count(*) from {stocked.reads.table(order_summary.VIEW).table} {where}"
        plan = [row[0] for row in await connection.fetch(counted, *parameters)]
    assert any(f"Bitmap Index Scan on {index}" in line for line in plan), plan
