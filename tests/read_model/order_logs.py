"""Logs of orders as the rules of the shop allow them: paid, shipped, cancelled, returned and credited in any order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.kernel.messages import Event, Recorded
from app.kernel.values import Address
from write_model.orders.events import (
    Charge,
    CreditedItem,
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderedItem,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PastOrderRecorded,
    ReturnedItem,
)

FIRST = datetime(2024, 2, 27, 12, tzinfo=UTC)
CUSTOMERS = (None, UUID(int=1), UUID(int=2))
PRODUCT = UUID(int=3)

PRICES = st.sampled_from([Decimal("0.00"), Decimal("2.50"), Decimal("99.99"), Decimal("600.00")])
CATEGORIES = st.sampled_from(["Garden", "Tea", "Light", None])
LINES = st.lists(st.tuples(PRICES, st.integers(1, 4), CATEGORIES), min_size=1, max_size=3)
RETURNS = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), max_size=2)
FATES = st.sampled_from(["placed", "paid", "cancelled", "paid and cancelled", "shipped", "delivered", "past"])


@dataclass(frozen=True)
class Paper:
    """An order or a credit note, with all that happens to it."""

    id: UUID
    events: Sequence[Event]


@st.composite
def orders(draw: Any, number: int, days: int, customers: Sequence[UUID | None]) -> Paper:
    """An order of one of these, placed within so many days."""
    order_id, at = UUID(int=10_000 + number), FIRST + timedelta(days=draw(st.integers(0, days)))
    fate, lines = draw(FATES), draw(LINES)
    made = PastOrderRecorded if fate == "past" else OrderPlaced
    country = draw(st.sampled_from(["France", "Germany"]))
    placed = made(
        order_id=order_id,
        customer_id=draw(st.sampled_from(customers)),
        customer_name="Ada",
        customer_email=None,
        items=tuple(
            OrderedItem(
                line=line, product_id=PRODUCT, sku="T", name="Tea", quantity=pieces, unit_price=price, category=category
            )
            for line, (price, pieces, category) in enumerate(lines, 1)
        ),
        charges=(Charge(code="POST", description="Postage", amount=Decimal("3.10")),) if draw(st.booleans()) else (),
        currency=draw(st.sampled_from(["GBP", "EUR"])),
        shipping_address=Address(street=None, city=None, postal_code=None, country=country),
        billing_address=Address(street=None, city=None, postal_code=None, country=country),
        payment_method="CARD",
        placed_at=at,
        placed_on=at.date(),
    )
    returns = draw(RETURNS) if fate in ("delivered", "past") else []
    return Paper(order_id, [placed, *_steps(placed, fate), *_returns(placed, returns)])


def _steps(placed: OrderPlaced, fate: str) -> Iterator[Event]:
    order_id, at = placed.order_id, placed.placed_at
    if fate in ("paid", "paid and cancelled", "shipped", "delivered"):
        yield OrderPaid(order_id=order_id, paid_at=at)
    if fate in ("shipped", "delivered"):
        yield OrderShipped(order_id=order_id, tracking_code=None, shipped_at=at)
    if fate == "delivered":
        yield OrderDelivered(order_id=order_id, delivered_at=at)
    if "cancelled" in fate:
        yield OrderCancelled(order_id=order_id, reason="", released=(), cancelled_at=at)


def _returns(placed: OrderPlaced, returns: Sequence[Sequence[int]]) -> Iterator[ItemsReturned]:
    left = {item.line: item.quantity for item in placed.items}
    for day, wanted in enumerate(returns, 1):
        back = {line: min(pieces, left[line]) for line, pieces in zip(left, wanted, strict=False)}
        left = {line: pieces - back.get(line, 0) for line, pieces in left.items()}
        items = tuple(
            ReturnedItem(line=item.line, product_id=PRODUCT, quantity=back[item.line], unit_price=item.unit_price)
            for item in placed.items
            if back.get(item.line)
        )
        at = placed.placed_at + timedelta(days=day)
        if items:
            complete = not any(left.values())
            yield ItemsReturned(
                order_id=placed.order_id, items=items, complete=complete, returned_at=at, returned_on=at.date()
            )


@st.composite
def credit_notes(draw: Any, number: int) -> Paper:
    """A credit note of anybody's, of goods or of money alone."""
    note_id = UUID(int=20_000 + number)
    items = tuple(
        CreditedItem(
            product_id=PRODUCT if category else None,
            description="Tea",
            quantity=pieces,
            unit_price=price,
            category=category,
        )
        for price, pieces, category in draw(LINES)
    )
    noted = CreditNoteRecorded(
        credit_note_id=note_id,
        reference="C1",
        customer_id=draw(st.sampled_from(CUSTOMERS)),
        country="France",
        currency=draw(st.sampled_from(["GBP", "EUR"])),
        items=items,
        credited_at=FIRST,
        credited_on=date(2024, 3, 1),
    )
    return Paper(note_id, [noted])


@st.composite
def logs(
    draw: Any, most: int, least: int = 0, days: int = 900, customers: Sequence[UUID | None] = CUSTOMERS
) -> list[Recorded[Any]]:
    """What happens to so many orders and up to two credit notes; each in its order, all of them in any."""
    papers = [draw(orders(number, days, customers)) for number in range(draw(st.integers(least, most)))]
    papers += [draw(credit_notes(number)) for number in range(draw(st.integers(0, 2)))]
    turns = draw(st.permutations([paper for paper in papers for _ in paper.events]))
    coming = {paper.id: enumerate(paper.events, 1) for paper in papers}
    told = ((paper, *next(coming[paper.id])) for paper in turns)
    return [_recorded(position, paper.id, version, event) for position, (paper, version, event) in enumerate(told, 1)]


def _recorded(position: int, aggregate_id: UUID, version: int, event: Event) -> Recorded[Any]:
    kind = "creditnote" if isinstance(event, CreditNoteRecorded) else "order"
    return Recorded(position, kind, aggregate_id, version, event, {"actor": "test"}, FIRST)
