"""The books as they stand in the file: typed lines, each with its line number."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TextIO
from zoneinfo import ZoneInfo

HEADER: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
SHOP_ZONE: Final = ZoneInfo("Europe/London")

_GZIP_MAGIC = b"\x1f\x8b"
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_PRICE = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?")


class BookError(Exception):
    """The file cannot be read as the books, so nothing was written; `line` counts the header as 1."""

    def __init__(self, problem: str, *, line: int | None = None, field: str | None = None) -> None:
        place = ", ".join(part for part in (f"line {line}" if line else "", field or "") if part)
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.line, self.field = problem, line, field


class Line(NamedTuple):
    """One line: pieces below zero went back or were written off; the price is in pounds for one piece.

    Texts are without the blanks around them; `minute` is in UTC.
    """

    number: int
    invoice: str
    code: str
    description: str
    quantity: int
    minute: datetime
    price: Decimal
    customer: str | None
    country: str


def read(file: Path) -> list[Line]:
    """All lines of the CSV file, compressed with gzip or not. Raises BookError for anything but the books."""
    reached = 1
    lines = []
    try:
        with _opened(file) as text:
            for line in _parsed(text):
                lines.append(line)
                reached = line.number
    except OSError as error:
        raise BookError(f"the file cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BookError("the compressed file is cut short or damaged after here", line=reached) from error
    except UnicodeDecodeError as error:
        raise BookError("the text is not UTF-8 after here", line=reached) from error
    except csv.Error as error:
        raise BookError(f"not CSV after here: {error}", line=reached) from error
    return lines


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    with file.open("rb") as raw:
        packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    opener = gzip.open if packed else open
    with opener(file, "rt", encoding="utf-8-sig", newline="") as text:
        yield text


def _parsed(text: TextIO) -> Iterator[Line]:
    rows = csv.reader(text, strict=True)
    header = next(rows, [])
    if tuple(header) != HEADER:
        raise BookError(f"the header is not {','.join(HEADER)}", line=1)
    for row in rows:
        yield _line(rows.line_num, row)


def _line(number: int, row: list[str]) -> Line:
    if len(row) != len(HEADER):
        raise BookError(f"{len(row)} fields instead of {len(HEADER)}", line=number)
    try:
        return _typed(number, row)
    except _UnreadableError as error:
        raise BookError(str(error), line=number, field=error.field) from None


def _typed(number: int, row: list[str]) -> Line:
    invoice, code, description, quantity, date, price, customer, country = row
    return Line(
        number,
        _filled(invoice, "InvoiceNo"),
        _filled(code, "StockCode"),
        description.strip(),
        _pieces(quantity),
        _minute(date),
        _price(price),
        customer.strip() or None,
        _filled(country, "Country"),
    )


class _UnreadableError(ValueError):
    def __init__(self, problem: str, field: str) -> None:
        super().__init__(problem)
        self.field = field


def _filled(text: str, field: str) -> str:
    if stripped := text.strip():
        return stripped
    raise _UnreadableError("empty", field)


@lru_cache(4096)
def _pieces(text: str) -> int:
    if _WHOLE.fullmatch(text):
        return int(text)
    raise _UnreadableError(f"{text!r:.80} is not a whole number of at most nine digits", "Quantity")


@lru_cache(4096)
def _price(text: str) -> Decimal:
    if _PRICE.fullmatch(text):
        return Decimal(text)
    raise _UnreadableError(f"{text!r:.80} is not an amount with at most four decimals", "UnitPrice")


@lru_cache(64)
def _minute(text: str) -> datetime:
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHOP_ZONE)
    except ValueError:
        raise _UnreadableError(f"{text!r:.80} is not a date such as 2010-12-01 08:26", "InvoiceDate") from None
    return local.astimezone(UTC)
