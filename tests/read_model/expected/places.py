"""Which places in sorted sets the rows of a view must give: functions of the view's name."""

from collections.abc import Mapping
from typing import Any

Places = Mapping[tuple[str, str], float]
"""The score of a member of a set; members without one are left out."""


def product_popularity(rows: Mapping[Any, Any]) -> Places:
    """A set for each measure, currency and day; revenue in ten-thousandths."""
    places = {}
    for row in rows.values():
        for measure, score in (("pieces", row.pieces), ("orders", row.orders), ("revenue", row.revenue * 10_000)):
            if score:
                places[f"{measure}:{row.currency}:{row.day}", str(row.product_id)] = score
    return places


def bought_together(rows: Mapping[Any, Any]) -> Places:
    """A set for each product, of those that it was bought with."""
    places = {}
    for row in rows.values():
        if row.orders:
            places[f"with:{row.one}", str(row.other)] = places[f"with:{row.other}", str(row.one)] = row.orders
    return places


def hot_products(rows: Mapping[Any, Any]) -> Places:
    """One set, of what can still be bought."""
    return {("heat", str(row.product_id)): row.heat for row in rows.values() if not row.discontinued}
