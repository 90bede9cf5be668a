"""Redis commands put into bytes by hiredis, as the client does it where it does not run on asyncio.

Its asyncio connections put them together in Python, argument by argument: a third of what a worker spent on a view that
catches up.
"""

from collections.abc import Iterable
from typing import Any

import hiredis
import redis.asyncio as aioredis


def packed_in_c(client: aioredis.Redis) -> aioredis.Redis:
    """The same client; all connections that it makes from now on pack their commands in C."""
    pool = client.connection_pool
    pool.connection_class = type("PackedConnection", (_Packing, pool.connection_class), {})
    return client


class _Packing:
    """What takes the place of the connection's own. A command's name may be several words, which go by themselves."""

    def pack_command(self, *command: Any) -> list[bytes]:
        name, *arguments = command
        words = name.encode().split() if isinstance(name, str) else name.split()
        return [hiredis.pack_command((*words, *arguments))]

    def pack_commands(self, commands: Iterable[Iterable[Any]]) -> list[bytes]:
        return [self.pack_command(*command)[0] for command in commands]
