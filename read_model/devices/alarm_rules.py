"""The rules that watch sites and devices. Those that were dropped stay, and are not shown."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.tables import Stored
from app.kernel.messages import Recorded
from app.kernel.structs import Struct, replace
from app.kernel.view import View, own_key
from write_model.devices.events import RuleDefined, RuleDropped, RuleEvent


class AlarmRule(Struct, frozen=True, kw_only=True):
    """One rule: of a device, or where there is none, of each at the site."""

    rule_id: UUID
    site: str
    device_id: UUID | None
    metric: str
    direction: str
    raise_at: Decimal
    clear_at: Decimal
    defined_at: datetime
    dropped_at: datetime | None = None


def evolve(rule: AlarmRule | None, recorded: Recorded[Any], _: UUID) -> AlarmRule:
    """The rule after the event."""
    event: RuleEvent = recorded.event
    match event:
        case RuleDefined():
            return AlarmRule(
                rule_id=event.rule_id,
                site=event.site,
                device_id=event.device_id,
                metric=event.metric,
                direction=event.direction,
                raise_at=event.raise_at,
                clear_at=event.clear_at,
                defined_at=event.defined_at,
            )
        case RuleDropped():
            assert rule is not None
            return replace(rule, dropped_at=event.dropped_at)
        case _:
            assert_never(event)


VIEW = View(
    name="alarm_rules",
    row=AlarmRule,
    handles=get_args(RuleEvent),
    keys=own_key,
    evolve=evolve,
    indexes=("using btree (defined_at, rule_id) where dropped_at is null",),
)

NEWEST_FIRST: Final = Ordering("defined-", "defined_at", "rule_id", datetime, descending=True)


async def find(
    reads: ReadModels, reached: frozenset[str] | None, site: str | None, arguments: PageArguments
) -> Page[Stored[AlarmRule]]:
    """A page of the rules that hold, newest first, of the sites that are reached (None: of all), or one of them."""
    table, query = reads.table(VIEW), KeysetQuery(NEWEST_FIRST, arguments)
    given = [("site = any({})", sorted(reached) if reached is not None else None), ("site = {}", site)]
    asked = [(test, value) for test, value in given if value is not None]
    conditions = [test.format(f"${n}") for n, (test, _) in enumerate(asked, 1)]
    parameters: list[Any] = [value for _, value in asked]
    tail = query.tail([*conditions, "dropped_at is null"], parameters)
    rows = await reads.fetch(f"select {table.selected} from {table.table} present {tail}", *parameters)
    return query.page(rows, table.stored)
