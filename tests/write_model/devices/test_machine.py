"""Devices in any history against a plain model: a set of numbers, a list of readings, and a loop over all of them."""

from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.kernel.clock import new_id
from tests.write_model.devices.telemetry import AT, REGISTER, THERMOMETER, later
from write_model.devices.aggregate import Device, decide, evolve
from write_model.devices.alarms import Rule
from write_model.devices.commands import Direction, Measurement, ReportTelemetry
from write_model.devices.events import AlarmCleared, AlarmRaised, TelemetryReported

METRICS = ("temperature", "humidity")


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    """The number says what the reading is, so that one that comes again is the same."""
    sequence = draw(st.integers(1, 40))
    mixed = sequence * 2_654_435_761 % 2**32
    return Measurement(
        sequence=sequence,
        metric=METRICS[mixed % 2],
        value=Decimal(mixed // 2 % 41),
        at=later(mixed // 100 % 20),
    )


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    low, high = sorted(draw(st.lists(st.integers(0, 40), min_size=2, max_size=2)))
    direction = draw(st.sampled_from(Direction))
    raise_at, clear_at = (high, low) if direction is Direction.ABOVE else (low, high)
    return Rule(
        rule_id=new_id(),
        site="leeds",
        device_id=draw(st.sampled_from([None, THERMOMETER])),
        metric=draw(st.sampled_from(METRICS)),
        direction=direction,
        raise_at=Decimal(raise_at),
        clear_at=Decimal(clear_at),
    )


class Histories(RuleBasedStateMachine):
    """Batches come and rules are defined; the model keeps everything and works it out by going through it."""

    @initialize()
    def register(self) -> None:
        self.log: list[Any] = list(decide(None, REGISTER))
        self.watching: list[Rule] = []
        self.delivered: dict[int, Measurement] = {}
        self.latest: dict[str, tuple[datetime, int]] = {}
        self.open: dict[UUID, int] = {}

    @property
    def device(self) -> Device:
        state: Any = reduce(evolve, self.log, None)
        assert isinstance(state, Device)
        return state

    @rule(batch=st.lists(measurements(), min_size=1, max_size=15))
    def report(self, batch: list[Measurement]) -> None:
        command = ReportTelemetry(at=later(60), device_id=THERMOMETER, readings=tuple(batch))
        reported, *alarms = decide(self.device, command, self.watching)
        assert isinstance(reported, TelemetryReported)
        new = {each.sequence: each for each in batch if each.sequence not in self.delivered}
        assert {each.sequence for each in reported.readings} == new.keys()
        assert reported.duplicates == len(batch) - len(new)
        self.delivered |= new
        assert sorted(map(_told, alarms), key=str) == sorted(self._expected(new), key=str)
        times = [_at(each) for each in alarms]
        assert times == sorted(times)
        self.log += [reported, *alarms]

    def _expected(self, new: dict[int, Measurement]) -> list[tuple[str, UUID, int]]:
        """What each rule says, one reading after the other, by the clock of the device."""
        found = []
        for each in sorted(new.values(), key=lambda each: (each.at, each.sequence)):
            if (each.at, each.sequence) < self.latest.get(each.metric, (AT, 0)):
                continue
            self.latest[each.metric] = each.at, each.sequence
            for one in [one for one in self.watching if one.metric == each.metric]:
                up = one.direction is Direction.ABOVE
                if one.rule_id not in self.open:
                    if each.value > one.raise_at if up else each.value < one.raise_at:
                        self.open[one.rule_id] = each.sequence
                        found.append(("raised", one.rule_id, each.sequence))
                elif each.value <= one.clear_at if up else each.value >= one.clear_at:
                    del self.open[one.rule_id]
                    found.append(("cleared", one.rule_id, each.sequence))
        return found

    @precondition(lambda self: len(self.watching) < 4)
    @rule(added=rules())
    def define(self, added: Rule) -> None:
        self.watching.append(added)

    @invariant()
    def the_fold_is_what_was_delivered(self) -> None:
        device = self.device
        assert {n for n in range(50) if n in device.delivered} == self.delivered.keys()
        assert device.newest == self.latest
        assert device.alarms.keys() == self.open.keys()
        assert device.version == len(self.log)


def _told(event: Any) -> tuple[str, UUID, int | None]:
    return ("raised" if isinstance(event, AlarmRaised) else "cleared"), event.rule_id, event.sequence


def _at(event: Any) -> datetime:
    assert isinstance(event, AlarmRaised | AlarmCleared)
    return event.raised_at if isinstance(event, AlarmRaised) else event.cleared_at


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
