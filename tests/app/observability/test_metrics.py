"""The metrics of real processes: what they count, and that they count it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app import registry
from app.infra.embedded import Servers
from tests.support.installation import Installation, free_port, installation
from tests.support.replay import until_caught_up
from tests.support.scrapes import Scrape, scrape
from tests.write_model.floor import until

ADA, TEAPOT = "customer_01kdvdna00f24vxxn2s19mcv8a", "product_01kdvdna00fwy9g9krev4k3t4y"
PLACE = """mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) {
    __typename ... on CommandAccepted { aggregateId token } ... on VersionConflict { actualVersion } } }"""
PAY = "mutation ($input: PayOrderInput!) { payOrder(input: $input) { __typename } }"
NEWEST = """query Newest($token: String) { orders(first: 1, token: $token) { edges { node { id } } } }"""
ORDER = "query ($id: ID!, $version: Int) { order(id: $id, minVersion: $version, waitMs: 300) { __typename } }"

SHARDS = {(view.name, str(shard)) for view in registry.VIEWS for shard in range(view.shards)}
POLICIES = {(policy, "0") for policy in registry.POLICY_NAMES}


@dataclass
class Watched:
    """An installation with one worker, whose metrics have a port."""

    shop: Installation
    worker_port: int

    async def api(self) -> Scrape:
        return await scrape(self.shop.url)

    async def worker(self) -> Scrape:
        return await scrape(f"http://127.0.0.1:{self.worker_port}")

    async def place(self, quantity: int) -> Any:
        items = [{"productId": TEAPOT, "quantity": quantity}]
        return (await self.shop.query(PLACE, input={"customerId": ADA, "items": items}))["placeOrder"]


@pytest.fixture(scope="module")
async def watched(servers: Servers) -> AsyncIterator[Watched]:
    async with watch(servers) as found:
        yield found


@asynccontextmanager
async def watch(servers: Servers) -> AsyncIterator[Watched]:
    """A seeded installation, caught up."""
    async with installation(servers) as made:
        port = free_port()
        await made.seed()
        made.start("worker", COUNTERFOIL_METRICS_PORT=str(port))
        await made.start_api()
        await until_caught_up(made)
        yield Watched(made, port)


def by_shard(found: Scrape, name: str) -> dict[tuple[str, str], float]:
    """The values of a metric by view and shard."""
    return {(each.labels["view"], each.labels["shard"]): each.value for each in found.named(name)}


async def test_commands_are_counted_by_what_became_of_them(watched: Watched) -> None:
    before = await watched.api()
    order = (await watched.place(1))["aggregateId"]
    await watched.place(1_000_000)
    await watched.shop.query(PAY, input={"orderId": order, "expectedVersion": 7})
    after = await watched.api()

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    counted = {
        (sample.labels["type"], sample.labels["outcome"], sample.labels["code"]): grown(
            "counterfoil_commands_total", **sample.labels
        )
        for sample in after.named("counterfoil_commands_total")
    }
    assert {labels: number for labels, number in counted.items() if number} == {
        ("PlaceOrder", "accepted", ""): 1,
        ("PlaceOrder", "refused", "INSUFFICIENT_STOCK"): 1,
        ("PayOrder", "conflict", ""): 1,
    }
    assert grown("counterfoil_command_duration_seconds_count", type="PlaceOrder", outcome="accepted") == 1
    assert 0 < grown("counterfoil_command_duration_seconds_sum", type="PlaceOrder", outcome="accepted") < 10


async def test_operations_are_timed_by_their_name(watched: Watched) -> None:
    await watched.shop.query(NEWEST)
    await watched.shop.query("{ __typename }")
    await watched.shop.ask("{ nonsense }")
    found = await watched.api()
    timed = {
        (sample.labels["kind"], sample.labels["operation"])
        for sample in found.named("counterfoil_graphql_duration_seconds_count")
        if sample.value
    }
    assert {("query", "Newest"), ("query", "{ __typename }"), ("unplanned", "without a plan")} <= timed
    buckets = [
        (float(sample.labels["le"]), sample.value)
        for sample in found.named("counterfoil_graphql_duration_seconds_bucket")
        if sample.labels["operation"] == "Newest"
    ]
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert buckets[-1] == (
        float("inf"),
        found.value("counterfoil_graphql_duration_seconds_count", kind="query", operation="Newest"),
    )


async def test_waits_for_freshness_are_timed_by_view_and_outcome(watched: Watched) -> None:
    before = await watched.api()
    placed = await watched.place(1)
    await watched.shop.query(NEWEST, token=placed["token"])
    await watched.shop.query(ORDER, id=placed["aggregateId"], version=1)
    await watched.shop.query(ORDER, id=placed["aggregateId"], version=1)
    await watched.shop.query(ORDER, id=placed["aggregateId"], version=9)
    after = await watched.api()

    def grown(**labels: str) -> float:
        name = "counterfoil_freshness_wait_seconds_count"
        return after.value(name, **labels) - before.value(name, **labels)

    assert grown(view="order_summary", outcome="at once") + grown(view="order_summary", outcome="waited") == 1
    assert grown(view="order_details", outcome="at once") >= 1
    assert grown(view="order_details", outcome="behind") == 1
    assert grown(view="order_details") == 3
    waited = "counterfoil_freshness_wait_seconds_sum"
    assert after.value(waited, outcome="behind") - before.value(waited, outcome="behind") >= 0.3


async def test_every_shard_is_told_of_by_api_and_worker_alike(watched: Watched) -> None:
    await until_caught_up(watched.shop)
    for found in (await watched.api(), await watched.worker()):
        for name in ("position", "events_behind", "lag_seconds", "heartbeat_age_seconds", "lease_epoch", "failing"):
            assert by_shard(found, f"counterfoil_view_{name}").keys() == SHARDS, name
        assert found.labels("counterfoil_dead_letters", "view") == {view.name for view in registry.VIEWS}
        assert found.value("counterfoil_view_lag_seconds") == found.value("counterfoil_view_events_behind") == 0
        assert found.value("counterfoil_view_heartbeat_age_seconds") < 10 * len(SHARDS)
        assert found.value("counterfoil_store_up", store="views") == 1
        assert found.value("counterfoil_store_up", store="redis") == 1


async def test_a_worker_counts_what_it_projects_and_tells_how_its_loops_are(watched: Watched) -> None:
    before = await watched.worker()
    await watched.place(2)
    await until_caught_up(watched.shop)
    after = await watched.worker()
    events, rows = "counterfoil_projected_events_total", "counterfoil_projected_rows_total"
    assert after.value(events, view="order_details") - before.value(events, view="order_details") == 1
    assert after.value(rows, view="order_details") - before.value(rows, view="order_details") == 1
    assert after.value("counterfoil_handler_failures_total") == 0
    loops = {"event loop", "log tail", "arq", *(f"{name}/{shard}" for name, shard in SHARDS | POLICIES)}
    loops |= {f"{policy}, dispatching" for policy in registry.POLICY_NAMES}
    assert after.labels("counterfoil_loop_age_seconds", "loop") == loops
    assert by_shard(after, "counterfoil_lease_age_seconds").keys() == SHARDS | POLICIES
    assert by_shard(after, "counterfoil_redis_events_behind") == {
        (view.name, str(shard)): 0 for view in registry.VIEWS if view.in_redis for shard in range(view.shards)
    }


async def test_the_pools_and_the_process_are_told_of(watched: Watched) -> None:
    found = await watched.api()
    assert found.labels("counterfoil_pool_connections", "pool") == {"views", "log"}
    assert found.value("counterfoil_pool_connections_limit", pool="log") == 10
    assert found.value("process_cpu_seconds_total") > 0
    assert found.value("counterfoil_log_head_position") == found.value("counterfoil_log_seen_position") > 0


async def test_two_workers_on_one_port_both_work_and_one_says_that_it_cannot_be_watched(
    servers: Servers,
) -> None:
    async with installation(servers) as made:
        port = free_port()
        for _ in range(2):
            made.start("worker", COUNTERFOIL_METRICS_PORT=str(port), COUNTERFOIL_LOG_FORMAT="json")
        await until(lambda: _says(made, "nobody can watch this process"))
        assert [process.poll() for process in made.processes] == [None, None]
        await made.seed()
        await until_caught_up(made)
        assert (await scrape(f"http://127.0.0.1:{port}")).value("counterfoil_loop_age_seconds", loop="arq") < 10


async def _says(made: Installation, words: str) -> bool:
    return words in made.log_of("worker")


async def test_each_of_several_api_processes_has_metrics_of_its_own(servers: Servers) -> None:
    async with installation(servers) as made:
        first = free_port()
        await made.start_api("--processes", "2", COUNTERFOIL_METRICS_PORT=str(first))
        both = [f"http://127.0.0.1:{first + number}" for number in range(2)]
        await until(lambda: answer(both))
        for _ in range(20):
            await made.query("{ __typename }")
        name = "counterfoil_graphql_operations_total"
        assert sum([(await scrape(url)).value(name) for url in both]) == 20
        with pytest.raises(AssertionError, match="Several processes share this port"):
            await scrape(made.url)


async def answer(urls: list[str]) -> bool:
    """Whether all of them do."""
    try:
        return all([(await scrape(url)).samples for url in urls])
    except httpx.TransportError:
        return False
