"""A customer's orders, the newest first: the first page ready-made, the rest in a flat table beneath.

The date that counts is the moment at which an order was placed, so an order that is entered late goes to its place.
Cancelled orders stay in the list. Guests' orders are nobody's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.infra.checkpoints import Freshness
from app.infra.freshness import ReadModels
from app.infra.keyset import DEFAULT_PAGE, KeysetQuery, Page, PageArguments
from app.infra.tables import Stored, Table
from app.infra.wanted import Behind, Wanted
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import Change, Entity, View
from read_model.orders import order_summary
from read_model.orders.order_summary import OrderSort, OrderSummary

NEWEST_FIRST: Final = OrderSort.PLACED_AT_DESC.value
READY_MADE: Final = DEFAULT_PAGE


class CustomerOrders(Struct, frozen=True, kw_only=True):
    """One customer's orders: how many there are, and the newest of them as lists show them."""

    customer_id: UUID
    total: int
    newest: tuple[Stored[OrderSummary], ...]


def _order(order: OrderSummary | None, recorded: Recorded[Any]) -> OrderSummary | None:
    return order_summary.evolve(order, recorded, recorded.aggregate_id)


def keys(change: Change[OrderSummary]) -> Iterable[UUID]:
    """The customer whose order it is."""
    return (change.after.customer_id,) if change.after and change.after.customer_id else ()


def evolve(orders: CustomerOrders | None, change: Change[OrderSummary], customer_id: UUID) -> CustomerOrders:
    """The customer's orders after the change of one of them, which an older one does not bring onto the page."""
    assert change.after is not None
    total, page = (orders.total, orders.newest) if orders else (0, ())
    others = [each for each in page if each.row.order_id != change.after.order_id]
    changed = Stored(change.after, change.recorded.version, change.recorded.position)
    newest = sorted([*others, changed], key=place, reverse=True)[:READY_MADE]
    return CustomerOrders(customer_id=customer_id, total=total + (change.before is None), newest=tuple(newest))


def place(order: Stored[OrderSummary]) -> tuple[datetime, UUID]:
    """Where an order stands in the list; the greatest comes first."""
    return order.row.placed_at, order.row.order_id


ORDERS: Final = Entity(
    name="orders",
    row=OrderSummary,
    handles=order_summary.VIEW.handles,
    evolve=_order,
    indexes=("customer_id, placed_at, order_id",),
)

VIEW: Final = View(
    name="customer_orders",
    row=CustomerOrders,
    handles=ORDERS.handles,
    keys=keys,
    evolve=evolve,
    entity=ORDERS,
    documents=True,
)


@dataclass(frozen=True, slots=True)
class History:
    """A page of somebody's orders, and how many there are on all pages; `checkpoint` is how far the view was at least.

    Without a checkpoint nothing was read, or nobody wants to know.
    """

    page: Page[Stored[OrderSummary]] = Page((), has_next=False, has_previous=False)
    total: int = 0
    checkpoint: int | None = None


async def read(
    reads: ReadModels, customer_id: UUID, arguments: PageArguments, wanted: Wanted, *, telling: bool = True
) -> History | Behind:
    """A page, forwards. The first one, if it is of `READY_MADE` orders at most, is a single read of Redis.

    Only with `telling` is a checkpoint looked up for the others, which `freshness` needs.
    """
    if arguments.after is None and arguments.size <= READY_MADE:
        return await _ready_made(reads, customer_id, arguments, wanted)
    found = await reads.listed((VIEW,), wanted, partial(_from_table, reads, customer_id, arguments), telling=telling)
    if isinstance(found, Behind):
        return found
    return replace(found.found, checkpoint=found.freshness.position) if found.freshness else found.found


async def _ready_made(
    reads: ReadModels, customer_id: UUID, arguments: PageArguments, wanted: Wanted
) -> History | Behind:
    found = await reads.get(VIEW, customer_id, wanted)
    if isinstance(found, Behind):
        return found
    if found.stored is None:
        return History(checkpoint=found.checkpoint)
    orders = found.stored.row
    nodes = orders.newest[: arguments.size]
    return History(Page(nodes, orders.total > len(nodes), has_previous=False), orders.total, found.checkpoint)


async def _from_table(reads: ReadModels, customer_id: UUID, arguments: PageArguments) -> History:
    table, query = _entities(reads), KeysetQuery(NEWEST_FIRST, arguments)
    parameters: list[Any] = [customer_id]
    tail = query.tail(["customer_id = $1"], parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    total = await reads.fetchval(f"select total from {reads.table(VIEW).table} where customer_id = $1", customer_id)
    return History(query.page(rows, table.stored), total or 0)


def _entities(reads: ReadModels) -> Table[OrderSummary]:
    table = reads.table(VIEW).entities
    assert table is not None
    return table


async def freshness(reads: ReadModels, history: History, wanted: Wanted) -> Freshness:
    """How far the view has come. Where Redis gave an older page than the table holds now, the page counts."""
    whole = await reads.freshness(VIEW, wanted)
    if history.checkpoint is None or history.checkpoint >= whole.position:
        return whole
    state = "LAGGING" if whole.state == "FRESH" else whole.state
    return replace(whole, state=state, position=history.checkpoint)
