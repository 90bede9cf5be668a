"""Pulses, on a clock that the test turns."""

import pytest

from app.kernel import pulse as pulse_module
from app.kernel.pulse import HANGS_AFTER_S, Pulses


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


def test_a_loop_hangs_when_it_has_not_turned_for_longer_than_the_limit(clock: Clock) -> None:
    pulses = Pulses()
    with pulses.of("loop") as pulse:
        clock.now += HANGS_AFTER_S
        assert pulses.hanging() == []
        clock.now += 0.001
        assert pulses.hanging() == ["loop"]
        pulse.beat()
        assert (pulses.hanging(), pulses.ages_s()) == ([], {"loop": 0.0})


def test_a_loop_that_is_over_does_not_hang(clock: Clock) -> None:
    pulses = Pulses()
    with pulses.of("loop"):
        pass
    clock.now += 2 * HANGS_AFTER_S
    assert (pulses.hanging(), pulses.ages_s()) == ([], {})


def test_a_loop_that_rests_does_not_hang_until_somebody_wants_something_of_it(clock: Clock) -> None:
    pulses = Pulses()
    pulse = pulses.add("loop")
    pulse.rest()
    clock.now += 2 * HANGS_AFTER_S
    assert pulses.hanging() == []
    pulse.beat()
    clock.now += 2 * HANGS_AFTER_S
    assert pulses.hanging() == ["loop"]


def test_a_loop_that_hangs_is_not_hidden_by_the_one_that_follows_it(clock: Clock) -> None:
    pulses = Pulses()
    hanging = pulses.add("loop")
    clock.now += 2 * HANGS_AFTER_S
    with pulses.of("loop"):
        assert pulses.hanging() == ["loop"]
        pulses.remove(hanging)
        assert pulses.hanging() == []
