"""`alarmRules`: for operators, and for who reaches the site."""

from datetime import datetime
from decimal import Decimal
from functools import partial

import strawberry

from app.infra.keyset import PageArguments
from app.infra.tables import Stored
from app.kernel import typeid
from app.plans import shown
from read_model.devices import alarm_rules as view
from schema.context import Info
from schema.devices.enums import Direction
from schema.devices.reach import sites_of
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, listed
from write_model.devices.commands import require_site


@strawberry.type(description="A threshold on a metric, of one device or of each at a site.")
class AlarmRule:
    stored: strawberry.Private[Stored[view.AlarmRule]]
    row: strawberry.Private[view.AlarmRule]
    id: strawberry.ID = shown("row.rule_id", by=partial(typeid.encode, "rule"))
    version: int = shown("stored.version")
    site: str = shown("row.site")
    device_id: strawberry.ID | None = shown(
        "row.device_id", by=partial(typeid.encode, "device"), description="Null where it is for every device there."
    )
    metric: str = shown("row.metric")
    direction: Direction = shown("row.direction", by=Direction)
    raise_at: Decimal = shown("row.raise_at")
    clear_at: Decimal = shown("row.clear_at")
    defined_at: datetime = shown("row.defined_at")


@strawberry.type
class AlarmRuleEdge:
    cursor: str
    node: AlarmRule


@strawberry.type(description="A page of rules.")
class AlarmRuleConnection(ListPage):
    edges: list[AlarmRuleEdge]


@strawberry.type
class AlarmRulesQuery:
    @strawberry.field(
        description="The rules that hold, newest first: at the sites that you reach, or for operators at all."
    )
    async def alarm_rules(
        self,
        info: Info,
        site: str | None = None,
        first: int | None = None,
        after: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AlarmRuleConnection | None:
        reached, arguments = sites_of(info.context.asker()), PageArguments(first=first, after=after)
        if site is not None:
            require_site(site)
        find = partial(view.find, info.context.reads, reached, site, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        edges = [
            AlarmRuleEdge(
                cursor=view.NEWEST_FIRST.cursor(stored.row.defined_at, stored.row.rule_id),
                node=AlarmRule(stored=stored, row=stored.row),
            )
            for stored in found.found.nodes
        ]
        page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
        return AlarmRuleConnection(edges=edges, page_info=page_info, seen=found.freshness)
