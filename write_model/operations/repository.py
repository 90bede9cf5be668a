"""Consumers of the log in their table."""

from uuid import UUID

from app.infra.unit_of_work import Work
from write_model.operations.aggregate import Consumer, evolve
from write_model.operations.events import OperationEvent

_LOCK = """
select consumer_id from write.consumers where consumer_id = any($1::uuid[])
order by consumer_id for no key update {waiting}
"""
_FIND = "select consumer_id, name, version from write.consumers where consumer_id = any($1::uuid[])"
_SAVE = """
insert into write.consumers (consumer_id, name, version) values ($1, $2, $3)
on conflict (consumer_id) do update set version = excluded.version
"""


class Consumers:
    """Loads and saves consumers within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def load(self, consumer_id: UUID) -> Consumer | None:
        """The consumer, at the version that the client expects; None of whom nothing was asked yet."""
        await self._work.lock(_LOCK, [consumer_id])
        row = await self._work.row(_FIND, consumer_id)
        self._work.expect(consumer_id, row["version"] if row else 0)
        return Consumer(name=row["name"], version=row["version"]) if row else None

    def save(self, consumer_id: UUID, consumer: Consumer | None, events: list[OperationEvent]) -> None:
        """Queues what the events say for the table, and hands them to the log."""
        version = consumer.version if consumer else 0
        for event in events:
            consumer = evolve(consumer, event)
            self._work.write(_SAVE, consumer_id, consumer.name, consumer.version)
        self._work.record("consumer", consumer_id, version, events)
