"""The catalog context's enums, with what GraphQL says about them."""

import strawberry

from read_model.catalog.product_popularity import Measure

__all__ = ["Measure"]

strawberry.enum(Measure, name="PopularityMeasure", description="What popularity is measured by.")
