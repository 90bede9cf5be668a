"""What the shop does about orders by itself."""

from collections.abc import Iterator
from datetime import timedelta

from app.kernel.policy import Policy, Reaction, Turn, Withdraw
from write_model.orders.commands import ExpireOrder
from write_model.orders.events import OrderCancelled, OrderPaid, OrderPlaced


def expire_unpaid_orders(after: timedelta) -> Policy[None]:
    """Cancels an order that is not paid so long after the log took it down; never, if that is no time at all."""

    def react(turn: Turn[None]) -> Iterator[Reaction]:
        recorded = turn.recorded
        match recorded.event:
            case OrderPlaced():
                yield ExpireOrder(at=recorded.recorded_at + after, order_id=recorded.aggregate_id)
            case OrderPaid() | OrderCancelled():
                yield Withdraw(recorded.aggregate_id)
            case _:
                pass

    return Policy(
        name="expire_unpaid_orders",
        handles=(OrderPlaced, OrderPaid, OrderCancelled),
        react=react,
        enabled=after > timedelta(0),
    )
