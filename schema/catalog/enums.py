"""The catalog context's enums, with what GraphQL says about them."""

import strawberry

from read_model.catalog.product_listing import ProductSort
from read_model.catalog.product_popularity import Measure
from read_model.catalog.stock_report import StockSort

__all__ = ["Measure", "ProductSort", "StockSort"]

strawberry.enum(Measure, name="PopularityMeasure", description="What popularity is measured by.")
strawberry.enum(StockSort, description="How the stock report is sorted: SOLD the most first, the others the least.")
strawberry.enum(
    ProductSort, description="How a list of products is sorted. Without a text, RELEVANCE is the same as POPULARITY."
)
