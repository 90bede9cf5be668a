"""Scheduled commands: rows of PostgreSQL, from their due time until it is known what came of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from app.infra.db import Pool
from app.kernel.messages import Command, Envelope, Principal

_DUE = """
select command_id, type, aggregate_id, content, correlation_id, causation_id
from policy.scheduled_commands where policy = $1 and outcome is null and next_at <= clock_timestamp()
order by next_at, position, place limit $2
"""
_NEXT_IN = """
select extract(epoch from min(next_at) - clock_timestamp())::float from policy.scheduled_commands
where policy = $1 and outcome is null
"""
_SETTLE = """
update policy.scheduled_commands set outcome = $2, reason = $3, settled_at = clock_timestamp() where command_id = $1
"""
_POSTPONE = """
update policy.scheduled_commands
set attempts = attempts + 1, reason = $2,
    next_at = clock_timestamp() + least(300, 2 ^ least(attempts, 9)) * interval '1 s'
where command_id = $1 and outcome is null
"""


class UnknownCommand(Exception):
    """A command of this name is scheduled, and this version of the code has none."""


@dataclass(frozen=True, slots=True)
class Due:
    """A scheduled command whose time has come."""

    command_id: UUID
    type: str
    aggregate_id: UUID
    content: str
    correlation_id: UUID
    causation_id: UUID

    def envelope(self, actor: Principal) -> Envelope:
        """How it is sent: as often as it must be, always the same."""
        return Envelope(
            command_id=self.command_id,
            actor=actor,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
        )


class Schedule:
    """Hands out what is due, and takes down what came of it."""

    def __init__(self, pool: Pool, commands: Iterable[type[Command]]) -> None:
        self._pool = pool
        self._types: Mapping[str, type[Command]] = {each.__name__: each for each in commands}

    async def due(self, policy: str, at_most: int) -> list[Due]:
        """What the policy has scheduled and nothing came of yet, what is due longest first."""
        return [_due(row) for row in await self._pool.fetch(_DUE, policy, at_most)]

    async def next_in(self, policy: str) -> float | None:
        """In how many seconds something is due, if anything is scheduled; negative for what is overdue."""
        seconds: float | None = await self._pool.fetchval(_NEXT_IN, policy)
        return seconds

    def command(self, due: Due) -> Command:
        """What was decided on. Raises UnknownCommand, msgspec.ValidationError, or a Refusal of its own checks."""
        kind: Any = self._types.get(due.type)
        if kind is None:
            raise UnknownCommand(due.type)
        command: Command = msgspec.json.decode(due.content, type=kind)
        return command

    async def settle(self, due: Due, outcome: str, reason: str | None = None) -> None:
        """It was ACCEPTED or REFUSED, even if it was withdrawn meanwhile."""
        await self._pool.execute(_SETTLE, due.command_id, outcome, reason)

    async def postpone(self, due: Due, reason: str) -> None:
        """It failed, and is due again in a second; twice as late each time, at most five minutes."""
        await self._pool.execute(_POSTPONE, due.command_id, reason)


def _due(row: asyncpg.Record) -> Due:
    return Due(*row)
