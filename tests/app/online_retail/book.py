"""Hand-made books for tests, and where the real ones are."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.online_retail.books import HEADER

REAL = Path(__file__).parents[2] / "data" / "online-retail" / "transactions.csv.gz"


@dataclass(frozen=True)
class Entry:
    """A line as it stands in the file; what a test does not care about has a value."""

    invoice: str
    code: str = "22423"
    quantity: int = 1
    price: str = "2.5"
    customer: str = "17850"
    description: str = "REGENCY CAKESTAND 3 TIER"
    date: str = "2010-12-01 08:26"
    country: str = "United Kingdom"

    def row(self) -> tuple[str, ...]:
        return (
            self.invoice,
            self.code,
            self.description,
            str(self.quantity),
            self.date,
            self.price,
            self.customer,
            self.country,
        )


def written(entries: Sequence[Entry]) -> str:
    """The file that these lines make."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *(entry.row() for entry in entries)])
    return text.getvalue()
