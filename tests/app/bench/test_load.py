"""The load generator against a real server: what it counts, and what it does not put up with."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.bench.load import BadAnswer, Load, run
from app.bench.load_generator import Work
from app.bench.operations import request
from app.bench.servers import Server, ServerDied, control

RIGHT = b'{"data":{"product":{"id":"product_1"}}}'


@asynccontextmanager
async def answering(folder: Path, body: bytes) -> AsyncIterator[Server]:
    file = folder / "answer"
    file.write_bytes(body)
    async with control("raw", str(file)) as server:
        yield server


def work(server: Server, **changed: object) -> Work:
    requests = [request("{ product { id } }", {"id": str(n)}) for n in range(7)]
    told = {"connections": 3, "seconds": 0.2, "warm_up_s": 0.0, "sample_every": 1, **changed}
    return Work(ports=[server.port], requests=requests, **told)  # type: ignore[arg-type]


async def measure(server: Server, seen: list[tuple[int, bytes]], **changed: object) -> Load:
    def check(number: int, body: bytes) -> None:
        seen.append((number, body))

    return await run("Counting", work(server, **changed), {"server": [server.pid], "own": [os.getpid()]}, check)


@pytest.mark.parametrize("rate", [None, 200.0], ids=["as fast as it goes", "at a rate"])
async def test_requests_are_sent_in_their_order_and_every_answer_is_counted(tmp_path: Path, rate: float | None) -> None:
    seen: list[tuple[int, bytes]] = []
    async with answering(tmp_path, RIGHT) as server:
        load = await measure(server, seen, connections=1, rate=rate)
    assert load.requests == len(load.latencies_ms) > 0
    assert seen == [(number % 7, RIGHT) for number in range(len(seen))]
    assert load.latencies_ms == sorted(load.latencies_ms)
    assert load.latencies_ms[0] > 0
    assert set(load.cpu_s) == {"server", "own"}


@pytest.mark.parametrize(
    ("body", "changed", "reason"),
    [
        (b'{"errors":[{"message":"no"}]}', {}, "no"),
        (RIGHT, {"at_least": 100}, "product_1"),
        (RIGHT, {"at_most": 10}, "product_1"),
        (RIGHT, {"contains": b"CommandAccepted"}, "product_1"),
    ],
    ids=["an error", "too short", "too long", "without what must be in it"],
)
async def test_an_answer_that_must_not_be_ends_the_bench_and_is_shown(
    tmp_path: Path, body: bytes, changed: dict[str, object], reason: str
) -> None:
    async with answering(tmp_path, body) as server:
        with pytest.raises(BadAnswer, match=reason):
            await measure(server, [], **changed)


async def test_an_answer_that_says_something_else_ends_the_bench_and_is_shown(tmp_path: Path) -> None:
    async with answering(tmp_path, RIGHT) as server:
        with pytest.raises(BadAnswer, match="it is not this one") as raised:
            await run("Comparing", work(server), {}, lambda _, __: "it is not this one")
    assert RIGHT.decode() in str(raised.value)


async def test_a_server_that_refuses_ends_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    async with control("route") as server:
        with pytest.raises(BadAnswer, match="not status 200"):
            await measure(server, [])


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ServerDied, match="FileNotFoundError"):
        await control("raw", str(tmp_path / "nothing")).__aenter__()
