"""Folding the log into a shard that is being filled: what events change is kept until it is taken to be written."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg

from app.infra.dead_letters import Letter, blames_the_event
from app.infra.event_log import EventCatalog, recorded
from app.infra.stretches import Logged, sequence_of
from app.infra.tables import Stored
from app.kernel.view import Key
from app.observability.projecting import Tally
from workers.jobs.filled_rows import FilledRows
from workers.jobs.parking import Parking
from workers.jobs.shard_rows import ShardRows
from workers.jobs.shared import Stores

Row = TypeVar("Row")

AT_ONCE = 250
"""Events folded, or rows written down, before others get their turn: a few milliseconds of work."""

_MOST_ROWS = 8_192
_MOST_CHARACTERS = 24_000_000
_LONGEST_S = 3.0
"""What a batch holds at most: changed rows, JSON of events, and seconds of work that would be lost with it."""


@dataclass(frozen=True)
class Taken(Generic[Row]):
    """What is to be written together: rows, entities, what is parked, and when the last event was recorded."""

    rows: Mapping[Key, Stored[Row]]
    entities: Mapping[Key, Stored[Any]]
    letters: Sequence[Letter]
    event_at: datetime | None


class FillBatch(Generic[Row]):
    """The rows of one shard in memory, and what is to become of them."""

    def __init__(self, stores: Stores[Row], catalog: EventCatalog, shard: int, parking: Parking, tally: Tally) -> None:
        self._catalog, self._parking, self._tally = catalog, parking, tally
        self._rows, self._entities = FilledRows[Any](), FilledRows[Any]()
        self._folding = ShardRows(stores.pool, stores.table, shard, self._rows, self._entities)
        self._event_at: datetime | None = None
        self.forget()

    def forget(self) -> None:
        """Nothing is known any more: what was to be written has not been."""
        self._folding.forget()
        self._letters = list[Letter]()
        self._characters, self._began = 0, time.monotonic()

    async def fold(self, rows: Sequence[asyncpg.Record]) -> None:
        """Folds events of the shard in, and parks those that cannot be folded. Raises TooManyDeadLetters."""
        for start in range(0, len(rows), AT_ONCE):
            part = self._passing(rows[start : start + AT_ONCE])
            try:
                await self._fold(part)
            except Exception as error:
                if not blames_the_event(error):
                    raise
                await self._fold_singly(part)
            await asyncio.sleep(0)
        self._tally.events += len(rows)
        self._characters += sum([len(row["data"]) for row in rows])
        self._event_at = rows[-1]["recorded_at"] if rows else self._event_at

    def park(self, row: asyncpg.Record, error: Exception) -> None:
        """The event could not be applied, and nothing of its aggregate is from here on. Raises TooManyDeadLetters."""
        self._tally.failures += 1
        self._letters.append(self._parking.letter(Logged(self._catalog, row), error, attempts=1))
        self._parking.sequences.add(sequence_of(row, self._parking.by))

    @property
    def is_full(self) -> bool:
        """Whether it is time to write it."""
        return (
            max(len(self._rows), len(self._entities)) >= _MOST_ROWS
            or self._characters >= _MOST_CHARACTERS
            or time.monotonic() - self._began >= _LONGEST_S
        )

    def take(self) -> Taken[Row]:
        """What is to be written, and begins anew; `wrote` must follow."""
        taken = Taken(self._rows.take(), self._entities.take(), self._letters, self._event_at)
        self._letters, self._characters, self._began = [], 0, time.monotonic()
        return taken

    def wrote(self, documents: Sequence[bytes], entities: Sequence[bytes]) -> None:
        """What was taken is written, as these documents."""
        self._tally.rows += len(documents)
        self._rows.wrote(documents)
        self._entities.wrote(entities)

    def _passing(self, rows: Sequence[asyncpg.Record]) -> Sequence[asyncpg.Record]:
        """Those that do not wait behind what is parked, and are not discarded."""
        sequences, discarded = self._parking.sequences, self._parking.discarded
        if not sequences and not discarded:
            return rows
        held = {row["position"] for row in rows if sequence_of(row, self._parking.by) in sequences}
        self._letters += [Letter(row["position"]) for row in rows if row["position"] in held]
        return [row for row in rows if row["position"] not in held | discarded]

    async def _fold_singly(self, rows: Sequence[asyncpg.Record]) -> None:
        for row in rows:
            if not self._passing([row]):
                continue
            try:
                await self._fold([row])
            except Exception as error:
                if not blames_the_event(error):
                    raise
                self.park(row, error)

    async def _fold(self, rows: Sequence[asyncpg.Record]) -> None:
        """All of it or nothing. Raises what the view does."""
        self._folding.remember(await self._folding.after([recorded(self._catalog, row) for row in rows]))
