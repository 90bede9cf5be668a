"""The order: pure rules over its state."""

from write_model.orders.aggregate.credit_note import credit
from write_model.orders.aggregate.following_up import FollowUp, decide
from write_model.orders.aggregate.order import Item, Order, Status, evolve
from write_model.orders.aggregate.placing import place, record

__all__ = ["FollowUp", "Item", "Order", "Status", "credit", "decide", "evolve", "place", "record"]
