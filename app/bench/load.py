"""Running the load generator against servers whose CPU is watched."""

import asyncio
import sys
import tempfile
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.bench.cpu import cpu_s, started_on
from app.bench.figures import percentile
from app.bench.load_generator import BEGUN, ENDED, OUTCOME, WORK, Outcome, Work
from app.kernel.problem import Problem

ROOT = Path(__file__).resolve().parents[2]
LOAD_CORE = 1

Watched = Mapping[str, Sequence[int]]
"""Processes whose CPU is of interest, by what they are."""

Check = Callable[[int, bytes], str | None]
"""Says what is wrong with the body that answered the request of this number, None for nothing."""


class BadAnswer(Problem):
    """A server answered what it must not; the answer is shown, since figures of wrong answers are worth nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run measured; CPU in seconds, by the names under which processes were watched."""

    latencies_ms: list[float]
    took_s: float
    cpu_s: Mapping[str, float]
    generator_cpu_s: float

    @property
    def requests(self) -> int:
        """How many were answered."""
        return len(self.latencies_ms)

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return self.requests / self.took_s

    def cpu_us(self, name: str) -> float:
        """CPU of the watched processes for each request, in microseconds."""
        return self.cpu_s[name] / self.requests * 1e6

    @property
    def generator_us(self) -> float:
        """CPU of the load generator for each request, in microseconds."""
        return self.generator_cpu_s / self.requests * 1e6

    def percentile_ms(self, share: float) -> float:
        """The latency that this share of the requests does not exceed."""
        return percentile(self.latencies_ms, share)


async def run(what: str, work: Work, watched: Watched, check: Check, *, core: int | None = LOAD_CORE) -> Load:
    """Does the work, while the processes of these ids and all their children are watched. Raises BadAnswer."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        (Path(folder) / WORK).write_bytes(msgspec.msgpack.encode(work))
        used = await _follow(what, folder, watched, core)
        outcome = msgspec.msgpack.decode((Path(folder) / OUTCOME).read_bytes(), type=Outcome)
    _require_sound(what, outcome, check)
    latencies = array("d")
    latencies.frombytes(outcome.latencies)
    return Load(sorted(each * 1e3 for each in latencies), outcome.took_s, used, outcome.cpu_s)


async def _follow(what: str, folder: str, watched: Watched, core: int | None) -> dict[str, float]:
    """Runs the load generator; CPU of the watched processes while it measures."""
    command = [sys.executable, "-m", "app.bench.load_generator", folder]
    with started_on(core):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        moments = []
        for line in (BEGUN, ENDED):
            if await process.stdout.readline() != line:
                raise BadAnswer(f"{what}: the load generator ended before its time.")
            moments.append({name: sum(map(cpu_s, pids)) for name, pids in watched.items()})
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return {name: moments[1][name] - moments[0][name] for name in watched}


def _require_sound(what: str, outcome: Outcome, check: Check) -> None:
    if outcome.failure:
        raise BadAnswer(f"{what}: an answer is wrong: {outcome.failure}")
    if not outcome.latencies:
        raise BadAnswer(f"{what}: nothing was answered in {outcome.took_s:.1f} s.")
    for sample in outcome.samples:
        if wrong := check(sample.request, sample.body):
            raise BadAnswer(f"{what}: {wrong}. The answer:\n{sample.body[:2000].decode(errors='replace')}")
