"""What alerts and dashboard ask for is what processes tell: every metric by its name, every label as one of its own."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.infra.embedded import Servers
from tests.app.observability.test_metrics import NEWEST, Watched, watch
from tests.support.installation import ROOT
from tests.support.prometheus import ALERTS, FOLDER, promtool

DASHBOARD = ROOT / "app/observability/grafana/dashboards/counterfoil.json"
BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text())
SHOWN: list[str] = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])]
LEGENDS: list[tuple[str, str]] = [
    (target["expr"], target["legendFormat"]) for panel in BOARD["panels"] for target in panel.get("targets", [])
]

GIVEN_BY_PROMETHEUS = {"job", "instance"}
"""Labels that every series gets when it is fetched."""

Told = defaultdict[str, set[str]]
"""The labels that the series of a metric have, by its name."""


def stated() -> list[str]:
    """The expressions of the alerts."""
    found = re.findall(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", ALERTS.read_text(), re.MULTILINE)
    return [several or one for several, one in found]


EXPRESSIONS = [*stated(), *SHOWN]


@pytest.fixture(scope="module")
async def told(servers: Servers) -> Told:
    """What an API and a worker tell that have done a little of everything."""
    async with watch(servers) as watched:
        await a_little_of_everything(watched)
        labels: Told = defaultdict(set)
        for found in (await watched.api(), await watched.worker()):
            for sample in found.samples:
                labels[sample.name] |= sample.labels.keys()
        return labels


async def a_little_of_everything(watched: Watched) -> None:
    placed = await watched.place(1)
    await watched.place(1_000_000)
    await watched.shop.query(NEWEST, token=placed["token"])


def named(expression: str) -> set[str]:
    """The metrics of ours, and of processes, that an expression asks for."""
    return set(re.findall(r"\b((?:counterfoil|process)_\w+)", expression))


def asked(expression: str) -> Iterator[str]:
    """The labels that an expression selects or sums by."""
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        yield from (label.strip() for label in listed.split(","))
    for selected in re.findall(r"\{([^}]*)\}", expression):
        yield from re.findall(r"(\w+)(?:=~|!=|!~|=)", selected)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_is_told(expression: str, told: Told) -> None:
    names = named(expression)
    assert names or "up" in expression
    assert [name for name in names if name not in told] == []
    known = GIVEN_BY_PROMETHEUS.union(*(told[name] for name in names))
    assert [label for label in asked(expression) if label not in known] == []


@pytest.mark.parametrize(("expression", "legend"), LEGENDS)
def test_every_legend_names_labels_that_are_left(expression: str, legend: str) -> None:
    left = set(asked(expression)) | GIVEN_BY_PROMETHEUS
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= left


def test_the_expressions_are_found() -> None:
    assert len(stated()) == len(re.findall(r"^ +- alert:", ALERTS.read_text(), re.MULTILINE)) > 8
    assert len(SHOWN) > 30


def test_all_that_is_told_of_ours_is_shown(told: Told) -> None:
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told if name.startswith("counterfoil_")}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for expression in SHOWN for name in named(expression)}
    assert ours - shown == set()


def test_prometheus_can_read_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel_{number}", "expr": expression.replace("$__rate_interval", "1m").replace("$view", ".*")}
        for number, expression in enumerate(SHOWN)
    ]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(SHOWN)} rules found" in promtool("check", "rules", tmp_path / "rules.json")


def test_the_dashboard_is_templated_by_view_and_its_panels_have_ids_and_places_of_their_own() -> None:
    assert [variable["name"] for variable in BOARD["templating"]["list"]] == ["datasource", "view"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    places = [covered(panel["gridPos"]) for panel in BOARD["panels"]]
    assert len(set.union(*places)) == sum(map(len, places)), "two panels lie upon each other"


def covered(place: dict[str, int]) -> set[tuple[int, int]]:
    return {
        (x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])
    }


def test_what_is_watched_in_containers_is_what_the_alerts_are_about() -> None:
    jobs = re.findall(r"job_name: (\S+)", (FOLDER / "prometheus.yml").read_text())
    assert jobs == ["counterfoil-api", "counterfoil-worker"]
