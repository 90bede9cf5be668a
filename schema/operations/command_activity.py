"""`commandActivity`: how many commands come in, and what becomes of them, for operators."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Final

import strawberry

from app.kernel.errors import InvalidValue
from app.kernel.view import View
from read_model.accepted_commands import AcceptedCommand, Second, per_second
from schema.context import Info, Outcomes
from schema.scalars import BigInt

LONGEST_S: Final = 3_600
_AGAIN_S: Final = 15
"""A view that is behind shows a second's commands late, so what follows the first answer goes back so far."""

_LOOK_S: Final = 1.0

Seconds = Annotated[int, strawberry.argument(description="How far back, in seconds; 3,600 at most.")]


@strawberry.type(description="How many commands of a type were accepted in one second, in the whole installation.")
class AcceptedInSecond:
    at: datetime = strawberry.field(description="When the second begins.")
    type: str
    commands: int

    @classmethod
    def of(cls, second: Second) -> "AcceptedInSecond":
        """The second as clients see it."""
        return cls(at=second.at, type=second.type, commands=second.commands)


@strawberry.type(description="What became of commands of one type.")
class CommandOutcome:
    type: str
    outcome: str = strawberry.field(
        description="accepted, refused, conflict, busy (send it again), abandoned (by its sender), or failed (by us)."
    )
    code: str | None = strawberry.field(description="Which rule a refused one broke.")
    commands: BigInt


@strawberry.type(description="What became of the commands that came to one API process.")
class CommandOutcomes:
    process: str
    since: datetime = strawberry.field(description="When it began to count.")
    outcomes: list[CommandOutcome]

    @classmethod
    def of(cls, counted: Outcomes) -> "CommandOutcomes":
        """The counts as clients see them."""
        outcomes = [
            CommandOutcome(type=type_, outcome=outcome, code=code or None, commands=BigInt(count))
            for (type_, outcome, code), count in sorted(counted.counts.items())
        ]
        return cls(process=counted.process, since=counted.since, outcomes=outcomes)


@strawberry.type(description="What becomes of commands. Refused ones leave no trace in the log.")
class CommandActivity:
    accepted: list[AcceptedInSecond] = strawberry.field(
        description="As far as the view accepted_commands has come; seconds without commands are left out."
    )
    counted: CommandOutcomes | None = strawberry.field(
        description="By the process that answers this; null where it takes no commands."
    )


async def activity(info: Info, view: View[AcceptedCommand], seconds: int) -> CommandActivity:
    """The last seconds. Raises Forbidden, or InvalidValue where these are too many, or none."""
    info.context.asker().require_operator()
    if not 1 <= seconds <= LONGEST_S:
        raise InvalidValue(f"seconds must be between 1 and {LONGEST_S:,}.", field="seconds")
    found = await per_second(info.context.reads, view, seconds)
    counted = info.context.installation.outcomes
    return CommandActivity(
        accepted=[AcceptedInSecond.of(each) for each in found],
        counted=CommandOutcomes.of(counted) if counted else None,
    )


async def activities(info: Info, view: View[AcceptedCommand], seconds: int) -> AsyncGenerator[CommandActivity, None]:
    """The last seconds, and then each second the last few of them anew."""
    while True:
        yield await activity(info, view, seconds)
        seconds = min(seconds, _AGAIN_S)
        await asyncio.sleep(_LOOK_S)
