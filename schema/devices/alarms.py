"""`alarms` and `alarmChanged`: for operators, and for who reaches the site."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

import strawberry

from app.infra.hints import wait
from app.infra.keyset import PageArguments
from app.infra.tables import Stored
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.plans import shown
from read_model.devices import alarms as view
from schema.context import Info
from schema.devices.enums import AlarmSort, Direction, Ending
from schema.devices.reach import sites_of
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, decode_optional_id, listed
from write_model.devices.commands import require_metric, require_site

_POLL_S: Final = 1.0
_AT_ONCE: Final = 100
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)


@strawberry.type(description="An alarm, with the rule that raised it as it was then.")
class Alarm:
    row: strawberry.Private[view.Alarm]
    id: strawberry.ID = shown("row.alarm_id", by=partial(typeid.encode, "alarm"))
    rule_id: strawberry.ID = shown("row.rule_id", by=partial(typeid.encode, "rule"))
    device_id: strawberry.ID = shown("row.device_id", by=partial(typeid.encode, "device"))
    site: str = shown("row.site")
    metric: str = shown("row.metric")
    direction: Direction = shown("row.direction", by=Direction)
    raise_at: Decimal = shown("row.raise_at")
    clear_at: Decimal = shown("row.clear_at")
    value: Decimal = shown("row.value", description="The reading that raised it.")
    raised_at: datetime = shown("row.raised_at", description="By the device's clock.")
    cleared_at: datetime | None = shown(
        "row.cleared_at", description="Null as long as it is open; by the device's clock where a reading cleared it."
    )
    cleared_by: Ending | None = shown("row.cleared_by", by=Ending)
    cleared_value: Decimal | None = shown("row.cleared_value", description="The reading that cleared it, if one did.")


@strawberry.type
class AlarmEdge:
    cursor: str
    node: Alarm


@strawberry.type(description="A page of alarms.")
class AlarmConnection(ListPage):
    edges: list[AlarmEdge]
    wanted: strawberry.Private[view.AlarmFilter]

    @strawberry.field(description="How many alarms pass the filter, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await view.count(info.context.reads, self.wanted)


@strawberry.input(description="Every given condition must hold.")
class AlarmFilter:
    site: str | None = None
    device_id: strawberry.ID | None = None
    metric: str | None = None
    open: bool | None = strawberry.field(default=None, description="True for open alarms, false for past ones.")

    def value(self, reached: frozenset[str] | None) -> view.AlarmFilter:
        """The filter as the view takes it. Raises a Refusal."""
        if self.metric is not None:
            require_metric(self.metric)
        wanted = _of(reached, self.site, self.device_id)
        return replace(wanted, metric=self.metric, is_open=self.open)


def _of(reached: frozenset[str] | None, site: str | None, device_id: str | None) -> view.AlarmFilter:
    if site is not None:
        require_site(site)
    return view.AlarmFilter(reached=reached, site=site, device_id=decode_optional_id("device", device_id, "deviceId"))


@strawberry.type
class AlarmsQuery:
    @strawberry.field(
        description="Alarms, open and past, a page at a time: at the sites that you reach, or for operators at all."
    )
    async def alarms(
        self,
        info: Info,
        filter: AlarmFilter | None = None,
        sort: AlarmSort = AlarmSort.RAISED_DESC,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AlarmConnection | None:
        wanted = (filter or AlarmFilter()).value(sites_of(info.context.asker()))
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, info.context.reads, wanted, sort, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        edges = [
            AlarmEdge(cursor=sort.value.cursor(stored.row.raised_at, stored.row.alarm_id), node=Alarm(row=stored.row))
            for stored in found.found.nodes
        ]
        page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
        return AlarmConnection(edges=edges, page_info=page_info, seen=found.freshness, wanted=wanted)


@strawberry.type
class AlarmSubscription:
    @strawberry.subscription(
        description="The open alarms of a site or of a device, and then each alarm when it is raised or over. Of "
        "changes that follow one another at once, the last may stand for all."
    )
    async def alarm_changed(
        self, info: Info, site: str | None = None, device_id: strawberry.ID | None = None
    ) -> AsyncGenerator[Alarm, None]:
        info.context.asker()
        if (site is None) == (device_id is None):
            raise InvalidValue("Say whose with deviceId or with site, one of them.", field="deviceId")
        async for stored in _changes(info, site, device_id):
            yield Alarm(row=stored.row)


async def _changes(info: Info, site: str | None, device_id: str | None) -> AsyncGenerator[Stored[view.Alarm], None]:
    """Those that are open where the view stands now, and whatever changes from there on."""
    reads = info.context.reads
    with reads.hints.subscribed(view.VIEW.name) as woken:
        begun = (await reads.freshness(view.VIEW)).position
        after, is_open = (0, _FIRST), True
        while True:
            wanted = replace(_of(sites_of(info.context.asker()), site, device_id), is_open=is_open or None)
            found = await view.changed(reads, wanted, after, _AT_ONCE)
            for stored in found:
                after = stored.position, stored.row.alarm_id
                if not is_open or stored.position <= begun:
                    yield stored
            if is_open and (len(found) < _AT_ONCE or after[0] > begun):
                after, is_open = (begun, _LAST), False
            elif len(found) < _AT_ONCE:
                await wait(woken, _POLL_S)
