"""Runs of numbers against plain sets of them."""

from hypothesis import given
from hypothesis import strategies as st

from write_model.devices.sequences import Sequences

NUMBERS = st.lists(st.integers(1, 60), max_size=20)


@given(st.lists(NUMBERS, max_size=6))
def test_runs_hold_what_a_set_holds(batches: list[list[int]]) -> None:
    held, plain = Sequences(), set[int]()
    for batch in batches:
        held, plain = held.plus(batch), plain | set(batch)
        assert {n for n in range(70) if n in held} == plain
        assert [n for begin, end in held.runs for n in range(begin, end)] == sorted(plain)
        missing = [n for n in plain if n - 1 not in plain]
        assert held.gaps == max(len(missing) - 1, 0) == max(len(held.runs) - 1, 0)


def test_a_million_in_a_row_are_one_run() -> None:
    assert Sequences().plus(range(1, 1_000_001)).plus([5]) == Sequences(((1, 1_000_001),))
