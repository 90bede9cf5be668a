"""Pulses, on a clock that the test turns."""

import pytest

from app.kernel import pulse as pulse_module
from app.kernel.pulse import DEAD_AFTER_S, Pulses


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pulse_module, "time", clock)
    return clock


def test_a_loop_is_dead_when_it_has_not_turned_for_longer_than_the_limit(clock: Clock) -> None:
    pulses = Pulses()
    with pulses.of("loop") as pulse:
        clock.now += DEAD_AFTER_S
        assert pulses.dead() == []
        clock.now += 0.001
        assert pulses.dead() == ["loop"]
        pulse.beat()
        assert (pulses.dead(), pulses.ages_s()) == ([], {"loop": 0.0})


def test_a_loop_that_is_over_is_not_dead(clock: Clock) -> None:
    pulses = Pulses()
    with pulses.of("loop"):
        pass
    clock.now += 2 * DEAD_AFTER_S
    assert (pulses.dead(), pulses.ages_s()) == ([], {})


def test_a_loop_that_rests_is_not_dead_until_somebody_wants_something_of_it(clock: Clock) -> None:
    pulses = Pulses()
    pulse = pulses.add("loop")
    pulse.rest()
    clock.now += 2 * DEAD_AFTER_S
    assert pulses.dead() == []
    pulse.beat()
    clock.now += 2 * DEAD_AFTER_S
    assert pulses.dead() == ["loop"]


def test_a_loop_that_hangs_is_not_hidden_by_the_one_that_follows_it(clock: Clock) -> None:
    pulses = Pulses()
    hanging = pulses.add("loop")
    clock.now += 2 * DEAD_AFTER_S
    with pulses.of("loop"):
        assert pulses.dead() == ["loop"]
        pulses.remove(hanging)
        assert pulses.dead() == []
