"""The read stores as their contract sees them: something that takes over a shard, applies batches and shows them."""

from typing import Any, ClassVar
from uuid import UUID

from app.infra.leases import Lease
from app.infra.table_views import Progress
from app.infra.tables import Stored
from app.kernel.clock import new_id
from app.kernel.view import Key, View
from tests.infra.tally import RANKED, REMEMBERED, VIEW, Mover, Workshop, places, row

A, B = new_id(), new_id()

Rows = dict[Key, Stored[Any]]


async def nothing() -> None:
    """No lease to keep alive."""


class TableStore:
    """The flat table."""

    view: ClassVar[View[Any]] = VIEW

    def __init__(self, made: Workshop) -> None:
        self.made = made

    async def take_over(self, lease: Lease) -> None:
        """The lease is all that the table looks at."""

    def row(self, key: UUID, *positions: int) -> Rows:
        """A row as the view leaves it after these positions."""
        return {**row(key, *positions)}

    async def apply(self, moved: Progress, rows: Rows) -> None:
        await self.made.table.apply(self.made.pool, moved, rows)

    def shown(self, rows: Rows) -> Any:
        """What `contents` shows of these rows."""
        return rows

    async def contents(self) -> tuple[int, Any]:
        """The checkpoint, and what it stands for."""
        return await self.made.checkpoint(), await self.made.rows()


class EntityStore(TableStore):
    """The flat table with the table of entities beneath it."""

    view = REMEMBERED

    async def apply(self, moved: Progress, rows: Rows) -> None:
        await self.made.table.apply(self.made.pool, moved, rows, movers(rows))

    def shown(self, rows: Rows) -> Any:
        return rows, movers(rows)

    async def contents(self) -> tuple[int, Any]:
        return await self.made.checkpoint(), (await self.made.rows(), await self.made.entities())


class DocumentStore(TableStore):
    """The documents in Redis."""

    async def take_over(self, lease: Lease) -> None:
        if await self.made.documents.claim(0, lease.epoch) is None:
            await self.made.documents.restore(self.made.pool, 0, lease.epoch, 0, None, nothing)

    async def apply(self, moved: Progress, rows: Rows) -> None:
        await self.made.documents.apply(moved, rows)

    async def contents(self) -> tuple[int, Any]:
        read = {key: await self.made.documents.read(key) for key in (A, B)}
        checkpoint = read[A][0]
        assert checkpoint is not None
        return checkpoint, {key: document for key, (_, document, _) in read.items() if document is not None}


class RankingStore(DocumentStore):
    """The sorted sets in Redis."""

    view = RANKED

    def row(self, key: UUID, *positions: int) -> Rows:
        return {**places(str(key), positions[-1], moves=len(positions), latest=positions[-1])}

    def shown(self, rows: Rows) -> Any:
        shown: dict[str, dict[str, float]] = {}
        for stored in rows.values():
            for ranking, score in stored.row.scores.items():
                shown.setdefault(ranking, {})[stored.row.name] = score
        return shown

    async def contents(self) -> tuple[int, Any]:
        checkpoint = await self.made.redis.get(f"{self.made.prefix}:{self.view.name}:1:0:checkpoint")
        assert checkpoint is not None
        return int(checkpoint), await self.made.ranked()


STORES: tuple[type[TableStore], ...] = (TableStore, EntityStore, DocumentStore, RankingStore)


def movers(rows: Rows) -> Rows:
    """The entities that such rows come with."""
    return {
        key: Stored(Mover(customer_id=key, moves=len(stored.row.positions)), stored.version, stored.position)
        for key, stored in rows.items()
        if isinstance(key, UUID)
    }
