"""The tables that people read, whatever was measured."""

from io import StringIO

from rich.console import Console
from rich.table import Table

from app.bench.figures import Goal, Target
from app.bench.measured import ORM, OURS, RAW, ROUTE, STOCK, Measured, Operation
from app.bench.measurements import Figure
from app.bench.plan import Costs, Plan, Scaling
from app.bench.reads import TITLES
from app.bench.tables import figures_table, operations_table, plan_tables

CONTROLS = [STOCK, ROUTE, ORM, RAW]


def measured(server: str, per_second: float, cpu_us: float) -> Measured:
    return Measured(server, per_second, cpu_us, 0.0, 0.0, 5.0, [1.0] * 90 + [2.5] * 10)


def rows(table: Table) -> list[list[str]]:
    """The cells, line by line."""
    output = StringIO()
    Console(file=output, width=250).print(table)
    lines = [line for line in output.getvalue().splitlines() if line[:1] in "│┃"]
    return [[cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")] for line in lines]


def test_ratios_stand_beside_ours_and_controls_beneath() -> None:
    order = Operation("order(id)")
    for each in (measured(OURS, 22_512, 41.2), measured(STOCK, 1_384, 714.0), measured(RAW, 40_600, 23.0)):
        order.take(each)
    order.goals = [Goal("× stock", Target("at least", 15), order.times(STOCK))]
    heading, *shown = rows(operations_table("Reads", [order], "req/s", CONTROLS))
    assert heading[1:7] == ["req/s", "CPU µs", "p50 ms", "p95 ms", "p99 ms", "× stock"]
    assert shown == [
        ["order(id)", "22,512", "41", "1.0", "2.5", "2.5", "17.3", "–", "–", "1.79", "✓ × stock ≥ 15: 17.3"],
        ["stock Strawberry", "1,384", "714", "1.0", "2.5", "2.5", "", "", "", "", ""],
        ["raw ASGI", "40,600", "23", "1.0", "2.5", "2.5", "", "", "", "", ""],
    ]


def test_without_controls_there_are_no_ratios() -> None:
    alone = Operation("product(id)")
    alone.take(measured(OURS, 100, 1_000.0))
    _, shown = rows(operations_table("Reads", [alone], "req/s", CONTROLS))
    assert shown == ["product(id)", "100", "1,000", "1.0", "2.5", "2.5", "–", "–", "–", "–", ""]


def test_an_operation_that_was_not_measured_has_no_row() -> None:
    assert len(rows(operations_table("Reads", [Operation("product(id)")], "req/s", CONTROLS))) == 1


def test_figures_with_a_target_show_it() -> None:
    figures = [Figure("Catching up", 2_711.4, "events/s"), Figure("Visible", 16.0, "ms", Target("at most", 8, " ms"))]
    _, *shown = rows(figures_table("Projections", figures))
    assert shown == [["Catching up", "2,711.4", "events/s", ""], ["Visible", "16.0", "ms", "✗ ≤ 8 ms: 16 ms"]]


def test_the_plan_shows_who_needs_the_cores() -> None:
    reads = [Scaling(TITLES[field], measured(OURS, 20_000, 40.0), measured(OURS, 30_000, 40.0)) for field in _FIELDS]
    scaling, needed = plan_tables(Plan(reads, Costs({"server": 500.0, "workers": 2_000.0}), 9.0))
    assert rows(scaling)[1][1:7] == ["20,000", "30,000", "40", "40", "1.50", "2.00"]
    _, *shown = rows(needed)
    assert shown[0] == ["api processes", "40", "500", "4.05"]
    assert shown[-2:] == [["workers", "–", "2,000", "0.20"], ["all", "", "", "4.25"]]


_FIELDS = ("order", "product")
