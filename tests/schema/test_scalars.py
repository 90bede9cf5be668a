"""Amounts and moments as they are shown, held against plainer ways to write them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import _show_moment, show_amount

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.decimals("-1e9", "1e9", places=2))
def test_an_amount_has_two_decimals_and_more_only_where_they_say_something(amount: Decimal) -> None:
    whole, _, decimals = f"{amount:f}".partition(".")
    assert show_amount(amount) in (f"{whole}.{decimals.rstrip('0'):0<2}", f"{whole}.{decimals}")
    assert Decimal(show_amount(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "0.00"),
        ("-0.0", "-0.00"),
        ("9.00", "9.00"),
        ("-7", "-7.00"),
        ("100", "100.00"),
        ("12.5", "12.50"),
        ("12.500", "12.50"),
        ("12.345", "12.345"),
        ("1E+2", "100.00"),
        ("1.5E+3", "1500.00"),
        ("1.50E-7", "0.00000015"),
    ],
)
def test_how_amounts_are_written(amount: str, shown: str) -> None:
    assert show_amount(Decimal(amount)) == shown


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES | st.just(UTC)))  # noqa: DTZ001 - of any zone
def test_a_moment_is_in_utc_with_a_z(moment: datetime) -> None:
    assert _show_moment(moment) == f"{moment.astimezone(UTC).isoformat()[:-6]}Z"
