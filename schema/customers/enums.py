"""The customers context's enums, with what GraphQL says about them."""

import strawberry

from write_model.customers.commands import Tier

__all__ = ["Tier"]

strawberry.enum(Tier, description="How much a customer is worth to the shop, lowest first.")
