"""`device(id)` and `devices`: for operators, and for who reaches the site."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated

import strawberry

from app.infra.keyset import PageArguments
from app.infra.tables import Stored
from app.kernel import typeid
from app.kernel.clock import now
from app.kernel.errors import InvalidValue
from app.kernel.values import require_text
from app.plans import shown
from read_model.devices import device as view
from schema.context import Info
from schema.devices.enums import DeviceSort
from schema.devices.reach import sees, sites_of
from schema.lists import ListPage, PageInfo
from schema.reading import MinVersion, Token, WaitMs, decode_id, listed, read
from schema.scalars import BigInt
from schema.values import Node, Processing
from write_model.devices.commands import require_site


@strawberry.type(description="Something worth knowing of a device, under a name.")
class DeviceMetadatum:
    name: str
    value: str


@strawberry.type(description="The newest reading of a metric, by the device's clock.")
class LatestReading:
    metric: str
    value: Decimal
    at: datetime
    sequence: BigInt

    @classmethod
    def of(cls, metric: str, reading: view.LastReading) -> "LatestReading":
        """The reading as clients see it."""
        return cls(metric=metric, value=reading.value, at=reading.at, sequence=BigInt(reading.sequence))


@strawberry.type(description="A device, and what it said last.")
class Device(Node):
    stored: strawberry.Private[Stored[view.Device]]
    row: strawberry.Private[view.Device]
    id: strawberry.ID = shown("row.device_id", by=partial(typeid.encode, "device"))
    version: int = shown("stored.version")
    kind: str = shown("row.kind")
    site: str = shown("row.site")
    registered_at: datetime = shown("row.registered_at")
    last_seen_at: datetime = shown(
        "row.last_seen_at", description="When it delivered something last, and before that when it was registered."
    )
    retired_at: datetime | None = shown("row.retired_at")
    reports: BigInt = shown("row.reports", description="Batches that it delivered, those of nothing new included.")
    readings: BigInt = shown("row.readings", description="Readings that it delivered, each counted once.")

    @strawberry.field
    def metadata(self) -> list[DeviceMetadatum]:
        return [DeviceMetadatum(name=name, value=value) for name, value in sorted(self.row.metadata.items())]

    @strawberry.field(description="Whether it is in use and has delivered something in the last so many seconds.")
    def online(self, within_seconds: int = 300) -> bool:
        if not 1 <= within_seconds <= 86_400:
            raise InvalidValue("withinSeconds must be between 1 and 86,400.", field="withinSeconds")
        return self.row.is_online(now(), timedelta(seconds=within_seconds))

    @strawberry.field(description="The newest reading of all; null before the first.")
    def last_reading(self) -> LatestReading | None:
        newest = max(self.row.latest.items(), key=lambda each: (each[1].at, each[1].sequence), default=None)
        return LatestReading.of(*newest) if newest else None

    @strawberry.field(description="The newest reading of each metric, by the metric's name.")
    def latest(self) -> list[LatestReading]:
        return [LatestReading.of(metric, reading) for metric, reading in sorted(self.row.latest.items())]

    @classmethod
    def of(cls, stored: Stored[view.Device]) -> "Device":
        """The device as clients see it."""
        return cls(stored=stored, row=stored.row)


DeviceResult = Annotated[Device | Processing, strawberry.union("DeviceResult")]


async def get(
    info: Info,
    id: strawberry.ID,
    min_version: MinVersion = None,
    token: Token = None,
    wait_ms: WaitMs = None,
) -> DeviceResult | None:
    """The device; None where there is none that is the asker's to see."""
    asker, key = info.context.asker(), decode_id("device", id, "id")
    wanted = info.context.wanted(min_version=min_version, token=token, wait_ms=wait_ms)
    found = await read(info, view.VIEW, key, wanted)
    if not isinstance(found, Stored):
        return found
    return Device.of(found) if sees(asker, found.row.site) else None


@strawberry.type
class DeviceEdge:
    cursor: str
    node: Device


@strawberry.type(description="A page of devices.")
class DeviceConnection(ListPage):
    edges: list[DeviceEdge]
    wanted: strawberry.Private[view.DeviceFilter]

    @strawberry.field(description="How many devices pass the filter, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await view.count(info.context.reads, self.wanted)


@strawberry.input(description="Every given condition must hold.")
class DeviceFilter:
    site: str | None = None
    kind: str | None = None
    with_retired: bool = strawberry.field(default=False, description="Whether to show those out of use as well.")

    def value(self, reached: frozenset[str] | None) -> view.DeviceFilter:
        """The filter as the view takes it. Raises InvalidValue."""
        if self.site is not None:
            require_site(self.site)
        if self.kind is not None:
            require_text(self.kind, "kind", at_most=100)
        return view.DeviceFilter(reached=reached, site=self.site, kind=self.kind, with_retired=self.with_retired)


@strawberry.type
class DeviceQuery:
    device: DeviceResult | None = strawberry.field(
        resolver=get, description="One device; null if there is no such one, or it is not yours to see."
    )

    @strawberry.field(description="Devices, a page at a time: at the sites that you reach, or for operators at all.")
    async def devices(
        self,
        info: Info,
        filter: DeviceFilter | None = None,
        sort: DeviceSort = DeviceSort.REGISTERED_DESC,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> DeviceConnection | None:
        wanted = (filter or DeviceFilter()).value(sites_of(info.context.asker()))
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        find = partial(view.find, info.context.reads, wanted, sort, arguments)
        found = await listed(info, (view.VIEW,), token, wait_ms, find)
        column, page = sort.value.column, found.found
        edges = [
            DeviceEdge(
                cursor=sort.value.cursor(getattr(stored.row, column), stored.row.device_id), node=Device.of(stored)
            )
            for stored in page.nodes
        ]
        page_info = PageInfo.of(page, [edge.cursor for edge in edges])
        return DeviceConnection(edges=edges, page_info=page_info, seen=found.freshness, wanted=wanted)
