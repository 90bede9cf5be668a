"""`customerOrders`: a customer's own, or, for operators, anyone's."""

from dataclasses import dataclass
from uuid import UUID

import strawberry

from app.infra.keyset import DEFAULT_PAGE, Page, PageArguments
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel.errors import InvalidValue
from app.kernel.messages import Principal
from read_model.orders import customer_orders as view
from read_model.orders.order_summary import OrderSummary
from schema.context import Info
from schema.lists import ListFreshness, PageInfo
from schema.orders.order_summary import OrderEdge
from schema.reading import Token, WaitMs, decode_optional_id, not_reached, selects


@strawberry.type(description="A page of a customer's orders, the newest first.")
class CustomerOrderConnection:
    edges: list[OrderEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="How many orders there are on all pages together.")
    history: strawberry.Private[view.History]
    wanted: strawberry.Private[Wanted]

    @strawberry.field
    async def freshness(self, info: Info) -> ListFreshness:
        return ListFreshness.of(await view.freshness(info.context.reads, self.history, self.wanted))


@strawberry.type
class CustomerOrdersQuery:
    @strawberry.field(
        description="The orders of a customer, ready-made: one's own, or for operators, who must say whose, anyone's. "
        "`orders` filters and sorts them."
    )
    async def customer_orders(
        self,
        info: Info,
        customer_id: strawberry.ID | None = None,
        first: int | None = DEFAULT_PAGE,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> CustomerOrderConnection | None:
        customer = _whose(info.context.asker(), decode_optional_id("customer", customer_id, "customerId"))
        arguments, wanted = PageArguments(first, after), info.context.wanted(token=token, wait_ms=wait_ms)
        if customer is None:
            return _connection(view.History(), wanted, 0)
        reads, telling = info.context.reads, selects(info, "freshness")
        life: object = reads.life
        history = await view.read(reads, customer, arguments, wanted, telling=telling)
        if isinstance(history, Behind):
            raise not_reached(history)
        return _connection(history, wanted, life if life == reads.life else object())


def _whose(asker: Principal, given: UUID | None) -> UUID | None:
    """Whose orders are shown; None where nobody's are the asker's to see. Raises InvalidValue."""
    if given is not None:
        return given if asker.owns(given) else None
    if asker.is_operator:
        raise InvalidValue("Say whose orders; an operator has none.", field="customerId")
    return asker.customer_id


def _connection(history: view.History, wanted: Wanted, life: object) -> CustomerOrderConnection:
    shown = history.page
    page = Page([_Ready.of(stored, life) for stored in shown.nodes], shown.has_next, shown.has_previous)
    return CustomerOrderConnection(
        edges=[OrderEdge(told=each.told, entry=each) for each in page.nodes],
        page_info=PageInfo.around(page),
        total_count=history.total,
        history=history,
        wanted=wanted,
    )


@dataclass(frozen=True, slots=True)
class _Ready:
    stored: Stored[OrderSummary]
    told: tuple[object, ...]

    @classmethod
    def of(cls, stored: Stored[OrderSummary], life: object) -> "_Ready":
        return cls(stored, (view.VIEW.name, stored.row.order_id, stored.position, life))

    @property
    def cursor(self) -> str:
        return view.NEWEST_FIRST.cursor(*view.place(self.stored))
