"""The sketch's promise: no quantile is off by more than 1/128 of itself, and what is merged is what was one."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_model.devices.sketch import RELATIVE_ERROR, bucket_of, merged, quantile, sketched

VALUES = st.decimals(-(10**12) + 1, 10**12 - 1, places=6, allow_nan=False) | st.decimals(-2, 2, places=6)
PARTS = st.floats(0, 1)


@given(st.lists(VALUES, min_size=1, max_size=50), PARTS)
def test_a_quantile_is_near(values: list[Decimal], part: float) -> None:
    exact = sorted(values)[max(1, math.ceil(part * len(values))) - 1]
    assert abs(quantile(sketched(values), part) - exact) <= abs(exact) * Decimal(RELATIVE_ERROR)


@given(st.lists(st.lists(VALUES, max_size=10), max_size=6))
def test_sketches_of_parts_make_the_sketch_of_all(parts: list[list[Decimal]]) -> None:
    assert merged(map(sketched, parts)) == sketched(value for part in parts for value in part)


@given(VALUES, VALUES)
def test_buckets_are_in_the_order_of_values(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert bucket_of(low) <= bucket_of(high)
    assert bucket_of(-low) == -bucket_of(low)


@pytest.mark.parametrize(
    ("value", "bucket"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.000001", 1),
        ("0.000127", 127),
        ("0.000128", 128),
        ("0.000129", 128),
        ("0.000130", 129),
        ("1", 954),
        ("-1", -954),
        ("999999999999.999999", 3_503),
    ],
)
def test_the_buckets_of_some_values(value: str, bucket: int) -> None:
    """Stored numbers: should one of them change, so must the view's revision."""
    assert bucket_of(Decimal(value)) == bucket
