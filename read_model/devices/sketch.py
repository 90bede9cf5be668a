"""A sketch of how values are spread: counts in buckets that grow with the value, so that percentiles can be merged.

This is what DDSketch does (Masson, Rim and Lee: DDSketch, VLDB 2019, doi:10.14778/3352063.3352135), with the mapping
that interpolates the logarithm linearly between powers of two, as HdrHistogram divides them. It is worked out on whole
numbers alone, of millionths: an integer of n bits falls into one of 64 equal parts of its power of two, by its first
seven bits. So the same values give the same sketch on every machine, in whatever order and however they were divided.

A part is at most 1/64 of its lower end wide, and what stands for it is its middle: a quantile is off by at most 1/128
of itself, 0.79 %. Values below 0.000128 are exact. Counts are never collapsed: over all values below 10¹² there are
3,503 buckets on either side of zero, and a sensor fills a few dozen.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

RELATIVE_ERROR: Final = 1 / 128
"""The most that a quantile is off, of the value that it should be."""

_PART_BITS: Final = 6
_PARTS: Final = 1 << _PART_BITS
_EXACT: Final = 2 * _PARTS
_MILLIONTHS: Final = 6

Sketch = Mapping[str, int]
"""How many values fell into a bucket, by its number; those of values below zero are below zero."""


def sketched(values: Iterable[Decimal]) -> dict[str, int]:
    """The sketch of values of at most six decimals."""
    return {str(bucket): count for bucket, count in Counter(map(bucket_of, values)).items()}


def merged(sketches: Iterable[Sketch]) -> dict[str, int]:
    """The sketch of all the values together."""
    total: dict[str, int] = {}
    for sketch in sketches:
        for bucket, count in sketch.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def bucket_of(value: Decimal) -> int:
    """The number of the bucket that a value falls into."""
    millionths = int(value.scaleb(_MILLIONTHS))
    return _index(millionths) if millionths >= 0 else -_index(-millionths)


def rank(part: float, count: int) -> int:
    """Which of so many values in their order is the quantile, from 1 on."""
    return max(1, math.ceil(part * count))


def quantile(sketch: Sketch, part: float) -> Decimal:
    """The value below or at which this part of all values is (0 to 1), by the nearest rank, as its bucket tells it.

    The sketch must not be empty.
    """
    buckets = sorted((int(bucket), count) for bucket, count in sketch.items())
    left = rank(part, sum(count for _, count in buckets))
    for bucket, count in buckets:  # noqa: B007 - the one at which it ends is wanted
        left -= count
        if left <= 0:
            break
    return _middle(bucket)


def _index(number: int) -> int:
    if number < _EXACT:
        return number
    shift = number.bit_length() - _PART_BITS - 1
    return (shift << _PART_BITS) + (number >> shift)


def _middle(bucket: int) -> Decimal:
    index = abs(bucket)
    shift = max((index >> _PART_BITS) - 1, 0)
    low = index if index < _EXACT else (_PARTS + index % _PARTS) << shift
    middle = low + ((1 << shift) - 1) // 2
    return Decimal(middle if bucket >= 0 else -middle).scaleb(-_MILLIONTHS)
