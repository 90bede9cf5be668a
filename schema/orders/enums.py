"""The orders context's enums, with what GraphQL says about them."""

import strawberry

from read_model.orders.order_details import OrderStatus
from read_model.orders.order_summary import OrderSort
from read_model.orders.sales import Breakdown, Period
from write_model.orders.commands import PaymentMethod

__all__ = ["Breakdown", "OrderSort", "OrderStatus", "PaymentMethod", "Period"]

strawberry.enum(Breakdown, name="SalesBreakdown", description="What sales are told apart by.")
strawberry.enum(Period, name="SalesPeriod", description="How long the time of one figure is.")
strawberry.enum(OrderStatus, description="Where an order stands.")
strawberry.enum(OrderSort, description="How a list of orders is sorted.")
strawberry.enum(PaymentMethod, description="How an order is paid. UNKNOWN is for older books alone.")
