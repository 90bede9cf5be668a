"""The customers context's enums, with what GraphQL says about them."""

import strawberry

from read_model.customers.customer_analytics import CustomerSort, Segment
from write_model.customers.commands import Tier

__all__ = ["CustomerSort", "Segment", "Tier"]

strawberry.enum(Tier, description="How much a customer is worth to the shop, lowest first.")
strawberry.enum(CustomerSort, description="How a list of customers is sorted.")
strawberry.enum(
    Segment,
    name="CustomerSegment",
    description="What kind of customer: NEW with one order, REGULAR with two to four, LOYAL with five or more, VIP if "
    "they have spent 2,000 or more as well. NONE without orders.",
)
