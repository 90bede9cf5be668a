"""Asking Redis in one round trip for what many shards want at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio as aioredis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from app.infra.hints import VIEWS
from app.infra.together import Together

_MOST_KEYS = 200
"""What writes more goes by itself, and nobody waits for it."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A script to run, or none, and the view that has moved by it."""

    script: AsyncScript | None
    keys: Sequence[str]
    arguments: Sequence[Any]
    moved: str | None


class RedisRounds:
    """Runs scripts, and then says which views have moved: together whatever falls together."""

    def __init__(self, redis: aioredis.Redis, prefix: str) -> None:
        self._redis, self._channel = redis, f"{prefix}:hint:{VIEWS}"
        self._together = Together(self._go)

    async def run(self, script: AsyncScript, keys: Sequence[str], arguments: Sequence[Any], moved: str | None) -> Any:
        """The script's answer; once it has run, whoever waits for the view that it moves is woken."""
        wish = _Wish(script, keys, arguments, moved)
        return await self._together.ask(wish) if len(keys) <= _MOST_KEYS else (await self._go([wish]))[0]

    async def tell(self, moved: str) -> None:
        """Wakes whoever waits for the view."""
        await self._together.ask(_Wish(None, (), (), moved))

    async def _go(self, wishes: Sequence[_Wish]) -> Sequence[Any]:
        """What came of each. A script that Redis does not know yet is made known, and runs in a second round."""
        answers = await self._round(wishes)
        unknown = [wish for wish, answer in zip(wishes, answers, strict=True) if isinstance(answer, NoScriptError)]
        for text in {wish.script.script for wish in unknown if wish.script}:
            await self._redis.script_load(text)
        again = iter(await self._round(unknown) if unknown else ())
        return [next(again) if isinstance(answer, NoScriptError) else answer for answer in answers]

    async def _round(self, wishes: Sequence[_Wish]) -> Sequence[Any]:
        commands = self._redis.pipeline(transaction=False)
        for wish in wishes:
            if wish.script:
                commands.execute_command("EVALSHA", wish.script.sha, len(wish.keys), *wish.keys, *wish.arguments)
        if moved := {wish.moved for wish in wishes if wish.moved}:
            commands.publish(self._channel, ",".join(moved))
        answers = iter(await commands.execute(raise_on_error=False))
        return [next(answers) if wish.script else None for wish in wishes]
