"""Each alert fires on its condition and not otherwise: Prometheus' own evaluation of series that were made for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.prometheus import ALERTS, FOLDER, promtool

STATED = re.findall(r"^ +- alert: (\w+)$", ALERTS.read_text(), re.MULTILINE)

WORKER_UP = {'up{job="counterfoil-worker", instance="w1"}': "1x200"}
"""Or its absence would be told in every case."""


@dataclass(frozen=True)
class Fired:
    """An alert as it must be: what it says, and its labels."""

    summary: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Series, each with a value every 5 s in promtool's notation, and what fires a quarter of an hour later."""

    alert: str
    about: str
    series: Mapping[str, str]
    fires: Fired | None = None


def fired(summary: str, severity: str = "warning", **labels: str) -> Fired:
    """For these labels."""
    return Fired(summary, {"severity": severity, **labels})


def view(name: str, **labels: str) -> str:
    """A series of a view, as one process tells it."""
    told = {"view": "orders", "shard": "0", "instance": "a", **labels}
    listed = ", ".join(f'{label}="{value}"' for label, value in told.items())
    return f"{name}{{{listed}}}"


def durations(fast: int, slow: int) -> dict[str, str]:
    """A query that takes up to 100 ms so many times in 5 s, and longer, up to half a second, so many times."""
    labels = 'kind="query", operation="Orders", instance="a"'
    counts = {"0.1": fast, "0.25": fast, "0.5": fast + slow, "+Inf": fast + slow}
    name = "counterfoil_graphql_duration_seconds"
    buckets = {f'{name}_bucket{{{labels}, le="{bound}"}}': f"0+{n}x200" for bound, n in counts.items()}
    return buckets | {f"{name}_count{{{labels}}}": f"0+{fast + slow}x200"}


def commands(**outcomes: int) -> dict[str, str]:
    """How many commands had which outcome in 5 s."""
    name = "counterfoil_commands_total"
    return {
        f'{name}{{type="PlaceOrder", outcome="{outcome}", code="", instance="a"}}': f"0+{number}x200"
        for outcome, number in outcomes.items()
    }


LAG, HEARTBEAT = "counterfoil_view_lag_seconds", "counterfoil_view_heartbeat_age_seconds"
FAILURES, EVENTS = "counterfoil_handler_failures_total", "counterfoil_projected_events_total"
DEAD = 'counterfoil_dead_letters{view="orders", instance="a"}'
LOOP = 'counterfoil_loop_age_seconds{loop="log tail", job="counterfoil-worker", instance="w1"}'
STORE = 'counterfoil_store_up{store="views", job="counterfoil-api", instance="a"}'
HARDLY = {name: "0x150 1x50" for name in durations(0, 1) if 'le="0.1"' not in name and 'le="0.25"' not in name}

