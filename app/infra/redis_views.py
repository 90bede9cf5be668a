"""Views in Redis, as ready-made documents and as sorted sets, each over a flat table that can restore them.

Keys: `<prefix>:<view>:<generation>:<shard>:checkpoint` and `…:epoch`, and beneath `<prefix>:<view>:<generation>:`
`doc:<key>` for documents, `rank:<name>` for sorted sets. All of a batch is written by one script with its checkpoint,
so a read of both at one moment tells how fresh the answer is. What is written is what holds now, never an increment:
writing it twice changes nothing. A checkpoint that is missing means that Redis lost the shard: readers then ask the
flat table, and the shard's worker restores it.

A checkpoint may say that something of the shard is parked (see `redis_checkpoints`); the document of a parked aggregate
is empty, and readers ask the flat table for it.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec
import redis.asyncio as aioredis

from app.infra import redis_checkpoints, redis_scripts
from app.infra.db import Pool
from app.infra.decoded import Decoded
from app.infra.redis_gets import RedisGets
from app.infra.redis_rankings import Top, leaders, places_of
from app.infra.redis_rounds import RedisRounds
from app.infra.table_views import Fenced, Progress, TableView
from app.infra.tables import Stored
from app.kernel.view import Key

Row = TypeVar("Row")

_RESTORE_CHUNK = 500
_NAMES_KEPT: Final = 16_384
"""Of keys; who goes through more of them than these in turn pays for making each name anew."""

KeepAlive = Callable[[], Awaitable[object]]


class Lost(Exception):
    """Redis does not hold the checkpoint that the worker left there; the shard has to be restored."""


@dataclass(frozen=True, slots=True)
class RedisLines:
    """How the views of a process talk to Redis: writes that share a round trip, reads that share a moment."""

    rounds: RedisRounds
    gets: RedisGets
    decoded: Decoded

    @classmethod
    def of(cls, redis: aioredis.Redis, prefix: str) -> "RedisLines":
        """Lines of this client; it closes them in the end."""
        return cls(RedisRounds(redis, prefix), RedisGets(redis), Decoded())


class RedisView(Generic[Row]):
    """One generation of what a view keeps in Redis."""

    def __init__(
        self, redis: aioredis.Redis, prefix: str, table: TableView[Row], lines: RedisLines | None = None
    ) -> None:
        self.table, self.view, lines = table, table.view, lines or RedisLines.of(redis, prefix)
        self._rounds, self._gets, self._decoded = lines.rounds, lines.gets, lines.decoded
        self._base = f"{prefix}:{table.view.name}:{table.generation}:"
        self._decode = msgspec.json.Decoder(Stored[table.view.row]).decode  # type: ignore[name-defined]
        self._checkpoint_names = [self._shard_keys(shard)[0].encode() for shard in range(self.view.shards)]
        self._names = lru_cache(_NAMES_KEPT)(self._names_of)
        self._claim = redis.register_script(redis_scripts.CLAIM)
        self._apply = redis.register_script(redis_scripts.APPLY)
        self._restore = redis.register_script(redis_scripts.RESTORE)
        self._put = redis.register_script(redis_scripts.PUT)
        self._suspend = redis.register_script(redis_scripts.SUSPEND)
        self._open = redis.register_script(redis_scripts.OPEN)
        self._top = redis.register_script(redis_scripts.TOP)

    async def read(self, key: Key) -> tuple[int | None, Stored[Row] | None, bool]:
        """The checkpoint of the key's shard (None: lost), the document, and whether anything of the shard is parked.

        All of one moment.
        """
        at, name = self._names(key)
        moment = await self._gets.ask(at, name)
        document, (checkpoint, parked) = moment[name], redis_checkpoints.read(moment[at])
        if checkpoint is None or not document:
            return checkpoint, None, parked
        return checkpoint, self._decoded.of(name, document, self._decode), parked

    async def read_many(self, keys: Collection[Key]) -> tuple[int | None, dict[Key, Stored[Row]], bool]:
        """The least checkpoint of these keys' shards (None: one is lost), the documents there are, and as above."""
        names = {key: self._names(key) for key in keys}
        moment = await self._gets.ask(*(name for both in names.values() for name in both))
        checkpoints = [redis_checkpoints.read(moment[at]) for at in {at for at, _ in names.values()}]
        held = {key: (name, moment[name]) for key, (_, name) in names.items()}
        found = {key: self._decoded.of(name, text, self._decode) for key, (name, text) in held.items() if text}
        reached, parked = [each for each, _ in checkpoints if each is not None], any(each for _, each in checkpoints)
        return min(reached) if len(reached) == len(checkpoints) else None, found, parked

    def _names_of(self, key: Key) -> tuple[bytes, bytes]:
        """The names of the checkpoint and the document of a key."""
        return self._checkpoint_names[self.view.shard_of(key)], self._document_key(key).encode()

    async def top(
        self, unions: Sequence[Collection[str]], most: int, *, kept_ms: int, position: int
    ) -> tuple[int, list[Top], bool] | None:
        """The members with the highest sum of scores over the first union of sets, and their sums in every union.

        Members of equal score come in the order of their names, last first. A union that was made up to `kept_ms`
        milliseconds ago is used again if it had reached `position`. Returns the checkpoint of the answer before it,
        and after it whether anything of the view is parked, or None if Redis has lost it. It must have one shard.
        """
        name = hashlib.sha256(repr(unions).encode()).hexdigest()[:24]
        merged = [f"{self._base}union:{name}:{n}" for n in range(len(unions))]
        sets = [f"{self._base}rank:{each}" for union in unions for each in union]
        keys = [self._shard_keys(0)[0], f"{self._base}union:{name}", *merged, *sets]
        answer = await self._top(keys=keys, args=[len(unions), most, kept_ms, position, *map(len, unions)])
        return leaders(answer) if answer else None

    async def checkpoints(self) -> Sequence[int | None]:
        """Those of all shards, None where one is lost. Raises RedisError or OSError."""
        moment = await self._gets.ask(*self._checkpoint_names)
        return [redis_checkpoints.read(moment[name])[0] for name in self._checkpoint_names]

    async def held(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        """The documents of these keys as they are, all out of one moment. Raises RedisError or OSError."""
        names = [self._names(key)[1] for key in keys]
        moment = await self._gets.ask(*names)
        return [moment[name] for name in names]

    async def claim(self, shard: int, epoch: int) -> int | None:
        """Shuts out older epochs, and tells the checkpoint (None: lost). Raises Fenced when a newer epoch was here."""
        answer = await self._rounds.run(self._claim, self._shard_keys(shard), [epoch], None)
        _require_unfenced(answer)
        return redis_checkpoints.read(answer)[0]

    async def suspend(self, shard: int, epoch: int, position: int) -> None:
        """Says that rows are about to be amended: until the next apply, readers are sent to the flat table."""
        arguments = [epoch, redis_checkpoints.amending(position)]
        _require_unfenced(await self._rounds.run(self._suspend, self._shard_keys(shard), arguments, None))

    async def apply(
        self,
        progress: Progress,
        rows: Mapping[Key, Stored[Row]],
        documents: Sequence[bytes] | None = None,
        hidden: AbstractSet[Key] = frozenset(),
    ) -> None:
        """Writes rows and checkpoint in one script. Raises Fenced or Lost, and writes nothing then.

        `documents` are those of the rows, where they have been made already; those of `hidden` keys become empty.
        """
        keys, values = self._writes(rows, documents, hidden)
        keys, values = [*self._shard_keys(progress.shard), *keys], [*_head(progress), *values]
        answer = await self._rounds.run(self._apply, keys, values, self.view.name)
        _require_unfenced(answer)
        if answer == b"lost":
            raise Lost(f"{self._base}{progress.shard}")

    async def fill(
        self,
        progress: Progress,
        rows: Mapping[Key, Stored[Row]],
        documents: Sequence[bytes],
        hidden: AbstractSet[Key] = frozenset(),
    ) -> None:
        """As `apply`, in small steps and the checkpoint last: for a generation that nobody reads, and many rows.

        Should it end in between, what is written beyond the checkpoint is written again before that gets there.
        """
        keys = list(rows)
        for start in range(0, len(keys), _RESTORE_CHUNK):
            part = {key: rows[key] for key in keys[start : start + _RESTORE_CHUNK]}
            names, values = self._writes(part, documents[start : start + _RESTORE_CHUNK], frozenset())
            names = [*self._shard_keys(progress.shard), *names]
            _require_unfenced(await self._put(keys=names, args=[progress.epoch, *values]))
        await self.apply(progress, {}, None, hidden)

    async def restore(
        self,
        pool: Pool,
        shard: int,
        epoch: int,
        upto: int,
        since: int | None,
        keep_alive: KeepAlive,
        hidden: AbstractSet[Key] = frozenset(),
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
        if hidden:
            await self._restore_chunk(shard, epoch, {}, hidden)
        arguments = [epoch, redis_checkpoints.reached(upto, parked=bool(hidden))]
        _require_unfenced(await self._rounds.run(self._open, self._shard_keys(shard), arguments, self.view.name))
        return copied

    async def _restore_chunk(
        self, shard: int, epoch: int, rows: Mapping[Key, Stored[Row]], hidden: AbstractSet[Key] = frozenset()
    ) -> None:
        keys, values = self._writes(rows, None, hidden)
        _require_unfenced(await self._restore(keys=[*self._shard_keys(shard), *keys], args=[epoch, *values]))

    def _writes(
        self, rows: Mapping[Key, Stored[Row]], documents: Sequence[bytes] | None, hidden: AbstractSet[Key]
    ) -> tuple[list[str], list[Any]]:
        """Keys and arguments that write these rows, and nothing for the hidden ones."""
        keys, values = list[str](), list[Any]([0])
        if self.view.documents:
            written = dict(zip(rows, documents or map(self.table.document, rows.values()), strict=True))
            written |= dict.fromkeys(hidden, b"")
            keys += [self._document_key(key) for key in written]
            values = [len(written), *written.values()]
        for ranking, places in places_of(self.view, rows).items():
            keys.append(f"{self._base}rank:{ranking}")
            values += [len(places) // 2, *places]
        return keys, values

    @property
    def _rows_of_shard(self) -> str:
        return f"select {self.table.selected} from {self.table.table} present where shard = $1 and position > $2"

    def _shard_keys(self, shard: int) -> list[str]:
        return [f"{self._base}{shard}:checkpoint", f"{self._base}{shard}:epoch"]

    def _document_key(self, key: Key) -> str:
        return f"{self._base}doc:{key}"


def _head(progress: Progress) -> list[Any]:
    return [progress.epoch, progress.start, redis_checkpoints.reached(progress.upto, parked=progress.parked)]


def _require_unfenced(answer: Any) -> None:
    if answer == b"fenced":
        raise Fenced("a newer epoch writes to Redis")
