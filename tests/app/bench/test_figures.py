"""What stands in the tables: percentiles, ratios, targets, and the rounds that are shown."""

import pytest

from app.bench.figures import Goal, Target, percentile, ratio
from app.bench.load import Load
from app.bench.measured import ORM, OURS, RAW, STOCK, Measured, Operation
from app.bench.reads import TITLES, set_goals


def measured(server: str, cpu_us: float, postgres_us: float = 0.0) -> Measured:
    return Measured(server, 1e6 / cpu_us, cpu_us, postgres_us, 0.0, 5.0, [1.0, 2.0, 40.0])


def operation(*rounds: Measured) -> Operation:
    made = Operation("order(id)")
    for each in rounds:
        made.take(each)
    return made


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.5, 51.0), (0.95, 96.0), (0.99, 100.0), (1.0, 100.0)], ids=str
)
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == value


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [7.0] * 4


def test_a_ratio_needs_both_figures_and_something_to_divide_by() -> None:
    assert (ratio(700.0, 40.0), ratio(None, 40.0), ratio(700.0, None), ratio(700.0, 0.0)) == (17.5, None, None, None)


def test_a_target_is_met_from_its_bound_on() -> None:
    least, most = Target("at least", 15), Target("at most", 2.2)
    assert [least.met(value) for value in (14.99, 15.0, 15.01, None)] == [False, True, True, None]
    assert [most.met(value) for value in (2.19, 2.2, 2.21, None)] == [True, True, False, None]


def test_a_goal_shows_its_mark_its_target_and_the_figure() -> None:
    share = Target("at most", 25, " %")
    assert Goal("Python's part", share, 63.14).words == "✗ Python's part ≤ 25 %: 63.1 %"
    assert Goal("× stock", Target("at least", 15), 17.2).words == "✓ × stock ≥ 15: 17.2"
    assert Goal("", Target("at least", 40_000), 43_711.8).words == "✓ ≥ 40,000: 43,712"
    assert Goal("", Target("at least", 40_000), None).words == "? ≥ 40,000: not measured"


def test_a_load_is_counted_for_each_request() -> None:
    load = Load([1.0, 3.0, 5.0, 9.0], 2.0, {"server": 0.0004, "redis": 0.0001}, 0.00002)
    assert (load.requests, load.per_second, load.percentile_ms(0.5)) == (4, 2.0, 5.0)
    assert (load.cpu_us("server"), load.cpu_us("redis"), load.generator_us) == pytest.approx((100.0, 25.0, 5.0))


def test_the_least_disturbed_round_is_shown_whichever_it_was() -> None:
    made = operation(measured(OURS, 60.0), measured(STOCK, 900.0), measured(OURS, 40.0), measured(STOCK, 700.0))
    made.take(measured(OURS, 55.0))
    assert [(each.server, each.cpu_us) for each in made.measured] == [(OURS, 40.0), (STOCK, 700.0)]
    assert made.times(STOCK) == 17.5
    assert made.times(ORM) is None
    assert made.for_json()["cpuUsOfRounds"] == {OURS: [60.0, 40.0, 55.0], STOCK: [900.0, 700.0]}


def test_the_server_has_its_part_of_the_cpu() -> None:
    assert measured(OURS, 250.0, postgres_us=750.0).share == 0.25


def test_goals_hold_reads_against_controls_and_against_the_plain_read() -> None:
    operations = {field: operation(measured(OURS, 41.0)) for field in TITLES}
    operations["order"].take(measured(STOCK, 820.0))
    operations["order"].take(measured(RAW, 20.5))
    operations["order_with_token"] = operation(measured(OURS, 82.0))
    operations["search"] = operation(measured(OURS, 100.0, postgres_us=900.0))
    set_goals(operations)
    shown = {field: [(goal.value, goal.met) for goal in each.goals] for field, each in operations.items()}
    assert shown == {
        "order": [(20.0, True), (None, None), (2.0, True)],
        "order_at_version": [(1.0, True)],
        "order_with_token": [(2.0, False)],
        "orders": [(None, None)],
        "product": [],
        "search": [(10.0, True)],
    }
