"""Asking a server everything once, to know what its answers are."""

import asyncio
from collections.abc import Callable, Sequence

from app.bench.http_answers import first_answer
from app.bench.load import BadAnswer

Progress = Callable[[int, int], None]
"""Is told how many of how many are done."""

_CONNECTIONS = 16


def _silent(done: int, of: int) -> None:
    del done, of


async def ask_all(port: int, requests: Sequence[bytes], progress: Progress = _silent) -> list[bytes]:
    """The bodies that answer these requests, in their order. Raises BadAnswer for any without status 200."""
    bodies = [b""] * len(requests)
    left = iter(range(len(requests)))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for n in left:
            writer.write(requests[n])
            bodies[n] = await _answer(reader)
            progress(n + 1, len(requests))
        writer.close()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as clients:
        for _ in range(min(_CONNECTIONS, len(requests))):
            clients.create_task(client())
    return bodies


async def _answer(reader: asyncio.StreamReader) -> bytes:
    data = b""
    while (found := first_answer(data)) is None:
        more = await reader.read(1 << 16)
        if not more:
            raise BadAnswer("A server closed the connection instead of answering.")
        data += more
    answer, _ = found
    if not answer.ok or b'"errors"' in answer.body:
        raise BadAnswer(f"An answer is wrong: {answer.body[:2000].decode(errors='replace')}")
    return answer.body
