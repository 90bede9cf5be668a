"""Asking workers for something, and waiting for what comes of it."""

import asyncio
import getpass
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app import bootstrap
from app.config import Settings
from app.infra.wanted import Behind, Wanted
from app.kernel.clock import new_id
from app.kernel.errors import Refusal
from app.kernel.messages import Envelope, Principal, Role
from app.kernel.problem import Problem
from read_model.operations.requests import VIEW, Outcome, outcome
from write_model.operations.commands import Operation

_PATIENCE_S: Final = 15.0
_LOOK_S: Final = 0.2


class NotAsked(Problem):
    """The command was refused; the message says why."""


class NotCarriedOut(Problem):
    """The request stands, and no worker has carried it out yet, or it cannot be carried out."""


def operator() -> Principal:
    """Whoever sits at the terminal, by the name that the system knows them by."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Principal(f"terminal:{name}", frozenset({Role.OPERATOR, Role.ADMIN}))


async def ask(settings: Settings, operation: Operation) -> str:
    """Sends the command, and waits until it is carried out: what came of it. Raises NotAsked and NotCarriedOut."""
    (found,) = await ask_all(settings, [operation])
    if found.failed:
        raise NotCarriedOut(f"It cannot be done: {found.words}.")
    return found.words


async def ask_all(settings: Settings, operations: Sequence[Operation]) -> list[Outcome]:
    """The same for several, whose outcomes may be that they cannot be carried out."""
    async with bootstrap.commands(settings) as side:
        sent = [await _send(side, operation) for operation in operations]
    return [await _outcome(settings, command_id, position) for command_id, position in sent]


async def _send(side: bootstrap.Commands, operation: Operation) -> tuple[UUID, int]:
    command_id = new_id()
    envelope = Envelope(command_id=command_id, actor=operator(), correlation_id=command_id)
    try:
        receipt = await side.bus.dispatch(operation, envelope)
    except Refusal as refusal:
        raise NotAsked(refusal.message) from None
    return command_id, receipt.position


async def _outcome(settings: Settings, command_id: UUID, position: int) -> Outcome:
    deadline = time.monotonic() + _PATIENCE_S
    async with bootstrap.read_models(settings) as (reads, _):
        if isinstance(await reads.reach(VIEW, Wanted(position=position, wait_s=_PATIENCE_S)), Behind):
            raise NotCarriedOut("It is asked for, but no worker has heard of it. Is one running? python3 -m app status")
        while (found := await outcome(reads, command_id)) is None:
            if time.monotonic() > deadline:
                raise NotCarriedOut("It is asked for, and will be done as soon as a worker gets to it.")
            await asyncio.sleep(_LOOK_S)
        return found
