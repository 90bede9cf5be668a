"""Many small choices in one draw: quick, and getting simpler together."""

from hypothesis import strategies as st


def shuffled(draw: st.DrawFn, size: int) -> list[int]:
    """The numbers below `size` in any order; one draw, which gets simpler towards their own order."""
    weights = numbers(draw, size, 256)
    return sorted(range(size), key=lambda number: (weights[number], number))


def numbers(draw: st.DrawFn, size: int, below: int) -> list[int]:
    """So many numbers, in one draw."""
    return [byte % below for byte in draw(st.binary(min_size=size, max_size=size))]