CASES = [
    Case(
        "CounterfoilViewLagging",
        "six seconds",
        {view(LAG): "6x200"},
        fired("orders last had everything 6s ago", view="orders"),
    ),
    Case(
        "CounterfoilViewLagging",
        "one shard of two",
        {view(LAG): "0x200", view(LAG, shard="1"): "6.5x200"},
        fired("orders last had everything 6.5s ago", view="orders"),
    ),
    Case("CounterfoilViewLagging", "five seconds", {view(LAG): "5x200"}),
    Case("CounterfoilViewLagging", "six seconds, for a moment", {view(LAG): "0x179 6 0x20"}),
    Case(
        "CounterfoilProjectionDead",
        "no lag and no heartbeat",
        {view(LAG): "0x200", view(HEARTBEAT): "0x170 0+5x30"},
        fired("Nobody projects orders/0: no loop was heard of for 45s", "critical", view="orders", shard="0"),
    ),
    Case(
        "CounterfoilProjectionDead",
        "told by one of two",
        {view(HEARTBEAT): "11x200", view(HEARTBEAT, instance="b"): "1x200"},
        fired("Nobody projects orders/0: no loop was heard of for 11s", "critical", view="orders", shard="0"),
    ),
    Case("CounterfoilProjectionDead", "taken over in time", {view(HEARTBEAT): "0x178 4 9.5 0x20"}),
    Case(
        "CounterfoilLoopHanging",
        "a tail that stands",
        {LOOP: "0x170 0+5x30"},
        fired(
            "log tail of w1 has not turned for 45s: start that process anew",
            "critical",
            job="counterfoil-worker",
            instance="w1",
            loop="log tail",
        ),
    ),
    Case("CounterfoilLoopHanging", "a tail that sweeps", {LOOP: "1x200"}),
    Case(
        "CounterfoilHandlerFailures",
        "two of a hundred",
        {view(FAILURES): "0+2x200", view(EVENTS): "0+98x200"},
        fired("2% of what orders is given fails", view="orders"),
    ),
    Case(
        "CounterfoilHandlerFailures",
        "nothing but failures",
        {view(FAILURES): "0+2x200", view(EVENTS): "0x200"},
        fired("100% of what orders is given fails", view="orders"),
    ),
    Case(
        "CounterfoilHandlerFailures",
        "another view's",
        {
            view(FAILURES): "0x200",
            view(EVENTS): "0+98x200",
            view(FAILURES, view="sales"): "0+1x200",
            view(EVENTS, view="sales"): "0+1x200",
        },
        fired("50% of what sales is given fails", view="sales"),
    ),
    Case("CounterfoilHandlerFailures", "one of two hundred", {view(FAILURES): "0+1x200", view(EVENTS): "0+199x200"}),
    Case("CounterfoilHandlerFailures", "nothing at all", {view(FAILURES): "0x200", view(EVENTS): "0x200"}),
    Case("CounterfoilHandlerFailures", "long ago", {view(FAILURES): "0+2x20 40x180", view(EVENTS): "0+98x200"}),
    Case(
        "CounterfoilDeadLettersGrowing",
        "one more",
        {DEAD: "3x150 4x50"},
        fired("Events of orders were parked in the last ten minutes", view="orders"),
    ),
    Case("CounterfoilDeadLettersGrowing", "as many as before", {DEAD: "3x200"}),
    Case("CounterfoilDeadLettersGrowing", "fewer", {DEAD: "3x150 0x50"}),
    Case(
        "CounterfoilQueriesSlow",
        "three of a hundred above",
        durations(97, 3),
        fired("One in a hundred of Orders takes longer than 416.7ms", operation="Orders"),
    ),
    Case("CounterfoilQueriesSlow", "one of two hundred above", durations(199, 1)),
    Case("CounterfoilQueriesSlow", "hardly asked", dict.fromkeys(durations(0, 1), "0x200") | HARDLY),
    Case(
        "CounterfoilCommandsFailing",
        "two of a hundred",
        commands(accepted=98, failed=1, busy=1),
        fired("2% of PlaceOrder cannot be carried out, through no fault of who sends it", type="PlaceOrder"),
    ),
    Case("CounterfoilCommandsFailing", "refused, which is no failure", commands(accepted=1, refused=99, conflict=5)),
    Case("CounterfoilCommandsFailing", "one of two hundred", commands(accepted=199, failed=1)),
    Case(
        "CounterfoilStoreAway",
        "no answer",
        {STORE: "1x100 0x100"},
        fired("a gets no answer from views", "critical", job="counterfoil-api", instance="a", store="views"),
    ),
    Case("CounterfoilStoreAway", "no answer for a moment", {STORE: "1x179 0 1x20"}),
    Case(
        "CounterfoilTargetDown",
        "a worker",
        {'up{job="counterfoil-worker", instance="w2"}': "0x200"},
        fired("w2 (counterfoil-worker) cannot be asked", "critical", job="counterfoil-worker", instance="w2"),
    ),
    Case("CounterfoilTargetDown", "one of another job", {'up{job="node", instance="n"}': "0x200"}),
    Case("CounterfoilTargetDown", "all up", {'up{job="counterfoil-api", instance="a"}': "1x200"}),
    Case(
        "CounterfoilNoWorker",
        "none that answers",
        {'up{job="counterfoil-worker", instance="w1"}': "0x200"},
        fired("There is no worker: nothing is projected", "critical"),
    ),
    Case("CounterfoilNoWorker", "one of two answers", {'up{job="counterfoil-worker", instance="w2"}': "0x200"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.about}")
def test_each_alert_fires_on_its_condition_and_not_otherwise(case: Case, tmp_path: Path) -> None:
    assert_fires(case, case.fires, tmp_path)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for fires in (True, False):
        assert {case.alert for case in CASES if bool(case.fires) == fires} == set(STATED)


@pytest.mark.parametrize("expected", [None, fired("something", view="orders")], ids=["rest", "fire"])
def test_what_is_expected_wrongly_is_noticed(expected: Fired | None, tmp_path: Path) -> None:
    wrong = next(case for case in CASES if (case.fires is None) != (expected is None))
    with pytest.raises(AssertionError, match="FAILED"):
        assert_fires(wrong, expected, tmp_path)


def test_the_files_are_as_prometheus_wants_them() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")


def assert_fires(case: Case, expected: Fired | None, folder: Path) -> None:
    """Has promtool evaluate the alert over the case's series."""
    file = folder / "case.json"
    file.write_text(json.dumps(in_promtools_words(case, expected)))
    promtool("test", "rules", file)


def in_promtools_words(case: Case, expected: Fired | None) -> dict[str, Any]:
    """The case as promtool takes it. YAML includes JSON."""
    alerts = [{"exp_labels": expected.labels, "exp_annotations": {"summary": expected.summary}}] if expected else []
    given = [{"series": name, "values": values} for name, values in {**WORKER_UP, **case.series}.items()]
    at = [{"eval_time": "15m", "alertname": case.alert, "exp_alerts": alerts}]
    test = {"interval": "5s", "input_series": given, "alert_rule_test": at}
    return {"rule_files": [str(ALERTS)], "evaluation_interval": "5s", "tests": [test]}
