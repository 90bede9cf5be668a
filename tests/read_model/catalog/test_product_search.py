"""What events make of a listed product."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.infra.folding import fold
from app.infra.table_views import Progress
from app.infra.tables import Stored
from app.kernel.clock import new_id
from app.kernel.messages import Event
from app.kernel.structs import names, replace
from read_model.catalog.product_search import VIEW, ListedProduct
from tests.read_model.catalog.shelf import AT, Shelf, added, ordered, recorded
from write_model.catalog.events import (
    PriceChanged,
    ProductDiscontinued,
    ProductRevised,
    StockCorrected,
    StockReceived,
)
from write_model.orders.events import (
    CreditedItem,
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    Pieces,
    ReturnedItem,
)

TEAPOT, CUP = new_id(), new_id()
ADDED = added(
    "Stoneware Tea-Pot", product_id=TEAPOT, sku="TEA-001", categories=("Kitchen", "Tea"), vendor="Potters & Co"
)
LISTED = ListedProduct(
    product_id=TEAPOT,
    sku="TEA-001",
    code="tea001",
    name="Stoneware Tea-Pot",
    words=" stoneware tea pot",
    details="kitchen tea potters co",
    categories=("Kitchen", "Tea"),
    vendor="Potters & Co",
    price=Decimal("2.50"),
    currency="GBP",
    on_hand=0,
    popularity=0,
    magnitude=0,
    discontinued=False,
    added_at=AT,
)


def listed(*events: Event) -> ListedProduct:
    """The teapot after the events; another product is moved as well."""
    cup = added("Cup", product_id=CUP)
    return fold(VIEW, 0, recorded([ADDED, cup, *events]), {})[TEAPOT].row


def changed(**fields: Any) -> ListedProduct:
    """The teapot as it was added, but for these fields."""
    return ListedProduct(**({name: getattr(LISTED, name) for name in names(ListedProduct)} | fields))


REVISED = ProductRevised(
    product_id=TEAPOT, name="Pot", description="Of clay, Café", categories=(), vendor=None, revised_at=AT
)
CANCELLED = OrderCancelled(
    order_id=new_id(),
    reason="",
    released=(Pieces(product_id=TEAPOT, quantity=2), Pieces(product_id=CUP, quantity=9)),
    cancelled_at=AT,
)
RETURNED = ItemsReturned(
    order_id=new_id(),
    items=(
        ReturnedItem(line=1, product_id=TEAPOT, quantity=1, unit_price=Decimal(1)),
        ReturnedItem(line=2, product_id=CUP, quantity=4, unit_price=Decimal(1)),
        ReturnedItem(line=3, product_id=TEAPOT, quantity=2, unit_price=Decimal(1)),
    ),
    complete=False,
    returned_at=AT,
    returned_on=date(2026, 1, 1),
)
CREDITED = CreditNoteRecorded(
    credit_note_id=new_id(),
    reference="C1",
    customer_id=None,
    country="France",
    currency="GBP",
    items=(
        CreditedItem(product_id=None, description="Postage", quantity=1, unit_price=Decimal(5)),
        CreditedItem(product_id=TEAPOT, description="Pot", quantity=3, unit_price=Decimal(1)),
    ),
    credited_at=datetime(2026, 1, 1, tzinfo=UTC),
    credited_on=date(2026, 1, 1),
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), {}),
        ((REVISED,), {"name": "Pot", "words": " pot", "details": "of clay cafe", "categories": (), "vendor": None}),
        ((PriceChanged(product_id=TEAPOT, price=Decimal(3), changed_at=AT),), {"price": Decimal(3)}),
        ((ProductDiscontinued(product_id=TEAPOT, discontinued_at=AT),), {"discontinued": True}),
        ((StockReceived(product_id=TEAPOT, pieces=30, received_at=AT),), {"on_hand": 30}),
        ((StockCorrected(product_id=TEAPOT, change=-4, reason="", corrected_at=AT),), {"on_hand": -4}),
        ((ordered([(TEAPOT, 4), (CUP, 7), (TEAPOT, 5)]),), {"on_hand": -9, "popularity": 9, "magnitude": 4}),
        ((ordered([(CUP, 7)]),), {}),
        ((ordered([(TEAPOT, 9)]), CANCELLED), {"on_hand": -7, "popularity": 7, "magnitude": 3}),
        ((ordered([(TEAPOT, 9)]), RETURNED), {"on_hand": -6, "popularity": 6, "magnitude": 3}),
        ((CREDITED,), {"on_hand": 3, "popularity": -3, "magnitude": 0}),
    ],
)
def test_the_product_after(events: tuple[Event, ...], expected: dict[str, Any]) -> None:
    assert listed(*events) == changed(**expected)


def test_long_texts_are_cut_to_what_an_index_can_hold() -> None:
    long = added("x " * 100, product_id=TEAPOT, sku="\ufdfa" * 64, description="\ufdfa" * 10_000)
    product = fold(VIEW, 0, recorded([long]), {})[TEAPOT].row
    assert (len(product.code), len(product.details)) == (100, 2_000)


def test_two_orders_that_are_seen_in_turn_are_told_apart() -> None:
    """What an event moves is remembered for as long as nobody asks about another one."""
    one, other = ordered([(TEAPOT, 1)]), ordered([(TEAPOT, 20)])
    assert listed(one, other, one, other).popularity == 42


async def test_a_sale_leaves_the_indexes_alone(shelf: Shelf) -> None:
    """As long as it does not double what was sold: the row is written in its place, which PostgreSQL counts as hot."""
    await shelf.lay_out(added("Teapot", product_id=TEAPOT), ordered([(TEAPOT, 20)]))
    assert await hot_updates(shelf, 40) == (0, 1)
    assert await hot_updates(shelf, 41) == (1, 1)


async def hot_updates(shelf: Shelf, popularity: int) -> tuple[int, int]:
    """How many rows are written in their place, and how many at all, when so many pieces are sold by now."""
    table, product = shelf.reads.table(VIEW), shelf.products[TEAPOT]
    sold = replace(product, popularity=popularity, magnitude=popularity.bit_length(), on_hand=-popularity)
    statistics = f"select n_tup_hot_upd, n_tup_upd from pg_stat_user_tables where relid = '{table.table}'::regclass"
    await shelf.db.execute("select pg_stat_force_next_flush()")
    [before] = await shelf.db.fetch(statistics)
    at: int = await shelf.db.fetchval("select position from read.checkpoints where view = $1", VIEW.name)
    moving = Progress(shard=0, epoch=0, start=at, upto=at + 1, head=at + 1, event_at=None)
    await table.apply(shelf.db, moving, {TEAPOT: Stored(sold, 1, at + 1)})
    await shelf.db.execute("select pg_stat_force_next_flush()")
    [after] = await shelf.db.fetch(statistics)
    return after[0] - before[0], after[1] - before[1]
