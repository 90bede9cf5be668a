"""Measured operations: one figure set for each server that was asked, and the goals of ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.bench.figures import Goal, percentile, ratio
from app.bench.load import Load

OURS = "Counterfoil"
STOCK, ROUTE, RAW, ORM = "stock Strawberry", "hand-written route", "raw ASGI", "Strawberry + ORM"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one server did. CPU is in microseconds for each operation; that of the stores is all of theirs meanwhile."""

    server: str
    per_second: float
    cpu_us: float
    postgres_us: float
    redis_us: float
    generator_us: float
    latencies_ms: Sequence[float] = field(repr=False)

    @classmethod
    def of(cls, server: str, load: Load) -> "Measured":
        """A run in which `server`, `postgres` and `redis` were watched."""
        stores = load.cpu_us("postgres"), load.cpu_us("redis")
        return cls(server, load.per_second, load.cpu_us("server"), *stores, load.generator_us, load.latencies_ms)

    @property
    def share(self) -> float | None:
        """The server's part of its own and the stores' CPU; None where the time was too short to see any."""
        return ratio(self.cpu_us, self.cpu_us + self.postgres_us + self.redis_us)

    def percentile_ms(self, share: float) -> float:
        """The latency that this share of the requests does not exceed."""
        return percentile(self.latencies_ms, share)

    def for_json(self) -> dict[str, Any]:
        """Everything but the latencies themselves."""
        return {
            "server": self.server,
            "perSecond": self.per_second,
            "requests": len(self.latencies_ms),
            "cpuUs": self.cpu_us,
            "postgresCpuUs": self.postgres_us,
            "redisCpuUs": self.redis_us,
            "generatorCpuUs": self.generator_us,
            "p50Ms": self.percentile_ms(0.5),
            "p95Ms": self.percentile_ms(0.95),
            "p99Ms": self.percentile_ms(0.99),
        }


ROUNDS = 5
"""How often everything is measured, in turn, so that what disturbs the machine for a while disturbs all servers."""


@dataclass(slots=True)
class Operation:
    """One operation on every server that has it, ours first, each measured in several rounds."""

    name: str
    rounds: dict[str, list[Measured]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def take(self, each: Measured) -> None:
        """One more round of a server."""
        self.rounds.setdefault(each.server, []).append(each)

    @property
    def measured(self) -> list[Measured]:
        """Every server's least disturbed round: other work on the machine only ever adds to the CPU of a request."""
        return [min(rounds, key=lambda each: each.cpu_us) for rounds in self.rounds.values()]

    def cpu_us(self, server: str = OURS) -> float | None:
        """CPU of a server for each request, in microseconds; None if it was not measured."""
        return next((each.cpu_us for each in self.measured if each.server == server), None)

    def times(self, control: str) -> float | None:
        """How many times our CPU the control needs."""
        return ratio(self.cpu_us(control), self.cpu_us())

    def for_json(self) -> dict[str, Any]:
        """With the ratios that the tables show."""
        return {
            "operation": self.name,
            "measured": [each.for_json() for each in self.measured],
            "cpuUsOfRounds": {server: [each.cpu_us for each in rounds] for server, rounds in self.rounds.items()},
            "timesOurCpu": {each.server: self.times(each.server) for each in self.measured[1:]},
            "goals": [goal.for_json() for goal in self.goals],
        }
