"""Filters of the real catalog's products, one for each condition and for some together."""

from decimal import Decimal
from typing import Any

import pytest

Conditions = dict[str, Any]
FILTERS: dict[str, Conditions] = {
    "none": {},
    "a category": {"categories": ("Heart",)},
    "either category": {"categories": ("Tea", "Bag", "Unheard of")},
    "no category": {"categories": ()},
    "a vendor": {"vendors": ("Vendor 22",)},
    "vendors": {"vendors": ("Vendor 22", "Vendor 84")},
    "at least": {"min_price": Decimal(5)},
    "at most": {"max_price": Decimal("1.65")},
    "between": {"min_price": Decimal("1.25"), "max_price": Decimal("2.95")},
    "in stock": {"in_stock": True},
    "out of stock": {"in_stock": False},
    "discontinued as well": {"include_discontinued": True},
    "several": {"categories": ("Heart", "Red"), "vendors": ("Vendor 22", "Vendor 84"), "max_price": Decimal(4)},
    "all": {
        "categories": ("Heart", "Tea"),
        "vendors": ("Vendor 22", "Vendor 21"),
        "min_price": Decimal(1),
        "max_price": Decimal(6),
        "in_stock": True,
        "include_discontinued": True,
    },
}
EVERY_FILTER = pytest.mark.parametrize("conditions", FILTERS.values(), ids=FILTERS)
