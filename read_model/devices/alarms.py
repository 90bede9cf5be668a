"""Alarms, open and past."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, assert_never
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View
from write_model.devices.events import AlarmCleared, AlarmRaised, RuleDropped


class Ending(StrEnum):
    """What ended an alarm."""

    READING = "READING"
    RULE_DROPPED = "RULE_DROPPED"
    DEVICE_RETIRED = "DEVICE_RETIRED"


class Alarm(Struct, frozen=True, kw_only=True):
    """One alarm, with the rule that raised it as it was then. `raised_at` is by the device's clock, as is
    `cleared_at` where a reading cleared it."""

    alarm_id: UUID
    rule_id: UUID
    device_id: UUID
    site: str
    metric: str
    direction: str
    raise_at: Decimal
    clear_at: Decimal
    value: Decimal
    raised_at: datetime
    cleared_at: datetime | None = None
    cleared_by: str | None = None
    cleared_value: Decimal | None = None


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    """The alarm, or all that end with their rule."""
    event: AlarmRaised | AlarmCleared | RuleDropped = recorded.event
    return event.cleared if isinstance(event, RuleDropped) else (event.alarm_id,)


def evolve(alarm: Alarm | None, recorded: Recorded[Any], _: UUID) -> Alarm | None:
    """The alarm after the event; None for the end of one whose beginning could not be applied."""
    event: AlarmRaised | AlarmCleared | RuleDropped = recorded.event
    match event:
        case AlarmRaised():
            return _raised(event)
        case AlarmCleared():
            end = {"cleared_at": event.cleared_at, "cleared_by": event.reason, "cleared_value": event.value}
            return replace(alarm, **end) if alarm else None
        case RuleDropped():
            return replace(alarm, cleared_at=event.dropped_at, cleared_by=Ending.RULE_DROPPED.value) if alarm else None
        case _:
            assert_never(event)


def _raised(event: AlarmRaised) -> Alarm:
    return Alarm(
        alarm_id=event.alarm_id,
        rule_id=event.rule_id,
        device_id=event.device_id,
        site=event.site,
        metric=event.metric,
        direction=event.direction,
        raise_at=event.raise_at,
        clear_at=event.clear_at,
        value=event.value,
        raised_at=event.raised_at,
    )


VIEW = View(
    name="alarms",
    row=Alarm,
    handles=(AlarmRaised, AlarmCleared, RuleDropped),
    keys=keys,
    evolve=evolve,
    indexes=(
        "raised_at, alarm_id",
        "site, raised_at, alarm_id",
        "device_id, raised_at, alarm_id",
        "using btree (site, raised_at, alarm_id) where cleared_at is null",
        "position, alarm_id",
    ),
)


class AlarmSort(Enum):
    """How a list of alarms is sorted; equals by their ids."""

    RAISED_DESC = Ordering("raised-", "raised_at", "alarm_id", datetime, descending=True)
    RAISED_ASC = Ordering("raised+", "raised_at", "alarm_id", datetime, descending=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which alarms: every given condition holds. `reached` are the sites that may be seen at all, None for all."""

    reached: frozenset[str] | None = None
    site: str | None = None
    device_id: UUID | None = None
    metric: str | None = None
    is_open: bool | None = None

    def conditions(self) -> tuple[list[str], list[Any]]:
        """SQL conditions, and their parameters from $1 on."""
        given = [
            ("site = any({})", sorted(self.reached) if self.reached is not None else None),
            ("site = {}", self.site),
            ("device_id = {}", self.device_id),
            ("metric = {}", self.metric),
        ]
        asked = [(test, value) for test, value in given if value is not None]
        tests = [test.format(f"${n}") for n, (test, _) in enumerate(asked, 1)]
        if self.is_open is not None:
            tests.append(f"cleared_at is {'' if self.is_open else 'not '}null")
        return tests, [value for _, value in asked]


async def find(
    reads: ReadModels, wanted: AlarmFilter, sort: AlarmSort, arguments: PageArguments
) -> Page[Stored[Alarm]]:
    """A page of the alarms that pass the filter."""
    table, query = reads.table(VIEW), KeysetQuery(sort.value, arguments)
    conditions, parameters = wanted.conditions()
    tail = query.tail(conditions, parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)


async def count(reads: ReadModels, wanted: AlarmFilter) -> int:
    """How many alarms pass the filter."""
    conditions, parameters = wanted.conditions()
    where = f"where {' and '.join(conditions)}" if conditions else ""
    found: int = await reads.fetchval(f"select count(*) from {reads.table(VIEW).table} {where}", *parameters)
    return found


Change = tuple[int, UUID]
"""Where an alarm stands among those that changed: by the position of what changed it, and its id."""


async def changed(reads: ReadModels, wanted: AlarmFilter, after: Change, most: int) -> list[Stored[Alarm]]:
    """The alarms that pass the filter and changed after a place, in the order of their latest changes."""
    table = reads.table(VIEW)
    conditions, parameters = wanted.conditions()
    n = len(parameters)
    where = " and ".join([*conditions, f"(position, alarm_id) > (${n + 1}, ${n + 2})"])
    rows = await reads.fetch(
        f"select {table.selected} from {table.table} present where {where} order by position, alarm_id limit {most}",
        *parameters,
        *after,
    )
    return [table.stored(row) for row in rows]
