import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.online_retail.books import BookError, Line, read
from tests.app.online_retail.book import Entry, written

SUMMER = Entry("561903", date="2011-07-31 16:04", description=" WRAP RED APPLES ", customer="")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_are_typed_and_numbered(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "book"
    file.write_bytes(pack(written([Entry("C536365", quantity=-6), SUMMER]).encode()))
    assert read(file) == [
        Line(
            2,
            "C536365",
            "22423",
            "REGENCY CAKESTAND 3 TIER",
            -6,
            datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
            Decimal("2.5"),
            "17850",
            "United Kingdom",
        ),
        Line(
            3,
            "561903",
            "22423",
            "WRAP RED APPLES",
            1,
            datetime(2011, 7, 31, 15, 4, tzinfo=UTC),
            Decimal("2.5"),
            None,
            "United Kingdom",
        ),
    ]


@pytest.mark.parametrize(
    ("row", "line", "field"),
    [
        ("536365,22423,X,six,2010-12-01 08:26,2.5,,UK", 3, "Quantity"),
        ("536365,22423,X,1_0,2010-12-01 08:26,2.5,,UK", 3, "Quantity"),
        ("536365,22423,X,9999999999,2010-12-01 08:26,2.5,,UK", 3, "Quantity"),
        ("536365,22423,X,6,12/1/2010 8:26,2.5,,UK", 3, "InvoiceDate"),
        ("536365,22423,X,6,2010-12-01 08:26,NaN,,UK", 3, "UnitPrice"),
        ("536365,22423,X,6,2010-12-01 08:26,0.00001,,UK", 3, "UnitPrice"),
        (",22423,X,6,2010-12-01 08:26,2.5,,UK", 3, "InvoiceNo"),
        ("536365, ,X,6,2010-12-01 08:26,2.5,,UK", 3, "StockCode"),
        ("536365,22423,X,6,2010-12-01 08:26,2.5,,", 3, "Country"),
        ("536365,22423,X,6,2010-12-01 08:26", 3, None),
        ('536365,"22423,X', 2, None),
    ],
)
def test_an_unreadable_line_is_named(tmp_path: Path, row: str, line: int, field: str | None) -> None:
    file = tmp_path / "book.csv"
    file.write_text(written([Entry("536364")]) + row, encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read(file)
    assert (caught.value.line, caught.value.field) == (line, field)


@pytest.mark.parametrize("content", [b"", b"InvoiceNo;StockCode\n", b"\x00\x01", b"{}"])
def test_another_file_is_refused_by_its_header(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(content)
    with pytest.raises(BookError, match="line 1: the header is not InvoiceNo,StockCode"):
        read(file)


def test_a_compressed_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "book.csv.gz"
    file.write_bytes(gzip.compress(written([Entry(str(number)) for number in range(5000)]).encode())[:-100])
    with pytest.raises(BookError, match="cut short"):
        read(file)


def test_a_damaged_compressed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "book.csv.gz"
    file.write_bytes(b"\x1f\x8b" + b"nonsense" * 10)
    with pytest.raises(BookError):
        read(file)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(written([Entry("536365", description="£40")]).encode("latin-1"))
    with pytest.raises(BookError, match="not UTF-8"):
        read(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be read"):
        read(tmp_path / "missing.csv")
