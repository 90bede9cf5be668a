"""Who is raised to a higher tier by what they spend, and when."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.kernel.clock import new_id
from app.kernel.values import Address
from tests.write_model.policy_scenario import TOLD, PolicyScenario
from write_model.customers.commands import Tier, UpgradeCustomer
from write_model.customers.events import CustomerUpgraded
from write_model.customers.policies import Custom, upgrade_customers
from write_model.orders.events import (
    ItemsReturned,
    OrderCancelled,
    OrderedItem,
    OrderPaid,
    OrderPlaced,
    PastOrderRecorded,
    ReturnedItem,
)

AT, DAY = datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 1)
ADA, GRACE, TEA = new_id(), new_id(), new_id()
FIRST, SECOND, THIRD = new_id(), new_id(), new_id()
LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")

policy = PolicyScenario(upgrade_customers("GBP", 500, 2_000))


def placed(
    order_id: UUID,
    amount: str,
    customer_id: UUID | None = ADA,
    currency: str = "GBP",
    kind: type[OrderPlaced] = OrderPlaced,
) -> OrderPlaced:
    item = OrderedItem(line=1, product_id=TEA, sku="S", name="N", quantity=1, unit_price=Decimal(amount))
    return kind(
        order_id=order_id,
        customer_id=customer_id,
        customer_name="Ada",
        customer_email=None,
        items=(item,),
        currency=currency,
        shipping_address=LEEDS,
        billing_address=LEEDS,
        payment_method="CARD",
        placed_at=AT,
        placed_on=DAY,
    )


def paid(order_id: UUID) -> OrderPaid:
    return OrderPaid(order_id=order_id, paid_at=AT)


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(order_id=order_id, reason="", released=(), cancelled_at=AT)


def returned(order_id: UUID, amount: str) -> ItemsReturned:
    item = ReturnedItem(line=1, product_id=TEA, quantity=1, unit_price=Decimal(amount))
    return ItemsReturned(order_id=order_id, items=(item,), complete=False, returned_at=AT, returned_on=DAY)


def upgraded(tier: Tier) -> CustomerUpgraded:
    return CustomerUpgraded(customer_id=ADA, tier=tier.value, upgraded_at=AT)


def upgrade(tier: Tier) -> UpgradeCustomer:
    return UpgradeCustomer(at=TOLD, customer_id=ADA, tier=tier)


@pytest.mark.parametrize(
    ("amount", "tier"), [("499.99", None), ("500", Tier.SILVER), ("1999.99", Tier.SILVER), ("2000", Tier.GOLD)]
)
def test_a_payment_raises_to_the_tier_that_it_is_enough_for(amount: str, tier: Tier | None) -> None:
    policy.given(FIRST, placed(FIRST, amount)).when(FIRST, paid(FIRST)).then(*([upgrade(tier)] if tier else []))


def test_payments_add_up_and_what_was_only_ordered_does_not_count() -> None:
    known = policy.given(FIRST, placed(FIRST, "300"), paid(FIRST)).given(SECOND, placed(SECOND, "150"))
    both = known.given(THIRD, placed(THIRD, "199.99"))
    both.when(THIRD, paid(THIRD)).then()
    both.given(THIRD, paid(THIRD)).when(SECOND, paid(SECOND)).then(upgrade(Tier.SILVER))


def test_a_customer_who_has_the_tier_is_left_alone_and_can_come_to_the_next() -> None:
    silver = policy.given(FIRST, placed(FIRST, "600"), paid(FIRST)).given(ADA, upgraded(Tier.SILVER))
    silver.given(SECOND, placed(SECOND, "10")).when(SECOND, paid(SECOND)).then()
    silver.given(SECOND, placed(SECOND, "1400")).when(SECOND, paid(SECOND)).then(upgrade(Tier.GOLD))


def test_what_an_operator_gave_is_not_taken_away_or_given_again() -> None:
    gold = policy.given(ADA, upgraded(Tier.GOLD))
    gold.given(FIRST, placed(FIRST, "600")).when(FIRST, paid(FIRST)).then()
    gold.given(FIRST, placed(FIRST, "5000")).when(FIRST, paid(FIRST)).then()


@pytest.mark.parametrize("gone", [cancelled(FIRST), returned(FIRST, "200")])
def test_what_comes_back_counts_no_more_and_raises_nobody(gone: OrderCancelled | ItemsReturned) -> None:
    known = policy.given(FIRST, placed(FIRST, "400"), paid(FIRST))
    known.when(FIRST, gone).then()
    after = known.given(FIRST, gone)
    after.given(SECOND, placed(SECOND, "299")).when(SECOND, paid(SECOND)).then()
    after.given(SECOND, placed(SECOND, "500")).when(SECOND, paid(SECOND)).then(upgrade(Tier.SILVER))


def test_an_order_that_is_cancelled_before_it_is_paid_changes_nothing() -> None:
    made = policy.given(FIRST, placed(FIRST, "400"), cancelled(FIRST)).reacted()
    assert (made.rows, made.commands) == ({}, [])


def test_only_the_shops_currency_counts() -> None:
    policy.given(FIRST, placed(FIRST, "9000", currency="EUR")).when(FIRST, paid(FIRST)).then()


def test_a_guests_order_is_nobodys() -> None:
    made = policy.given(FIRST, placed(FIRST, "9000", customer_id=None), paid(FIRST)).reacted()
    assert (made.rows, made.commands) == ({}, [])


def test_older_books_count_nothing_and_what_comes_back_of_them_neither() -> None:
    past = placed(FIRST, "9000", kind=PastOrderRecorded)
    made = policy.given(FIRST, past, returned(FIRST, "10")).reacted()
    assert (made.entities, made.rows, made.commands) == ({}, {}, [])


def test_customers_are_told_apart() -> None:
    made = policy.given(FIRST, placed(FIRST, "400"), paid(FIRST)).given(
        SECOND, placed(SECOND, "400", customer_id=GRACE), paid(SECOND)
    )
    assert made.reacted().commands == []
    assert made.reacted().rows == {
        ADA: Custom(customer_id=ADA, spent=Decimal(400)),
        GRACE: Custom(customer_id=GRACE, spent=Decimal(400)),
    }


def test_what_was_earned_before_the_policy_reacts_is_acted_on_with_the_next_payment() -> None:
    known = policy.given(FIRST, placed(FIRST, "5000"), paid(FIRST))
    assert known.reacted(reacts_after=2).commands == []
    known.given(SECOND, placed(SECOND, "1")).when(SECOND, paid(SECOND)).then(upgrade(Tier.GOLD))


@pytest.mark.parametrize(("silver", "gold", "tier"), [(0, 2_000, None), (0, 500, Tier.GOLD), (500, 0, Tier.SILVER)])
def test_a_threshold_of_nothing_is_never_reached(silver: int, gold: int, tier: Tier | None) -> None:
    other = PolicyScenario(upgrade_customers("GBP", silver, gold)).given(FIRST, placed(FIRST, "600"))
    other.when(FIRST, paid(FIRST)).then(*([upgrade(tier)] if tier else []))
