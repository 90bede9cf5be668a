"""The orders context's enums, with what GraphQL says about them."""

import strawberry

from read_model.orders.order_details import OrderStatus
from read_model.orders.order_summary import OrderSort
from write_model.orders.commands import PaymentMethod

__all__ = ["OrderSort", "OrderStatus", "PaymentMethod"]

strawberry.enum(OrderStatus, description="Where an order stands.")
strawberry.enum(OrderSort, description="How a list of orders is sorted.")
strawberry.enum(PaymentMethod, description="How an order is paid. UNKNOWN is for older books alone.")
