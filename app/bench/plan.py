"""How throughput grows with api processes, and how many cores the brief's load needs."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bench import servers
from app.bench.catalog import Article
from app.bench.cpu import cores
from app.bench.figures import Goal, Target, ratio
from app.bench.filling import Say
from app.bench.load import LOAD_CORE, Load, run
from app.bench.load_generator import Work
from app.bench.measured import OURS, ROUNDS, Measured, Operation
from app.bench.operations import CHANGE_PRICE, request
from app.bench.questions import Question, Questions
from app.bench.reads import CONNECTIONS, TITLES
from app.bench.rig import Rig
from app.bench.servers import Server
from app.kernel import typeid

READS_PER_S = 100_000
UPDATES_PER_S = 100
FIELDS = ("order", "product")


@dataclass(frozen=True, slots=True)
class Scaling:
    """An operation on one api process, and on two."""

    name: str
    one: Measured
    two: Measured

    @property
    def wall(self) -> float:
        """How many times the requests a second, on this machine, with all that shares its cores."""
        return self.two.per_second / self.one.per_second

    @property
    def by_cpu(self) -> float | None:
        """How many times the requests a second where each process has a core of its own: by the CPU of a request."""
        return ratio(2 * self.one.cpu_us, self.two.cpu_us)

    @property
    def goal(self) -> Goal:
        """Two must do nearly twice as much."""
        return Goal("two processes × one, by CPU", Target("at least", 1.8), self.by_cpu)

    def for_json(self) -> dict[str, Any]:
        """All of it."""
        measured = {"one": self.one.for_json(), "two": self.two.for_json()}
        return {"operation": self.name, **measured, "wall": self.wall, "byCpu": self.by_cpu}


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU of one operation, in microseconds, by who needs it."""

    us: Mapping[str, float]

    @classmethod
    def of(cls, load: Load) -> "Costs":
        """Of a run, by the names of what was watched."""
        return cls({name: load.cpu_us(name) for name in load.cpu_s})

    @classmethod
    def of_measured(cls, each: Measured) -> "Costs":
        """Of a read."""
        return cls({"server": each.cpu_us, "postgres": each.postgres_us, "redis": each.redis_us})


def cores_for(load: Sequence[tuple[float, Costs]]) -> dict[str, float]:
    """Cores that are busy all the time with these operations, each so many times a second, by who needs them.

    cores = the sum over the operations of (operations a second × CPU µs of one) / 1,000,000
    """
    needed: dict[str, float] = {}
    for per_second, costs in load:
        for name, us in costs.us.items():
            needed[name] = needed.get(name, 0.0) + per_second * us / 1e6
    return needed


@dataclass(frozen=True, slots=True)
class Plan:
    """How reads scale, what an update costs at 100 a second with workers that project it, and the cores that follow."""

    scalings: Sequence[Scaling]
    update: Costs
    update_p99_ms: float

    @property
    def read(self) -> Costs:
        """What a product read costs with two processes."""
        return Costs.of_measured(next(each for each in self.scalings if each.name == TITLES["product"]).two)

    @property
    def cores(self) -> dict[str, float]:
        """For 100,000 product reads and 100 updates a second."""
        return cores_for([(READS_PER_S, self.read), (UPDATES_PER_S, self.update)])

    def for_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "scaling": [each.for_json() for each in self.scalings],
            "updateCpuUs": dict(self.update.us),
            "updateP99Ms": self.update_p99_ms,
            "cores": self.cores,
        }


async def plan(rig: Rig, asked: Questions, seconds: float, say: Say) -> Plan:
    """Reads on one api process and on two, then updates at their rate. Raises BadAnswer."""
    one, two = ({field: Operation(TITLES[field]) for field in FIELDS} for _ in range(2))
    async with servers.api() as alone, servers.api(processes=2) as both:
        for field in FIELDS * ROUNDS:
            for processes, operation, server in ((1, one[field], alone), (2, two[field], both)):
                say(f"{TITLES[field]}, {processes} api processes")
                operation.take(await _read(rig, getattr(asked, field), server, processes, seconds / ROUNDS))
    scalings = [Scaling(TITLES[field], one[field].measured[0], two[field].measured[0]) for field in FIELDS]
    update = await _updates(rig, seconds, say)
    return Plan(scalings, Costs.of(update), update.percentile_ms(0.99))


async def _read(rig: Rig, question: Question, api: Server, processes: int, seconds: float) -> Measured:
    """Each process has 32 connections if they are divided evenly; the load generator has a core if one is left."""
    least, most = question.lengths
    work = Work(
        ports=[api.port],
        requests=question.requests(),
        connections=CONNECTIONS * processes,
        seconds=seconds,
        warm_up_s=min(0.5, seconds),
        at_least=least,
        at_most=most,
    )
    core = LOAD_CORE if processes < cores() else None
    what, watched = f"{processes} api processes", rig.places.watched(api.pid)
    return Measured.of(OURS, await run(what, work, watched, question.wrong, core=core))


async def _updates(rig: Rig, seconds: float, say: Say) -> Load:
    say(f"{UPDATES_PER_S} updates a second")
    rng = random.Random(3)
    while len(rig.workers) < 2:
        rig.start_worker()
    async with servers.api() as api:
        work = Work(
            ports=[api.port],
            requests=[_change(rng.choice(rig.products), rng) for _ in range(2_000)],
            connections=CONNECTIONS,
            seconds=max(seconds, 2.0),
            warm_up_s=2.0,
            rate=UPDATES_PER_S,
            contains=b'"CommandAccepted"',
        )
        watched = rig.places.watched(api.pid, workers=[worker.pid for worker in rig.workers])
        load = await run("Updates", work, watched, lambda _, __: None)
    rig.stop_workers()
    return load


def _change(article: Article, rng: random.Random) -> bytes:
    price = {"amount": f"{rng.randrange(100, 100_000) / 100:.2f}", "currency": "GBP"}
    return request(CHANGE_PRICE, {"input": {"productId": typeid.encode("product", article.product_id), "price": price}})
