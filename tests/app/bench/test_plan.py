"""How reads scale, and how many cores a load needs."""

import pytest

from app.bench.measured import OURS, Measured
from app.bench.plan import Costs, Plan, Scaling, cores_for
from app.bench.reads import TITLES


def measured(per_second: float, cpu_us: float, redis_us: float = 0.0) -> Measured:
    return Measured(OURS, per_second, cpu_us, 0.0, redis_us, 5.0, [1.0])


def test_cores_are_the_sum_of_what_all_operations_need() -> None:
    read, update = Costs({"server": 41.0, "redis": 3.0}), Costs({"server": 600.0, "postgres": 900.0})
    assert cores_for([(100_000, read), (100, update)]) == pytest.approx(
        {"server": 4.16, "redis": 0.3, "postgres": 0.09}
    )


def test_a_load_of_nothing_needs_no_cores() -> None:
    assert cores_for([]) == {}


def test_scaling_by_cpu_knows_nothing_of_a_machine_that_is_full() -> None:
    scaling = Scaling("order(id)", measured(20_000, 40.0), measured(25_000, 42.0))
    assert (scaling.wall, scaling.by_cpu) == pytest.approx((1.25, 1.9048), rel=1e-3)
    assert scaling.goal.met


def test_a_read_costs_what_it_does_with_two_processes() -> None:
    scalings = [Scaling(TITLES[field], measured(9, 40.0), measured(9, us, 2.0)) for field, us in _TWO.items()]
    plan = Plan(scalings, Costs({"server": 700.0, "workers": 300.0}), update_p99_ms=9.0)
    assert plan.cores == pytest.approx({"server": 5.07, "postgres": 0.0, "redis": 0.2, "workers": 0.03})


_TWO = {"order": 90.0, "product": 50.0}
