"""The tables that people read."""

from collections.abc import Sequence

from rich.table import Table

from app.bench.measured import ORM, OURS, RAW, ROUTE, STOCK, Measured, Operation
from app.bench.measurements import Figure
from app.bench.plan import READS_PER_S, UPDATES_PER_S, Costs, Plan

_SHARES = (0.5, 0.95, 0.99)


def operations_table(title: str, operations: Sequence[Operation], unit: str, controls: Sequence[str]) -> Table:
    """A row for each server of each operation; the columns after the latencies say how much more CPU a control needs.

    Of the raw answer it is the other way round: how many times its CPU we need.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("Operation")
    for name in (unit, "CPU µs", "p50 ms", "p95 ms", "p99 ms", *(_heading(each) for each in controls)):
        table.add_column(name, justify="right")
    table.add_column("Target: measured")
    for operation in operations:
        _add_rows(table, operation, controls)
        table.add_section()
    return table


def _heading(control: str) -> str:
    return {STOCK: "× stock", ROUTE: "× route", RAW: "of raw", ORM: "× ORM"}[control]


def _add_rows(table: Table, operation: Operation, controls: Sequence[str]) -> None:
    goals = "\n".join(goal.words for goal in operation.goals)
    for each in operation.measured:
        ours = each.server == OURS
        name = f"[bold]{operation.name}[/]" if ours else f"  {each.server}"
        ratios = [_ratio(operation, control) if ours else "" for control in controls]
        table.add_row(name, *_figures(each), *ratios, goals if ours else "")


def _figures(each: Measured) -> list[str]:
    latencies = (f"{each.percentile_ms(share):,.1f}" for share in _SHARES)
    return [f"{each.per_second:,.0f}", f"{each.cpu_us:,.0f}", *latencies]


def _ratio(operation: Operation, control: str) -> str:
    times = operation.times(control)
    if not times:
        return "–"
    shown = 1 / times if control == RAW else times
    return f"{shown:,.0f}" if shown >= 100 else f"{shown:.3g}"


def figures_table(title: str, figures: Sequence[Figure]) -> Table:
    """A row for each figure."""
    table = Table("What", "Figure", "Unit", "Target: measured", title=title, title_justify="left")
    for figure in figures:
        table.add_row(figure.what, f"{figure.value:,.1f}", figure.unit, figure.goal.words if figure.goal else "")
    return table


def plan_tables(plan: Plan) -> list[Table]:
    """How reads scale, and the cores that the brief's load needs."""
    return [_scaling_table(plan), _cores_table(plan)]


def _scaling_table(plan: Plan) -> Table:
    title = (
        "5. Scaling: api processes 1 → 2. By CPU: 2 × CPU µs with one / CPU µs with two, what cores of their own would "
        "give.\nWall: requests a second as they came, on a machine whose cores the load generator and the stores share."
    )
    table = Table(title=title, title_justify="left")
    table.add_column("Operation")
    for name in ("req/s, 1", "req/s, 2", "CPU µs, 1", "CPU µs, 2", "wall", "by CPU"):
        table.add_column(name, justify="right")
    table.add_column("Target: measured")
    for each in plan.scalings:
        one, two = each.one, each.two
        figures = (f"{value:,.0f}" for value in (one.per_second, two.per_second, one.cpu_us, two.cpu_us))
        table.add_row(each.name, *figures, f"{each.wall:.2f}", f"{each.by_cpu or 0:.2f}", each.goal.words)
    return table


def _cores_table(plan: Plan) -> Table:
    title = (
        f"Cores for {READS_PER_S:,} product reads and {UPDATES_PER_S} updates a second, each of them wholly busy:\n"
        "(reads a second × CPU µs of a read + updates a second × CPU µs of an update) / 1,000,000"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("Of")
    for name in ("CPU µs of a read", "CPU µs of an update", "cores"):
        table.add_column(name, justify="right")
    for name, needed in plan.cores.items():
        table.add_row(
            _NAMES.get(name, name), *(_us(costs, name) for costs in (plan.read, plan.update)), f"{needed:.2f}"
        )
    table.add_section()
    table.add_row("all", "", "", f"{sum(plan.cores.values()):.2f}")
    return table


_NAMES = {"server": "api processes", "postgres": "PostgreSQL", "redis": "Redis", "workers": "workers"}


def _us(costs: Costs, name: str) -> str:
    return f"{costs.us[name]:,.0f}" if name in costs.us else "–"
