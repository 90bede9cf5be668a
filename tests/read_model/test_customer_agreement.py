"""What the views tell of customers' orders is what plain SQL says of the write model, after some busy days."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from uuid import UUID

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from app.infra.keyset import PageArguments
from app.infra.wanted import Wanted
from app.kernel.clock import new_id, now
from read_model.orders.customer_orders import NEWEST_FIRST, READY_MADE, VIEW, History, freshness, place, read
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.floor import LYON, Floor, order_of
from write_model.catalog.commands import ReviseProduct
from write_model.orders.commands import (
    CancelOrder,
    CreditLine,
    DeliverOrder,
    PastCharge,
    PastItem,
    PayOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
)

NEW_YEARS_EVE = datetime(2010, 12, 31, 23, 30, tzinfo=UTC)

ANALYTICS = (
    """
    with orders as (
        select order_id, customer_id, currency, (placed_at at time zone 'Europe/London')::date as day, country
        from write.orders join write.order_addresses using (order_id)
        where kind = 'SHIPPING' and status <> 'CANCELLED' and customer_id is not null
    ), lines as (
        select order_id, (item ->> 'line')::int as line, item ->> 'category' as category
        from (select (data ->> 'order_id')::uuid as order_id, jsonb_array_elements(data -> 'items') as item
              from write.events where type in ('OrderPlaced', 'PastOrderRecorded')) as placed
    ), amounts as (
        select customer_id, currency, category, quantity * unit_price as amount, returned * unit_price as back
        from orders join write.order_items using (order_id) join lines using (order_id, line)
        union all
        select customer_id, currency, null, amount, 0 from orders join write.order_charges using (order_id)
        union all
        select customer_id, currency, item ->> 'category', 0,
               (item ->> 'quantity')::bigint * (item ->> 'unit_price')::numeric
        from write.credit_notes join (select (data ->> 'credit_note_id')::uuid as credit_note_id,
                                             jsonb_array_elements(data -> 'items') as item
                                      from write.events where type = 'CreditNoteRecorded') as noted
             using (credit_note_id)
        where customer_id is not null
    ), counts as (
        select customer_id, currency, count(*) as orders, min(day), max(day), mode() within group (order by country)
        from orders group by 1, 2
    ), favourites as (
        select distinct on (customer_id, currency) customer_id, currency, category
        from amounts where category is not null group by 1, 2, 3 having sum(amount - back) > 0
        order by 1, 2, sum(amount - back) desc, category
    )
    select customer_id, currency, coalesce(orders, 0), sum(amount), sum(back), sum(amount - back), min, max, mode,
           favourites.category,
           case when orders >= 5 and sum(amount - back) >= 2000 then 'VIP' when orders >= 5 then 'LOYAL'
                when orders >= 2 then 'REGULAR' when orders = 1 then 'NEW' else 'NONE' end
    from amounts left join counts using (customer_id, currency) left join favourites using (customer_id, currency)
    group by 1, 2, 3, 7, 8, 9, 10, orders order by 1, 2
    """,
    """
    select customer_id, currency, orders, gross, returned, spent, first_order_on, last_order_on, country,
           favourite_category, segment
    from read.customer_analytics__1 where (orders, gross, returned) <> (0, 0, 0) order by 1, 2
    """,
)

_HISTORY = """
select o.customer_id, count(*) over (partition by o.customer_id) as total,
       row_number() over (partition by o.customer_id order by placed_at desc, order_id desc) as place,
       order_id, o.status, o.version, placed_at, o.currency,
       (select sum(quantity * unit_price) from write.order_items i where i.order_id = o.order_id)
           + coalesce((select sum(amount) from write.order_charges c where c.order_id = o.order_id), 0) as total_amount,
       (select sum(returned * unit_price) from write.order_items i where i.order_id = o.order_id) as refunded
