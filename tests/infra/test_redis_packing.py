"""Commands packed in C are the bytes that the client itself would have sent."""

from typing import Any

import pytest
import redis.asyncio as aioredis

from app.bootstrap import open_redis
from app.infra.embedded import Servers

COMMANDS: list[tuple[Any, ...]] = [
    ("GET", "key"),
    ("CONFIG GET", "save"),
    (b"CLIENT SETNAME", b"a"),
    ("SET", "ключ", "Ünïcode \N{PILE OF POO}", "PX", 1_000),
    ("ZADD", "places", 1.5, "a", -0.0, "b", 1e300, "c", 0.1 + 0.2, "d"),
    ("SET", "empty", b""),
    ("SET", "zeros", b"\x00\r\n$3\r\n\x00"),
    ("SET", "large", b"x" * 100_000),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
async def test_a_command_is_what_the_client_would_send(servers: Servers, command: tuple[Any, ...]) -> None:
    async with open_redis(servers.redis_url) as client:
        packed = _connection(client).pack_command(*command)
    async with aioredis.Redis.from_url(servers.redis_url) as plain:
        assert b"".join(packed) == b"".join(_connection(plain).pack_command(*command))


async def test_many_go_together_and_come_back_one_by_one(servers: Servers) -> None:
    async with open_redis(servers.redis_url) as client:
        echoes = client.pipeline(transaction=False)
        for number in range(1_000):
            echoes.echo(f"{number}" * 100)
        assert await echoes.execute() == [f"{number}".encode() * 100 for number in range(1_000)]


def _connection(client: aioredis.Redis) -> Any:
    return client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
