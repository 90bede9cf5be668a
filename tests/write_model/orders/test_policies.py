"""What is done about orders that nobody pays."""

from datetime import timedelta

from app.kernel.clock import new_id
from app.kernel.policy import Withdraw
from tests.write_model.orders.test_rules import CANCELLED, DELIVERED, ID, PAID, PAST, PLACED, SHIPPED
from tests.write_model.policy_scenario import TOLD, PolicyScenario
from write_model.orders.commands import ExpireOrder
from write_model.orders.policies import expire_unpaid_orders

THREE_DAYS = timedelta(days=3)
EXPIRE = ExpireOrder(at=TOLD + THREE_DAYS, order_id=ID)

policy = PolicyScenario(expire_unpaid_orders(THREE_DAYS))


def test_an_order_that_is_placed_expires_so_long_after_the_log_took_it_down() -> None:
    """Not after it says that it was placed: then one that is entered late would expire at once."""
    assert PLACED.placed_at != TOLD
    policy.when(ID, PLACED).then(EXPIRE)


def test_what_is_paid_or_cancelled_does_not() -> None:
    policy.given(ID, PLACED).when(ID, PAID).then(Withdraw(ID))
    policy.given(ID, PLACED).when(ID, CANCELLED).then(Withdraw(ID))


def test_nothing_else_that_happens_to_an_order_matters() -> None:
    policy.given(ID, PLACED, PAID).when(ID, SHIPPED).then()
    policy.given(ID, PLACED, PAID, SHIPPED).when(ID, DELIVERED).then()


def test_an_order_of_older_books_was_paid_long_ago() -> None:
    policy.when(ID, PAST).then()


def test_what_is_decided_and_withdrawn_at_once_is_never_scheduled() -> None:
    other = new_id()
    made = policy.given(ID, PLACED, PAID).given(other, PLACED).reacted()
    assert [each.command.aggregate_id for each in made.commands] == [other]


def test_no_time_at_all_switches_it_off() -> None:
    PolicyScenario(expire_unpaid_orders(timedelta(0))).when(ID, PLACED).then()
