"""What customers are worth: the rollup against a plain recomputation, and every rule at its edges."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from app.kernel.messages import Recorded
from app.kernel.structs import replace
from read_model.customers.customer_analytics import VIEW, CustomerAnalytics, Segment, finish, key_of, nothing
from tests.read_model.order_logs import logs
from tests.support.replay import replayed
from write_model.orders.events import CreditNoteRecorded, ItemsReturned, OrderCancelled, OrderPlaced

ADA = UUID(int=1)


@settings(max_examples=200, deadline=None)
@given(log=logs(most=12))
def test_the_rows_are_what_a_plain_recomputation_says(log: list[Recorded[Any]]) -> None:
    rows = {key: stored.row for key, stored in replayed(VIEW, log).items()}
    assert rows == {key: row for key, row in recomputed(log).items() if key in rows}
    assert [row for key, row in recomputed(log).items() if key not in rows and row != nothing_of(row)] == []


def nothing_of(row: CustomerAnalytics) -> CustomerAnalytics:
    return nothing(row.customer_id, row.currency)


def recomputed(log: list[Recorded[Any]]) -> dict[str, CustomerAnalytics]:
    """The figures of everyone in every currency, from the list of what happened."""
    events = [each.event for each in log]
    papers = [event for event in events if isinstance(event, OrderPlaced | CreditNoteRecorded) and event.customer_id]
    whose = {(paper.customer_id, paper.currency) for paper in papers if paper.customer_id}
    return {key_of(*who): _of([paper for paper in papers if _who(paper) == who], events, *who) for who in whose}


def _who(paper: OrderPlaced | CreditNoteRecorded) -> tuple[UUID | None, str]:
    return paper.customer_id, paper.currency


def _of(papers: Iterable[Any], events: list[Any], customer_id: UUID, currency: str) -> CustomerAnalytics:
    cancelled = {event.order_id for event in events if isinstance(event, OrderCancelled)}
    orders = [paper for paper in papers if isinstance(paper, OrderPlaced) and paper.order_id not in cancelled]
    back = list(_back(orders, events)) + [
        (item.category, item.quantity * item.unit_price)
        for paper in papers
        if isinstance(paper, CreditNoteRecorded)
        for item in paper.items
    ]
    sold = [(item.category, item.quantity * item.unit_price) for order in orders for item in order.items]
    amounts = {name: _total(sold, name) - _total(back, name) for name in ("Garden", "Light", "Tea")}
    gross = sum((amount for _, amount in sold), sum((c.amount for o in orders for c in o.charges), Decimal(0)))
    returned = sum((amount for _, amount in back), Decimal(0))
    days = sorted(order.placed_on for order in orders)
    countries = Counter(order.shipping_address.country for order in orders)
    best = max(amounts.values())
    return CustomerAnalytics(
        key=key_of(customer_id, currency),
        customer_id=customer_id,
        currency=currency,
        orders=len(orders),
        gross=gross,
        returned=returned,
        orders_on=dict(Counter(day.isoformat() for day in days)),
        orders_to=dict(countries),
        amounts={name: amount for name, amount in amounts.items() if amount},
        spent=gross - returned,
        first_order_on=days[0] if days else None,
        last_order_on=days[-1] if days else None,
        favourite_category=next(name for name in sorted(amounts) if amounts[name] == best) if best > 0 else None,
        country="Germany" if countries["Germany"] > countries["France"] else "France" if orders else None,
        segment=_segment(len(orders), gross - returned),
    )


def _back(orders: list[OrderPlaced], events: list[Any]) -> Iterable[tuple[str | None, Decimal]]:
    sold = {(order.order_id, item.line): item.category for order in orders for item in order.items}
    for event in events:
        for item in event.items if isinstance(event, ItemsReturned) else ():
            if (event.order_id, item.line) in sold:
                yield sold[event.order_id, item.line], item.quantity * item.unit_price


def _total(lines: Iterable[tuple[str | None, Decimal]], category: str) -> Decimal:
    return sum((amount for name, amount in lines if name == category), Decimal(0))


def _segment(orders: int, spent: Decimal) -> str:
    named = {0: "NONE", 1: "NEW", 2: "REGULAR", 3: "REGULAR", 4: "REGULAR"}
    return named.get(orders, "VIP" if spent >= 2000 else "LOYAL")


@pytest.mark.parametrize(
    ("orders", "spent", "segment"),
    [
        (0, "-5", "NONE"),
        (1, "99999", "NEW"),
        (2, "0", "REGULAR"),
        (4, "99999", "REGULAR"),
        (5, "1999.9999", "LOYAL"),
        (5, "2000", "VIP"),
        (500, "-1", "LOYAL"),
    ],
)
def test_segments(orders: int, spent: str, segment: str) -> None:
    assert Segment.of(orders, Decimal(spent)) == segment


def figures(orders: int, gross: str, days: list[str], **sums: Any) -> CustomerAnalytics:
    row = replace(nothing(ADA, "GBP"), orders=orders, gross=Decimal(gross), orders_on=dict(Counter(days)), **sums)
    return finish(row)


@pytest.mark.parametrize(
    ("row", "average", "lifetime"),
    [
        (figures(0, "0", []), None, "0"),
        (figures(0, "0", [], returned=Decimal(9)), None, "0"),
        (figures(1, "10", ["2026-01-31"]), "10.00", "30.00"),
        (figures(3, "100", ["2026-01-01", "2026-06-30", "2026-12-31"]), "33.33", "300.00"),
        (figures(2, "100", ["2022-01-01", "2026-01-01"]), "50.00", "75.00"),
        (figures(2, "100", ["2022-01-01", "2026-01-01"], returned=Decimal("99.99")), "0.00", "0.01"),
        (figures(1, "10", ["2026-01-31"], returned=Decimal(25)), "-15.00", "0.00"),
    ],
)
def test_averages_and_lifetime_values(row: CustomerAnalytics, average: str | None, lifetime: str) -> None:
    assert row.average_order_value == (Decimal(average) if average else None)
    assert row.lifetime_value == Decimal(lifetime)


def test_of_equal_categories_the_first_by_name_is_the_favourite() -> None:
    row = figures(1, "9", ["2026-01-31"], amounts={"Tea": Decimal(3), "Light": Decimal(3), "Home": Decimal(-3)})
    assert row.favourite_category == "Light"
    assert figures(1, "9", [], amounts={"Home": Decimal(-3)}).favourite_category is None


def test_days_are_days_and_not_texts() -> None:
    row = figures(2, "9", ["2026-01-31", "2025-12-31"])
    assert (row.first_order_on, row.last_order_on) == (date(2025, 12, 31), date(2026, 1, 31))
