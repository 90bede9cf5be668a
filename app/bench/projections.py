"""Table 3: what projecting costs and how soon it shows, as figures with their targets."""

from app.bench import projecting, rebuilding
from app.bench.figures import Target
from app.bench.measurements import Figure
from app.bench.projecting import Cpu
from app.bench.rig import Rig, rig, temporary

_TARGET_RATE = 500.0
_TARGETS = {"median": Target("at most", 8, " ms"), "p99": Target("at most", 50, " ms")}
_CATCHING_UP = Target("at least", 40_000)
_REBUILDING = Target("at least", 30_000)


async def lag(rig: Rig, seconds: float, rate: float) -> list[Figure]:
    """From commit to visible while so many orders a second are placed, and the CPU of all that projects one."""
    seen = await projecting.visible_at(rig, seconds, rate)
    what = f"Commit to visible, {rate:,.0f} commands/s wanted, {seen.rate:,.0f} reached"
    lags = {"median": seen.median, "p95": seen.p95, "p99": seen.p99, "longest": seen.longest}
    targets = _TARGETS if rate == _TARGET_RATE else {}
    shown = [Figure(f"{what}, {name}", value, "ms", targets.get(name)) for name, value in lags.items()]
    return [*shown, *_cpu("Projecting an order into all views", seen.cpu, "µs/command")]


async def idle(rig: Rig, seconds: float) -> list[Figure]:
    """What workers that have nothing to do use all the same."""
    used = await projecting.idle_cpu(rig, seconds)
    return [Figure("Idle: workers, PostgreSQL and Redis", used.total * 100, "% of a core")]


async def new_view(rig: Rig, events: int = 100_000) -> list[Figure]:
    """A view that begins empty comes to the head. Leaves a log that other views are far behind, so it comes last."""
    rig.stop_workers()
    caught_up = await projecting.catch_up_new_view(rig, events=events)
    what = f"A new {caught_up.view} catches up with {caught_up.events:,} events, one worker"
    return [Figure(what, caught_up.rate, "events/s", _CATCHING_UP), *_cpu("Catching up", caught_up.cpu, "µs/event")]


async def rebuilt(events: int) -> list[Figure]:
    """A view is filled anew from a log of so many events; of each order four, under way with five hundred others.

    On servers of its own: orders that other measurements have only placed would be a row for each event, not for four.
    """
    with temporary() as folder:
        async with rig(folder) as apart:
            await rebuilding.lay_log(apart, events)
            done = await rebuilding.rebuild(apart)
    what = f"{done.view} rebuilt from {done.events:,} events, orders placed, paid, shipped, delivered; one worker"
    per_cpu = Figure("Rebuilding, by the worker's own CPU", 1 / done.cpu.workers, "events/s", _REBUILDING)
    return [Figure(what, done.rate, "events/s", _REBUILDING), per_cpu, *_cpu("Rebuilding", done.cpu, "µs/event")]


def _cpu(what: str, used: Cpu, unit: str) -> list[Figure]:
    parts = {"workers": used.workers, "PostgreSQL": used.postgres, "Redis": used.redis}
    return [Figure(f"{what}, CPU of {name}", seconds * 1e6, unit) for name, seconds in parts.items()]
