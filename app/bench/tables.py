"""The tables that people read."""

from collections.abc import Sequence

from rich.table import Table

from app.bench.measured import ORM, OURS, RAW, ROUTE, STOCK, Measured, Operation
from app.bench.measurements import Figure

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
    return f"{1 / times if control == RAW else times:,.2g}" if times < 1000 else f"{times:,.0f}"


def figures_table(title: str, figures: Sequence[Figure]) -> Table:
    """A row for each figure."""
    table = Table("What", "Figure", "Unit", title=title, title_justify="left")
    for figure in figures:
        table.add_row(figure.what, f"{figure.value:,.1f}", figure.unit)
    return table
