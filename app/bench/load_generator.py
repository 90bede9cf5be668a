"""The load generator, a process of its own: raw connections that are kept open, and requests that were made beforehand.

`python -m app.bench.load_generator FOLDER` reads a `Work` in MessagePack from the folder. It writes a line when the
warm-up is over and another when the measurement is, so that whoever started it can look at other processes' CPU at
these moments, and leaves an `Outcome` in the folder.
"""

import asyncio
import contextlib
import gc
import sys
import time
from array import array
from collections import deque
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from app.bench.cpu import own_cpu_s
from app.bench.http_answers import UncountedAnswer, first_answer

BEGUN, ENDED = b"begun\n", b"ended\n"
WORK, OUTCOME = "work", "outcome"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, for how long, and what every answer must be like.

    Requests are sent in their order, again from the first after the last. Connections are dealt to the ports in turn.
    With a `rate` (requests a second) they are sent at that rate, and a latency counts from when a request was due;
    without one, every connection sends as soon as it has its answer. Lengths are of bodies, in bytes.
    """

    ports: list[int]
    requests: list[bytes]
    connections: int
    seconds: float
    warm_up_s: float = 1.0
    rate: float | None = None
    at_least: int = 1
    at_most: int = 10_000_000
    contains: bytes = b""
    sample_every: int = 101


class Sample(msgspec.Struct, frozen=True):
    """A body that was answered, and to which of the requests."""

    request: int
    body: bytes


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: latencies as doubles, in seconds; `failure` shows an answer that must not be."""

    latencies: bytes = b""
    took_s: float = 0.0
    cpu_s: float = 0.0
    samples: list[Sample] = []
    failure: str | None = None


_MOST_SAMPLES = 300
_LONGEST_S = 60.0
"""A measurement goes on until there is an answer for each connection, but not longer than this."""

_LITTLE_S = 0.02


class Generator:
    """Deals the requests out to connections, and keeps the score."""

    def __init__(self, work: Work) -> None:
        self.work, self.latencies, self.samples = work, array("d"), list[Sample]()
        self.measuring = self.stopped = False
        self.failure: str | None = None
        self.failed = asyncio.Event()
        self._next, self._answers = 0, 0
        self._idle, self._due = deque[Connection](), deque[float]()

    async def run(self) -> Outcome:
        """Connects, warms up, measures; the two lines go to standard output."""
        connections = await self._connect()
        pacing = asyncio.create_task(self._pace(self.work.rate)) if self.work.rate else None
        for connection in connections:
            self.ready(connection)
        await self._pause(self.work.warm_up_s)
        _say(BEGUN)
        began, used, self.measuring = time.perf_counter(), own_cpu_s(), True
        await self._pause(self.work.seconds)
        while (
            len(self.latencies) < self.work.connections
            and not self.stopped
            and time.perf_counter() < began + _LONGEST_S
        ):
            await self._pause(_LITTLE_S)
        self.measuring, self.stopped = False, True
        took_s, cpu_s = time.perf_counter() - began, own_cpu_s() - used
        _say(ENDED)
        if pacing:
            pacing.cancel()
        for connection in connections:
            connection.close()
        return Outcome(
            latencies=self.latencies.tobytes(), took_s=took_s, cpu_s=cpu_s, samples=self.samples, failure=self.failure
        )

    async def _connect(self) -> "list[Connection]":
        loop, ports = asyncio.get_running_loop(), self.work.ports
        made = [
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", ports[n % len(ports)])
            for n in range(self.work.connections)
        ]
        return [connection for _, connection in made]

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.failed.wait(), seconds)

    async def _pace(self, rate: float) -> None:
        began, sent = time.perf_counter(), 0
        while not self.stopped:
            self._due.append(min(began + sent / rate, time.perf_counter()))
            while self._due and self._idle:
                self._send(self._idle.popleft(), self._due.popleft())
            sent += 1
            await asyncio.sleep(began + sent / rate - time.perf_counter())

    def ready(self, connection: "Connection") -> None:
        """The connection has its answer, or has just been made."""
        if self.stopped:
            return
        if self.work.rate is None:
            self._send(connection, time.perf_counter())
        elif self._due:
            self._send(connection, self._due.popleft())
        else:
            self._idle.append(connection)

    def _send(self, connection: "Connection", due: float) -> None:
        request = self._next
        self._next = (request + 1) % len(self.work.requests)
        connection.send(request, due, self.work.requests[request])

    def take(self, request: int, due: float, ok: bool, body: bytes) -> None:
        """Scores an answer, and fails on one that must not be."""
        if self.measuring:
            self.latencies.append(time.perf_counter() - due)
        work = self.work
        if not ok or not work.at_least <= len(body) <= work.at_most or b'"errors"' in body or work.contains not in body:
            self.fail(f"{'status 200' if ok else 'not status 200'}, {len(body)} bytes: {body[:2000].decode()}")
        if self._answers % work.sample_every == 0 and len(self.samples) < _MOST_SAMPLES:
            self.samples.append(Sample(request, body))
        self._answers += 1

    def fail(self, reason: str) -> None:
        """Ends the run; the first reason stays."""
        if not self.stopped:
            self.failure, self.stopped = reason, True
            self.failed.set()


class Connection(asyncio.Protocol):
    """One connection with one request at a time on its way."""

    def __init__(self, generator: Generator) -> None:
        self._generator, self._rest = generator, b""
        self._transport: asyncio.Transport | None = None
        self._request, self._due = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: int, due: float, data: bytes) -> None:
        """Sends a request that was due at a moment."""
        assert self._transport is not None
        self._request, self._due = request, due
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Takes the answer once it is whole."""
        self._rest = self._rest + data if self._rest else data
        try:
            found = first_answer(self._rest)
        except UncountedAnswer as answer:
            self._generator.fail(f"an answer without content-length: {answer}")
            return
        if found is not None:
            (ok, body), self._rest = found
            self._generator.take(self._request, self._due, ok, body)
            self._generator.ready(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server must not close."""
        self._generator.fail(f"the server closed a connection: {exc}")

    def close(self) -> None:
        """Ends the connection."""
        assert self._transport is not None
        self._transport.abort()


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def main() -> None:
    """Does the work that comes in."""
    folder = Path(sys.argv[1])
    work = msgspec.msgpack.decode((folder / WORK).read_bytes(), type=Work)
    gc.disable()
    (folder / OUTCOME).write_bytes(msgspec.msgpack.encode(uvloop.run(Generator(work).run())))


if __name__ == "__main__":
    main()
