"""`orderHistory(id)`: who did what to an order, for operators, and for the customer whose it is."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.keyset import DEFAULT_PAGE, PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Behind
from app.kernel.messages import Principal
from app.plans import shown
from read_model.orders import order_history as view
from read_model.orders import time_travel
from read_model.orders.order_details import OrderDetails
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.orders.order_details import Order, customer_or_shop
from schema.reading import MinVersion, Token, WaitMs, decode_id, not_reached, selects
from schema.scalars import show_amount
from schema.values import Money


def _placed(entry: view.HistoryEntry, how: str) -> str:
    return f"{how}: {_pieces(entry)} for {_amount(entry)}"


def _shipped(entry: view.HistoryEntry) -> str:
    code = entry.facts.tracking_code
    return f"Shipped, tracking code {code}" if code else "Shipped"


def _cancelled(entry: view.HistoryEntry) -> str:
    return f"Cancelled, {_pieces(entry)} back in stock"


def _returned(entry: view.HistoryEntry) -> str:
    return f"{_pieces(entry)} returned, {_amount(entry)} refunded"


def _pieces(entry: view.HistoryEntry) -> str:
    pieces = entry.facts.pieces or 0
    return f"{pieces:,} piece{'' if pieces == 1 else 's'}"


def _amount(entry: view.HistoryEntry) -> str:
    return f"{show_amount(entry.facts.amount or Decimal(0))} {entry.currency}"


SUMMARIES: Final[Mapping[str, Callable[[view.HistoryEntry], str]]] = {
    "OrderPlaced": partial(_placed, how="Ordered"),
    "PastOrderRecorded": partial(_placed, how="Entered from older books"),
    "OrderPaid": lambda _: "Paid",
    "OrderShipped": _shipped,
    "OrderDelivered": lambda _: "Delivered",
    "OrderCancelled": _cancelled,
    "ItemsReturned": _returned,
}
"""By the name of what happened, how it is said in a few words."""


@strawberry.type(description="Something that happened to an order, and the command that made it happen.")
class OrderHistoryEntry:
    entry: strawberry.Private[view.HistoryEntry]
    then: strawberry.Private[Stored[OrderDetails] | None]
    version: int = shown("entry.order_version", description="The order's version after it.")

    event: str = shown("entry.event", description="The name of what happened, such as OrderPaid.")
    at: datetime = shown("entry.recorded_at", description="When the log recorded it: what `order(asOf)` goes by.")
    happened_at: datetime = shown(
        "entry.facts.happened_at", description="When it happened by the shop's books; long ago in older ones."
    )
    actor: str = strawberry.field(
        description="Who sent the command. A customer is shown their own id, and `shop` for anybody else."
    )
    command: str = shown("entry.command", description="The command's name, such as PayOrder.")
    command_id: UUID = shown("entry.command_id")
    correlation_id: UUID = shown("entry.correlation_id", description="Of the request that all this belongs to.")
    causation_id: UUID | None = shown(
        "entry.causation_id", description="Of what made the command; null where a client did."
    )
    pieces: int | None = shown("entry.facts.pieces", description="Ordered, put back into stock, or returned.")
    tracking_code: str | None = shown("entry.facts.tracking_code")
    reason: str | None = shown("entry.facts.reason")

    @strawberry.field(description="What was ordered comes to, or what is given back.")
    def amount(self) -> Money | None:
        amount = self.entry.facts.amount
        return Money(amount=amount, currency=self.entry.currency) if amount is not None else None

    @strawberry.field(description="What happened, in a few words.")
    def summary(self) -> str:
        return SUMMARIES[self.entry.event](self.entry)

    @strawberry.field(description="The order as it was then.")
    def order(self) -> Order:
        assert self.then is not None
        return Order.of(self.then)


@strawberry.type
class OrderHistoryEdge:
    cursor: str
    node: OrderHistoryEntry


@strawberry.type(description="A page of an order's history, the oldest first.")
class OrderHistoryConnection(ListPage):
    edges: list[OrderHistoryEdge]


@strawberry.type
class OrderHistoryQuery:
    @strawberry.field(
        description="Who did what to an order, when, and with which command, and the order as it was then; null if "
        "there is no such order, or it is not yours to see."
    )
    async def order_history(
        self,
        info: Info,
        id: strawberry.ID,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        min_version: MinVersion = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> OrderHistoryConnection | None:
        asker, reads = info.context.asker(), info.context.reads
        wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
        order_id, arguments = decode_id("order", id, "id"), PageArguments(first, after)
        whole = selects(info, "edges", "node", "order")
        history = await time_travel.read(reads, order_id, arguments, wanted, whole=whole)
        if isinstance(history, Behind):
            raise not_reached(history)
        if history is None or not asker.owns(history.customer_id):
            return None
        seen = await reads.freshness(view.VIEW, wanted) if selects(info, "freshness") else None
        return _connection(asker, history, seen)


def _connection(asker: Principal, history: time_travel.History, seen: Freshness | None) -> OrderHistoryConnection:
    page = history.page
    cursors = [time_travel.cursor(each.entry) for each in page.nodes]
    return OrderHistoryConnection(
        edges=[
            OrderHistoryEdge(cursor=cursor, node=_entry(asker, each))
            for cursor, each in zip(cursors, page.nodes, strict=True)
        ],
        page_info=PageInfo.of(page, cursors),
        seen=seen.as_of(history.checkpoint) if seen else None,
    )


def _entry(asker: Principal, version: time_travel.Version) -> OrderHistoryEntry:
    actor = version.entry.actor
    return OrderHistoryEntry(
        entry=version.entry, then=version.order, actor=actor if asker.is_operator else customer_or_shop(actor)
    )
