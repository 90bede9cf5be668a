"""A ranked view and the worker that writes it, for tests of rankings."""

from dataclasses import dataclass

from app.infra.leases import Lease
from app.infra.redis_rankings import Top
from app.infra.tables import Stored
from app.kernel.view import Key
from tests.infra.stores import nothing
from tests.infra.tally import Places, Workshop, merged, progress


@dataclass
class Stand:
    """The rankings of one view, with the worker that writes them."""

    made: Workshop
    lease: Lease

    async def write(self, start: int, upto: int, *rows: dict[Key, Stored[Places]], redis: bool = True) -> None:
        """A batch, to the flat table and, unless it is away, to Redis."""
        moved = progress(self.lease, start, upto)
        await self.made.table.apply(self.made.pool, moved, merged(rows))
        if redis:
            await self.made.documents.apply(moved, merged(rows))

    async def restore(self, upto: int, since: int | None) -> int:
        return await self.made.documents.restore(self.made.pool, 0, self.lease.epoch, upto, since, nothing)

    async def top(
        self, *unions: list[str], most: int = 10, kept_ms: int = 0, position: int = 0
    ) -> tuple[int, list[Top]] | None:
        found = await self.made.documents.top(unions, most, kept_ms=kept_ms, position=position)
        return found[:2] if found else None

    async def unions(self) -> dict[str, int]:
        """What is kept of unions, and how long it still will be, in ms."""
        keys = [key async for key in self.made.redis.scan_iter("*:union:*")]
        return {key.decode(): await self.made.redis.pttl(key) for key in keys}


async def opened(made: Workshop) -> Stand:
    """The view with nothing in it, and a worker that has just begun."""
    await made.clear()
    stand = Stand(made, await made.hire("a"))
    await made.documents.claim(0, stand.lease.epoch)
    await stand.restore(0, None)
    return stand
