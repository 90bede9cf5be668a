"""The dead letters as operators look at them: by consumer and cause, each aggregate by its first parked event."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.infra.db import Pool
from app.infra.view_status import SHOWN

_MOST: Final = 1_000
"""Aggregates that are shown, the first parked first; how many there are is told all the same."""

_PARKED = f"""
with shown as (
    select * from read.dead_letters d where ($1::text is null or consumer = $1) and generation = coalesce(
        {SHOWN.format(view="d.consumer")}, d.generation)
), firsts as (
    select distinct on (consumer, sequence) * from shown
    order by consumer, sequence, position, attempts desc
), counts as (
    select consumer, sequence, count(distinct position) as events, bool_or(retry) as retrying,
           array_agg(distinct shard order by shard) as shards
    from shown group by consumer, sequence
)
select f.*, c.events, c.retrying, c.shards from firsts f join counts c using (consumer, sequence)
order by f.consumer, f.exception, f.place, f.parked_at, f.position limit $2
"""


@dataclass(frozen=True, slots=True)
class ParkedAggregate:
    """An aggregate by its first parked event, with how many are `waiting` behind it, and whether it is being retried.

    `data` is the event as the log holds it, in JSON.
    """

    consumer: str
    generation: int
    shards: tuple[int, ...]
    aggregate_type: str
    sequence: UUID
    position: int
    version: int
    type: str
    schema_version: int
    data: str
    metadata: str
    recorded_at: datetime
    parked_at: datetime
    attempts: int
    exception: str | None
    message: str | None
    place: str | None
    waiting: int
    retrying: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed alike: at one place of one consumer, with one exception; None of what is next to be tried again."""

    consumer: str
    exception: str | None
    place: str | None
    aggregates: tuple[ParkedAggregate, ...]

    @property
    def events(self) -> int:
        """All that is parked for this cause."""
        return sum(1 + each.waiting for each in self.aggregates)


class DeadLetterBox:
    """Reads what all consumers have parked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def causes(self, consumer: str | None = None) -> list[Cause]:
        """By consumer, exception and place; of one consumer, or of all."""
        return list(_causes([_parked(row) for row in await self._pool.fetch(_PARKED, consumer, _MOST)]))


def _causes(parked: list[ParkedAggregate]) -> Iterator[Cause]:
    for cause, alike in groupby(parked, lambda each: (each.consumer, each.exception, each.place)):
        yield Cause(*cause, tuple(alike))


def _parked(row: asyncpg.Record) -> ParkedAggregate:
    told: dict[str, Any] = {name: row[name] for name in ParkedAggregate.__slots__ if name != "waiting"}
    return ParkedAggregate(**(told | {"shards": tuple(row["shards"]), "waiting": row["events"] - 1}))
