"""Keyset pages: forwards and backwards they are the whole list, ties and all; foreign cursors are refused."""

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.keyset import DEFAULT_PAGE, MalformedCursor, Page, PageArguments
from app.infra.table_views import Progress
from app.infra.tables import Stored
from app.kernel.clock import id_at, new_id
from app.kernel.errors import InvalidValue, Refusal
from read_model.orders.order_summary import VIEW, OrderFilter, OrderSort, OrderSummary, find
from tests.support.installation import installation

START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["PENDING", "PAID"]), st.integers(0, 2**74 - 1)),
    max_size=25,
    unique_by=lambda each: each[3],
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Desk:
    """Lists of orders over a table that tests fill as they like."""

    db: asyncpg.Pool
    reads: ReadModels

    async def lay_out(self, orders: list[tuple[int, int, str, int]]) -> list[OrderSummary]:
        table = self.reads.table(VIEW)
        rows = [summary(*order) for order in orders]
        stored = [Stored(row, 1, number) for number, row in enumerate(rows, 1)]
        await self.db.execute(f"truncate {table.table}")
        await self.db.execute("update read.checkpoints set position = 0")
        progress = Progress(shard=0, epoch=0, start=0, upto=1, head=1, event_at=None)
        await table.apply(self.db, progress, {each.row.order_id: each for each in stored})
        return rows

    async def page(self, sort: OrderSort, wanted: OrderFilter, **arguments: Any) -> Page[Stored[OrderSummary]]:
        return await find(self.reads, wanted, sort, PageArguments(**arguments))


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with (
        installation(servers) as made,
        asyncpg.create_pool(made.database_url, min_size=1, max_size=1) as db,
        bootstrap.read_models(made.settings) as (reads, _),
    ):
        yield Desk(db, reads)


def summary(day: int, pounds: int, status: str, entropy: int) -> OrderSummary:
    return OrderSummary(
        order_id=id_at(0, entropy),
        reference=None,
        customer_id=None,
        customer_name="Ada",
        status=status,
        currency="GBP",
        total=Decimal(pounds) / 4,
        refunded=Decimal(0),
        item_count=1,
        city=None,
        country="UK",
        placed_at=START + timedelta(microseconds=day),
        city_folded=None,
        country_folded="uk",
    )


def sorted_by(sort: OrderSort, rows: list[OrderSummary]) -> list[OrderSummary]:
    def place(row: OrderSummary) -> tuple[Any, ...]:
        return getattr(row, sort.value.column), row.order_id

    return sorted(rows, key=place, reverse=sort.value.descending)


def cursor(sort: OrderSort, row: OrderSummary) -> str:
    return sort.value.cursor(getattr(row, sort.value.column), row.order_id)


async def walk(
    turn: Callable[[str | None], Any], more: Callable[[Page[Any]], bool], next_from: Callable[[Page[Any]], str]
) -> list[Page[Stored[OrderSummary]]]:
    pages, place = [], None
    while True:
        page = await turn(place)
        pages.append(page)
        assert len(pages) < 40, "a page leads back to itself"
        if not more(page):
            return pages
        place = next_from(page)