from write.orders o where o.customer_id is not null
"""
HISTORIES = (
    f"select * from ({_HISTORY}) as orders where place <= 20 order by customer_id, place",
    """
    select customer_id, total, place, (node -> 'row' ->> 'order_id')::uuid, node -> 'row' ->> 'status',
           (node ->> 'version')::bigint, (node -> 'row' ->> 'placed_at')::timestamptz, node -> 'row' ->> 'currency',
           (node -> 'row' ->> 'total')::numeric, (node -> 'row' ->> 'refunded')::numeric
    from read.customer_orders__1, jsonb_array_elements(newest) with ordinality as newest (node, place)
    order by customer_id, place
    """,
)


@pytest.fixture(scope="module")
async def busy(servers: Servers) -> AsyncIterator[Floor]:
    """The seeded shop after some more days, projected on the way and at their end."""
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db:
        await made.seed()
        async with bootstrap.commands(made.settings) as side:
            floor = Floor(made, side, db)
            customer, product = await floor.customer(), await floor.product(2_000, "30.00")
            placed = await _some_days(floor, customer, product)
            await project(made)
            await _days_after(floor, customer, product, placed)
        await project(made)
        yield floor


async def _some_days(floor: Floor, customer: UUID, product: UUID) -> list[UUID]:
    """Thirty past orders, three to an hour of New Year's Eve and on, the last ones first; and four of today."""
    for number in reversed(range(30)):
        await floor.send(past(customer, product, NEW_YEARS_EVE + timedelta(hours=number // 3), pieces=number + 1))
    await floor.send(past(None, product, NEW_YEARS_EVE))
    return [(await floor.send(order_of(customer, [(product, 2)]))).aggregate_id for _ in range(4)]


async def _days_after(floor: Floor, customer: UUID, product: UUID, placed: list[UUID]) -> None:
    """Cancelled, returned, credited, late and foreign ones; and a category that is another one since."""
    await floor.send(CancelOrder(at=now(), order_id=placed[0]))
    for step in (PayOrder, ShipOrder, DeliverOrder):
        await floor.send(step(at=now(), order_id=placed[1]))
    await floor.send(ReturnItems(at=now(), order_id=placed[1], items=(ReturnedPieces(line=1, quantity=1),)))
    await floor.send(
        ReviseProduct(at=now(), product_id=product, name="Tea", description="", categories=("B",), vendor=None)
    )
    late = await floor.send(past(customer, product, NEW_YEARS_EVE - timedelta(days=400), pieces=40))
    back = (ReturnedPieces(line=1, quantity=40),)
    await floor.send(RecordPastReturn(at=NEW_YEARS_EVE, order_id=late.aggregate_id, items=back))
    await floor.send(past(customer, product, NEW_YEARS_EVE, currency="EUR"))
    for owner, currency in ((customer, "GBP"), (None, "GBP"), (await floor.customer(), "USD")):
        await floor.send(credit(owner, product, currency))


def past(
    customer: UUID | None, product: UUID, at: datetime, *, pieces: int = 1, currency: str = "GBP"
) -> RecordPastOrder:
    return RecordPastOrder(
        at=at,
        order_id=new_id(),
        reference="1",
        customer_id=customer,
        items=(PastItem(product_id=product, quantity=pieces, unit_price=Decimal("12.75")),),
        charges=(PastCharge(code="POST", description="Postage", amount=Decimal("3.20")),),
        currency=currency,
        address=LYON,
    )


def credit(customer: UUID | None, product: UUID, currency: str) -> RecordCreditNote:
    goods = CreditLine(product_id=product, description="Tea", quantity=2, unit_price=Decimal("1.25"))
    money = CreditLine(product_id=None, description="Discount", quantity=1, unit_price=Decimal(7))
    return RecordCreditNote(
        at=NEW_YEARS_EVE,
        credit_note_id=new_id(),
        reference="C1",
        customer_id=customer,
        country="France",
        currency=currency,
        items=(goods, money),
    )


@pytest.mark.parametrize(("written", "shown"), [ANALYTICS, HISTORIES], ids=["analytics", "histories"])
async def test_a_view_shows_what_is_written(busy: Floor, written: str, shown: str) -> None:
    expected = [tuple(row) for row in await busy.db.fetch(written)]
    assert len(expected) >= 7
    assert [tuple(row) for row in await busy.db.fetch(shown)] == expected


@pytest.mark.parametrize("size", [1, 3, 7, 19, 20, 21, 34, 100])
async def test_pages_join_where_the_ready_made_one_ends(busy: Floor, size: int) -> None:
    """Of three orders placed at one moment, some stand on the ready-made page and some in the table."""
    async with bootstrap.read_models(busy.made.settings) as (reads, _):
        for customer, expected in (await everyones(busy)).items():
            found: list[UUID] = []
            after: str | None = None
            more = True
            while more:
                history = await read(reads, customer, PageArguments(first=size, after=after), Wanted())
                assert isinstance(history, History)
                assert history.total == len(expected)
                assert len(history.page.nodes) == min(size, len(expected) - len(found))
                assert history.page.has_previous == (after is not None)
                found += [stored.row.order_id for stored in history.page.nodes]
                after, more = NEWEST_FIRST.cursor(*place(history.page.nodes[-1])), history.page.has_next
            assert found == expected


async def everyones(busy: Floor) -> dict[UUID, list[UUID]]:
    """The orders of every customer, the newest first, from the write model."""
    orders = await busy.db.fetch(f"select customer_id, order_id from ({_HISTORY}) as o order by customer_id, place")
    found = {customer: [row[1] for row in rows] for customer, rows in groupby(orders, key=itemgetter(0))}
    assert max(map(len, found.values())) == 36 > READY_MADE
    return found


async def test_the_table_holds_what_the_page_shows(busy: Floor) -> None:
    async with bootstrap.read_models(busy.made.settings) as (reads, stores):
        table = reads.table(VIEW).entities
        assert table is not None
        for customer in await everyones(busy):
            _, document, _ = await stores.documents[VIEW.name].read(customer)
            assert document is not None
            newest = {stored.row.order_id: stored for stored in document.row.newest}
            assert await table.load(reads.pool, newest.keys()) == newest


async def test_an_older_page_says_so(busy: Floor) -> None:
    """Redis may be behind the table; it is the page's own age that counts."""
    async with bootstrap.read_models(busy.made.settings) as (reads, _):
        whole = await reads.freshness(VIEW)
        assert await freshness(reads, History(checkpoint=whole.position), Wanted()) == whole
        older = await freshness(reads, History(checkpoint=whole.position - 1), Wanted())
        assert older.position == whole.position - 1
        assert older.state != "FRESH"
