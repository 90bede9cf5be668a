"""Views as ready-made documents in Redis, each over a flat table that can restore them.

Keys: `<prefix>:<view>:<generation>:<shard>:checkpoint` and `…:epoch`, `<prefix>:<view>:<generation>:doc:<key>`.
Documents and checkpoint are written by one script, so a read of both in one MGET tells how fresh the document is. A
checkpoint that is missing means that Redis lost the shard: readers then ask the flat table, and the shard's worker
restores it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import msgspec
import redis.asyncio as aioredis

from app.infra.db import Pool
from app.infra.event_log import encode
from app.infra.table_views import Fenced, Progress, Stored, TableView
from app.kernel.view import Key

Row = TypeVar("Row")

_RESTORE_CHUNK = 500

_FENCE = """
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if epoch > tonumber(ARGV[1]) then return 'fenced' end
"""

_CLAIM = (
    _FENCE
    + """
redis.call('SET', KEYS[2], ARGV[1])
return redis.call('GET', KEYS[1])
"""
)

_APPLY = (
    _FENCE
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 'lost' end
for n = 3, #KEYS do redis.call('SET', KEYS[n], ARGV[n + 2]) end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[3])
return 'applied'
"""
)

_RESTORE = (
    _FENCE
    + """
redis.call('SET', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
for n = 3, #KEYS do redis.call('SET', KEYS[n], ARGV[n - 1]) end
return 'restored'
"""
)

_OPEN = (
    _FENCE
    + """
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return 'open'
"""
)


KeepAlive = Callable[[], Awaitable[object]]


class Lost(Exception):
    """Redis does not hold the checkpoint that the worker left there; the shard has to be restored."""


class DocumentView(Generic[Row]):
    """One generation of a view's documents."""

    def __init__(self, redis: aioredis.Redis, prefix: str, table: TableView[Row]) -> None:
        self._redis, self.table, self.view = redis, table, table.view
        self._base = f"{prefix}:{table.view.name}:{table.generation}:"
        self._channel = f"{prefix}:hint:{table.view.name}"
        self._decode = msgspec.json.Decoder(Stored[table.view.row]).decode  # type: ignore[name-defined]
        self._claim = redis.register_script(_CLAIM)
        self._apply = redis.register_script(_APPLY)
        self._restore = redis.register_script(_RESTORE)
        self._open = redis.register_script(_OPEN)

    async def read(self, key: Key) -> tuple[int | None, Stored[Row] | None]:
        """The checkpoint of the key's shard (None: lost) and the document, out of one moment."""
        checkpoint, document = await self._redis.mget(
            f"{self._base}{self.view.shard_of(key)}:checkpoint", f"{self._base}doc:{key}"
        )
        if checkpoint is None:
            return None, None
        return int(checkpoint), self._decode(document) if document is not None else None

    async def read_many(self, keys: Collection[Key]) -> tuple[int | None, dict[Key, Stored[Row]]]:
        """The least checkpoint of these keys' shards (None: one is lost), and the documents there are."""
        shards = {self.view.shard_of(key) for key in keys}
        asked = [f"{self._base}{shard}:checkpoint" for shard in shards] + [self._document_key(key) for key in keys]
        answers = await self._redis.mget(asked)
        checkpoints, documents = answers[: len(shards)], answers[len(shards) :]
        found = {key: self._decode(each) for key, each in zip(keys, documents, strict=True) if each is not None}
        return None if None in checkpoints else min(map(int, checkpoints)), found

    async def claim(self, shard: int, epoch: int) -> int | None:
        """Shuts out older epochs, and tells the checkpoint (None: lost). Raises Fenced when a newer epoch was here."""
        answer = await self._claim(keys=self._shard_keys(shard), args=[epoch])
        _require_unfenced(answer)
        return int(answer) if answer is not None else None

    async def apply(self, progress: Progress, rows: Mapping[Key, Stored[Row]]) -> None:
        """Writes documents and checkpoint in one script. Raises Fenced or Lost, and writes nothing then."""
        keys = [*self._shard_keys(progress.shard), *(self._document_key(key) for key in rows)]
        head: list[Any] = [progress.epoch, progress.start, progress.upto, self._channel]
        answer = await self._apply(keys=keys, args=[*head, *map(encode, rows.values())])
        _require_unfenced(answer)
        if answer == b"lost":
            raise Lost(f"{self._base}{progress.shard}")

    async def restore(
        self, pool: Pool, shard: int, epoch: int, upto: int, since: int | None, keep_alive: KeepAlive
    ) -> int:
        """Copies the shard's rows after position `since` (None: all) from the flat table, which must rest at `upto`.

        Readers are sent to the flat table meanwhile. `keep_alive` is awaited between chunks, since all of them may take
        longer than a lease lives. Returns the number of documents written; raises Fenced.
        """
        copied = 0
        async with pool.acquire() as connection, connection.transaction():
            cursor = await connection.cursor(self._rows_of_shard, shard, -1 if since is None else since)
            while records := await cursor.fetch(_RESTORE_CHUNK):
                rows = {record[self.view.key]: self.table.stored(record) for record in records}
                await self._restore_chunk(shard, epoch, rows)
                copied += len(rows)
                await keep_alive()
        _require_unfenced(await self._open(keys=self._shard_keys(shard), args=[epoch, upto, self._channel]))
        return copied

    async def _restore_chunk(self, shard: int, epoch: int, rows: Mapping[Key, Stored[Row]]) -> None:
        keys = [*self._shard_keys(shard), *(self._document_key(key) for key in rows)]
        _require_unfenced(await self._restore(keys=keys, args=[epoch, *map(encode, rows.values())]))

    @property
    def _rows_of_shard(self) -> str:
        return f"select {self.table.selected} from {self.table.table} present where shard = $1 and position > $2"

    def _shard_keys(self, shard: int) -> list[str]:
        return [f"{self._base}{shard}:checkpoint", f"{self._base}{shard}:epoch"]

    def _document_key(self, key: Key) -> str:
        return f"{self._base}doc:{key}"


def _require_unfenced(answer: Any) -> None:
    if answer == b"fenced":
        raise Fenced("a newer epoch writes to Redis")