@QUICK
@given(orders=ORDERS, sort=st.sampled_from(OrderSort), size=st.integers(1, 6), narrowed=st.booleans())
async def test_pages_forwards_and_backwards_are_the_whole_list(
    desk: Desk, orders: list[tuple[int, int, str, int]], sort: OrderSort, size: int, narrowed: bool
) -> None:
    rows = await desk.lay_out(orders)
    wanted = OrderFilter(status=("PAID",), max_total=Decimal("0.5")) if narrowed else OrderFilter()
    kept = [row for row in rows if not narrowed or (row.status == "PAID" and row.total <= Decimal("0.5"))]
    whole = sorted_by(sort, kept)
    forwards = await walk(
        lambda place: desk.page(sort, wanted, first=size, after=place),
        lambda page: page.has_next,
        lambda page: cursor(sort, page.nodes[-1].row),
    )
    backwards = await walk(
        lambda place: desk.page(sort, wanted, last=size, before=place),
        lambda page: page.has_previous,
        lambda page: cursor(sort, page.nodes[0].row),
    )
    assert [node.row for page in forwards for node in page.nodes] == whole
    assert [node.row for page in reversed(backwards) for node in page.nodes] == whole
    for pages in (forwards, backwards):
        assert all(len(page.nodes) == size for page in pages[:-1])
        assert len(pages) == max(1, -(-len(whole) // size))


async def test_the_page_stays_put_while_rows_come_before_it(desk: Desk) -> None:
    rows = await desk.lay_out([(day, 0, "PAID", day) for day in range(6)])
    sort = OrderSort.PLACED_AT_DESC
    first = await desk.page(sort, OrderFilter(), first=2)
    await desk.lay_out([(day, 0, "PAID", day) for day in range(9)])
    second = await desk.page(sort, OrderFilter(), first=2, after=cursor(sort, first.nodes[-1].row))
    assert [node.row for node in second.nodes] == [rows[3], rows[2]]


async def test_an_empty_page_tells_whether_there_is_anything(desk: Desk) -> None:
    await desk.lay_out([(0, 0, "PAID", 1)])
    assert await desk.page(OrderSort.TOTAL_ASC, OrderFilter(), first=0) == Page([], True, False)
    assert await desk.page(OrderSort.TOTAL_ASC, OrderFilter(), last=0) == Page([], False, True)
    await desk.lay_out([])
    assert await desk.page(OrderSort.TOTAL_ASC, OrderFilter()) == Page([], False, False)


class TestCursors:
    AT, KEY = datetime(2026, 1, 1, 12, tzinfo=UTC), new_id()

    @given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.uuids())  # noqa: DTZ001
    def test_a_moment_survives(self, at: datetime, key: Any) -> None:
        ordering = OrderSort.PLACED_AT_DESC.value
        assert ordering.parse(ordering.cursor(at, key), "after") == (at, key)

    @given(st.decimals("-1e9", "1e12", places=4), st.uuids())
    def test_an_amount_survives(self, amount: Decimal, key: Any) -> None:
        ordering = OrderSort.TOTAL_ASC.value
        assert ordering.parse(ordering.cursor(amount, key), "after") == (amount, key)

    @pytest.mark.parametrize("made_by", OrderSort)
    @pytest.mark.parametrize("read_by", OrderSort)
    def test_a_cursor_of_another_sort_is_refused(self, made_by: OrderSort, read_by: OrderSort) -> None:
        value = self.AT if made_by.value.kind is datetime else Decimal(1)
        made = made_by.value.cursor(value, self.KEY)
        if made_by is read_by:
            assert read_by.value.parse(made, "after") == (value, self.KEY)
        else:
            with pytest.raises(MalformedCursor) as refused:
                read_by.value.parse(made, "after")
            assert refused.value.field == "after"

    @pytest.mark.parametrize("sort", OrderSort)
    @pytest.mark.parametrize(
        "value",
        [
            "NaN",
            "Infinity",
            "1e999999",
            "1" * 200,
            "2026-01-01T00:00:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "",
            "null",
            "'; --",
            "x" * 10_000,
        ],
    )
    async def test_a_forged_cursor_is_refused_or_harmless(self, desk: Desk, sort: OrderSort, value: str) -> None:
        forged = base64.urlsafe_b64encode(f'["{sort.value.name}","{value}","{self.KEY}"]'.encode()).decode()
        with pytest.raises(MalformedCursor):
            await desk.page(sort, OrderFilter(), first=1, after=forged)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode())))
    @example(text="\ud800")
    @example(text=base64.b64encode(b'["total+","\xff","x"]').decode())
    async def test_no_text_makes_it_fail_otherwise(self, desk: Desk, text: str) -> None:
        for sort in OrderSort:
            with pytest.raises(MalformedCursor):
                await desk.page(sort, OrderFilter(), last=1, before=text)


class TestArguments:
    @pytest.mark.parametrize(
        "given",
        [
            {"first": -1},
            {"first": 101},
            {"last": 101},
            {"last": -1},
            {"first": 1, "last": 1},
            {"before": "x"},
            {"first": 1, "before": "x"},
            {"last": 1, "after": "x"},
        ],
    )
    def test_a_page_has_one_direction_and_a_bounded_size(self, given: dict[str, Any]) -> None:
        with pytest.raises(InvalidValue) as refused:
            PageArguments(**given)
        assert isinstance(refused.value, Refusal)

    def test_without_a_size_there_is_a_usual_one(self) -> None:
        assert (PageArguments().size, PageArguments(first=0).size, PageArguments(last=7).size) == (DEFAULT_PAGE, 0, 7)
