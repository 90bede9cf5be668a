"""Rules in their table, and which alarms are open because of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import asyncpg
import msgspec

from app.infra.unit_of_work import Work
from write_model.devices.alarms import Rule, evolve
from write_model.devices.commands import Direction
from write_model.devices.events import RuleDefined, RuleDropped, RuleEvent

_LOCK = """
select rule_id from write.alarm_rules where rule_id = any($1::uuid[]) order by rule_id for update {waiting}
"""
_LOCK_STATES = """
select rule_id from write.alarm_states where rule_id = any($1::uuid[]) order by device_id for update {waiting}
"""
_FIND = """
select rule_id, site, device_id, metric, direction, raise_at, clear_at, version,
    (select json_agg(json_build_array(device_id, alarm_id)) from write.alarm_states s where s.rule_id = r.rule_id)
    as states
from write.alarm_rules r where rule_id = any($1::uuid[])
"""
_DEFINE = """
insert into write.alarm_rules (rule_id, site, device_id, metric, direction, raise_at, clear_at, version)
values ($1, $2, $3, $4, $5, $6, $7, 1)
"""
_FORGET_STATES = """
delete from write.alarm_states s using unnest($2::uuid[], $3::uuid[]) as known (device_id, alarm_id)
where s.rule_id = $1 and s.device_id = known.device_id and s.alarm_id is not distinct from known.alarm_id
"""
"""Those that are as they were read: one that has changed since stays, and its key does not let the rule go."""

_FORGET = "delete from write.alarm_rules where rule_id = $1"

_states = msgspec.json.Decoder(list[tuple[UUID, UUID | None]]).decode


@dataclass(frozen=True, slots=True)
class Watching:
    """A rule, and by device the alarm that is open because of it, or None where one was."""

    rule: Rule
    states: Sequence[tuple[UUID, UUID | None]]

    @property
    def open_alarms(self) -> list[UUID]:
        """All of them."""
        return [alarm for _, alarm in self.states if alarm is not None]


class Rules:
    """Loads and saves rules within one command's work. A rule that was dropped is not in the table any more."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, rule_id: UUID) -> Rule | None:
        """None, as for an id that was just made; if the table knew better when it was written, the rule."""
        found = await self.load(rule_id) if self._work.locking else None
        return found.rule if found else None

    async def load(self, rule_id: UUID) -> Watching | None:
        """The rule, whatever version the client expects of it; nobody raises or clears by it if this work locks."""
        await self._work.lock(_LOCK, [rule_id])
        if self._work.locking:
            await self._work.lock(_LOCK_STATES, [rule_id])
        row = await self._work.row(_FIND, rule_id)
        return Watching(_rule(row), _states(row["states"] or "[]")) if row else None

    def save(self, rule_id: UUID, watching: Watching | None, events: Sequence[RuleEvent]) -> None:
        """Queues what the events say for the table, and hands them to the log."""
        rule = watching.rule if watching else None
        version = rule.version if rule else 0
        for event in events:
            rule = evolve(rule, event)
            self._write(event, watching)
        self._work.record("rule", rule_id, version, events)

    def _write(self, event: RuleEvent, watching: Watching | None) -> None:
        match event:
            case RuleDefined():
                thresholds = (event.direction, event.raise_at, event.clear_at)
                self._work.write(_DEFINE, event.rule_id, event.site, event.device_id, event.metric, *thresholds)
            case RuleDropped():
                assert watching is not None
                devices, alarms = [list(each) for each in zip(*watching.states, strict=True)] or ([], [])
                self._work.write(_FORGET_STATES, event.rule_id, devices, alarms)
                self._work.write(_FORGET, event.rule_id)
            case _:
                assert_never(event)


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        rule_id=row["rule_id"],
        site=row["site"],
        device_id=row["device_id"],
        metric=row["metric"],
        direction=Direction(row["direction"]),
        raise_at=row["raise_at"],
        clear_at=row["clear_at"],
        version=row["version"],
    )
