"""Devices over GraphQL: each writer reads their own writes, and nobody a site that they do not reach."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.schema.asking import ask, code_of
from tests.schema.live import socket
from tests.schema.past import carried_out
from tests.support.installation import Installation

DEVICE = """query ($id: ID!, $minVersion: Int, $token: String, $waitMs: Int) {
    device(id: $id, minVersion: $minVersion, token: $token, waitMs: $waitMs) { __typename
        ... on Device { id version kind site online retiredAt reports readings
            metadata { name value } latest { metric value sequence } lastReading { metric value at } }
        ... on Processing { expectedVersion currentVersion } } }"""
DEVICES = """query ($filter: DeviceFilter, $sort: DeviceSort! = REGISTERED_DESC, $first: Int, $after: String,
                    $token: String) {
    devices(filter: $filter, sort: $sort, first: $first, after: $after, token: $token) {
        totalCount edges { cursor node { id site } } pageInfo { hasNextPage endCursor } freshness { state } } }"""
TELEMETRY = """query ($id: ID, $site: String, $metric: String! = "temperature",
                      $resolution: TelemetryResolution! = HOUR,
                      $since: DateTime! = "2026-02-01T00:00:00Z", $until: DateTime! = "2026-02-03T00:00:00Z",
                      $percent: Float! = 50, $token: String) {
    telemetry(deviceId: $id, site: $site, metric: $metric, resolution: $resolution, since: $since, until: $until,
              token: $token) {
        buckets { start count sum min max mean last lastAt percentile(percent: $percent) } freshness { state } } }"""
ALARMS = """query ($filter: AlarmFilter, $first: Int, $after: String, $token: String) {
    alarms(filter: $filter, first: $first, after: $after, token: $token) {
        totalCount edges { cursor node { id deviceId ruleId value clearedAt clearedBy } }
        pageInfo { hasNextPage endCursor } } }"""
RULES = """query ($site: String, $token: String) {
    alarmRules(site: $site, token: $token) { edges { node { id deviceId raiseAt } } } }"""


_OUTCOME = "__typename ... on CommandRejected { code field }"


def reading(sequence: int, value: str, at: str = "2026-02-01T12:00:00Z", metric: str = "temperature") -> dict[str, Any]:
    return {"sequence": sequence, "metric": metric, "value": value, "at": at}


async def registered(http: httpx.AsyncClient, site: str, **said: Any) -> str:
    receipt = await carried_out(http, "registerDevice", {"kind": "thermometer", "site": site, **said})
    assert receipt["aggregateId"].startswith("device_")
    return str(receipt["aggregateId"])


async def reported(http: httpx.AsyncClient, device: str, *readings: dict[str, Any]) -> Any:
    return await carried_out(http, "reportTelemetry", {"deviceId": device, "readings": list(readings)})


async def ruled(http: httpx.AsyncClient, **of: Any) -> str:
    thresholds = {"metric": "temperature", "direction": "ABOVE", "raiseAt": "30", "clearAt": "28"}
    receipt = await carried_out(http, "defineRule", {**thresholds, **of})
    assert receipt["aggregateId"].startswith("rule_")
    return str(receipt["aggregateId"])


@pytest.fixture
def site() -> str:
    """A site of the test's own."""
    return f"site-{uuid4()}"


async def test_who_reports_reads_what_they_reported(http: httpx.AsyncClient, site: str) -> None:
    device = await registered(http, site, metadata=[{"name": "room", "value": "Cellar"}])
    first = await reported(http, device, reading(2, "21.500", "2026-02-01T12:01:00Z"), reading(1, "20"))
    again = await reported(http, device, reading(2, "21.5", "2026-02-01T12:01:00Z"))
    assert (first["version"], again["version"]) == (2, 3)
    answer = await ask(http, DEVICE, {"id": device, "minVersion": 3})
    newest = {"metric": "temperature", "value": "21.50"}
    assert answer["data"]["device"] == {
        "__typename": "Device",
        "id": device,
        "version": 3,
        "kind": "thermometer",
        "site": site,
        "online": True,
        "retiredAt": None,
        "reports": 2,
        "readings": 2,
        "metadata": [{"name": "room", "value": "Cellar"}],
        "latest": [{**newest, "sequence": 2}],
        "lastReading": {**newest, "at": "2026-02-01T12:01:00Z"},
    }
    behind = await ask(http, DEVICE, {"id": device, "minVersion": 9, "waitMs": 0})
    assert behind["data"]["device"] == {"__typename": "Processing", "expectedVersion": 9, "currentVersion": 3}
    node = await ask(http, "query ($id: ID!) { node(id: $id) { id __typename } }", {"id": device})
    assert node["data"]["node"] == {"id": device, "__typename": "Device"}


async def test_minversion_is_reached_where_a_report_raised_alarms(http: httpx.AsyncClient, site: str) -> None:
    """The receipt counts the alarms: the device's view must come that far, too."""
    device = await registered(http, site)
    await ruled(http, site=site)
    receipt = await reported(http, device, reading(1, "40"))
    assert receipt["version"] == 3
    answer = await ask(http, DEVICE, {"id": device, "minVersion": receipt["version"]})
    assert answer["data"]["device"]["version"] == 3


async def test_a_page_of_devices(http: httpx.AsyncClient, site: str) -> None:
    devices = [await registered(http, site) for _ in range(3)]
    retired = await registered(http, site)
    token = (await carried_out(http, "retireDevice", {"deviceId": retired}))["token"]

    async def listed(**said: Any) -> Any:
        filter_ = {"site": site} | said.pop("filter", {})
        return (await ask(http, DEVICES, {"filter": filter_, "token": token, **said}))["data"]["devices"]

    whole = await listed()
    assert [edge["node"]["id"] for edge in whole["edges"]] == devices[::-1]
    assert whole["totalCount"] == 3
    first = await listed(first=2)
    rest = await listed(first=2, after=first["pageInfo"]["endCursor"])
    assert first["edges"] + rest["edges"] == whole["edges"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert (await listed(filter={"kind": "barometer"}))["totalCount"] == 0
    assert (await listed(filter={"withRetired": True}))["edges"][0]["node"]["id"] == retired
    seen = await reported(http, devices[0], reading(1, "20"))
    token = seen["token"]
    assert (await listed(sort="LAST_SEEN_DESC"))["edges"][0]["node"]["id"] == devices[0]
    assert (await listed(sort="LAST_SEEN_ASC"))["edges"][-1]["node"]["id"] == devices[0]


async def test_telemetry_of_a_device_and_of_its_site(http: httpx.AsyncClient, site: str) -> None:
    one, other = await registered(http, site), await registered(http, site)
    await reported(http, one, *(reading(n, str(n), f"2026-02-01T12:{n:02}:00Z") for n in range(1, 31)))
    await reported(http, other, reading(1, "-5", "2026-02-01T12:45:00Z"))
    late = await reported(http, one, reading(40, "100.25", "2026-02-01T11:59:59Z"), reading(1, "999"))

    async def buckets(**said: Any) -> Any:
        answer = await ask(http, TELEMETRY, {"token": late["token"], **said})
        return answer["data"]["telemetry"]["buckets"]

    hours = await buckets(id=one)
    assert [bucket["start"] for bucket in hours] == ["2026-02-01T11:00:00Z", "2026-02-01T12:00:00Z"]
    median = hours[1].pop("percentile")
    assert abs(Decimal(median) - 15) <= Decimal(15) / 128
    assert hours[1] == {
        "start": "2026-02-01T12:00:00Z",
        "count": 30,
        "sum": "465.00",
        "min": "1.00",
        "max": "30.00",
        "mean": "15.50",
        "last": "30.00",
        "lastAt": "2026-02-01T12:30:00Z",
    }
    (day,) = await buckets(site=site, resolution="DAY", percent=100)
    assert (day["count"], day["min"], day["max"], day["last"]) == (32, "-5.00", "100.25", "-5.00")
    assert day["percentile"] == "100.25"
    minutes = await buckets(id=one, resolution="MINUTE", until="2026-02-01T12:03:00Z")
    assert [bucket["sum"] for bucket in minutes] == ["100.25", "1.00", "2.00"]
    assert await buckets(id=one, metric="humidity") == []


async def test_alarms_are_raised_cleared_listed_and_dropped(http: httpx.AsyncClient, site: str) -> None:
    devices, rule = [await registered(http, site) for _ in range(3)], await ruled(http, site=site)
    for device in devices:
        await reported(http, device, reading(1, "35"))
    last = await reported(http, devices[0], reading(2, "20", "2026-02-01T12:01:00Z"))

    async def listed(token: str, **said: Any) -> Any:
        filter_ = {"site": site} | said.pop("filter", {})
        return (await ask(http, ALARMS, {"filter": filter_, "token": token, **said}))["data"]["alarms"]

    open_ones = await listed(last["token"], filter={"open": True})
    assert {edge["node"]["deviceId"] for edge in open_ones["edges"]} == set(devices[1:])
    (past,) = [edge["node"] for edge in (await listed(last["token"], filter={"open": False}))["edges"]]
    assert (past["clearedAt"], past["clearedBy"], past["ruleId"]) == ("2026-02-01T12:01:00Z", "READING", rule)
    first = await listed(last["token"], first=2)
    rest = await listed(last["token"], first=2, after=first["pageInfo"]["endCursor"])
    assert len({edge["node"]["id"] for edge in first["edges"] + rest["edges"]}) == first["totalCount"] == 3
    retired = await carried_out(http, "retireDevice", {"deviceId": devices[1]})
    (edge,) = (await listed(retired["token"], filter={"deviceId": devices[1]}))["edges"]
    assert edge["node"]["clearedBy"] == "DEVICE_RETIRED"
    dropped = await carried_out(http, "dropRule", {"ruleId": rule, "expectedVersion": 1})
    (edge,) = (await listed(dropped["token"], filter={"deviceId": devices[2], "metric": "temperature"}))["edges"]
    assert edge["node"]["clearedBy"] == "RULE_DROPPED"
    assert (await listed(dropped["token"], filter={"open": True}))["totalCount"] == 0


async def test_rules_that_hold(http: httpx.AsyncClient, site: str) -> None:
    device = await registered(http, site)
    everywhere, here = await ruled(http, site=site), await ruled(http, deviceId=device, raiseAt="40.5")
    gone = await ruled(http, site=site)
    token = (await carried_out(http, "dropRule", {"ruleId": gone}))["token"]
    rules = (await ask(http, RULES, {"site": site, "token": token}))["data"]["alarmRules"]["edges"]
    assert [edge["node"] for edge in rules] == [
        {"id": here, "deviceId": device, "raiseAt": "40.50"},
        {"id": everywhere, "deviceId": None, "raiseAt": "30.00"},
    ]


async def test_alarms_as_they_change(shop: Installation, http: httpx.AsyncClient, site: str) -> None:
    """First what is open, then what happens; of the site alone, and of the device alone."""
    one, other = await registered(http, site), await registered(http, site)
    rule = await ruled(http, site=site)
    await reported(http, one, reading(1, "35"))
    before = await reported(http, other, reading(1, "20"))
    await ask(http, ALARMS, {"token": before["token"]})
    selection = "{ deviceId value clearedBy }"
    async with socket(shop.url) as live:
        await live.init()
        await live.subscribe(f'subscription {{ alarmChanged(site: "{site}") {selection} }}')
        raised = {"deviceId": one, "value": "35.00", "clearedBy": None}
        assert (await live.next())["data"]["alarmChanged"] == raised
        await live.subscribe(f'subscription {{ alarmChanged(deviceId: "{other}") {selection} }}', id="2")
        await asyncio.sleep(0.3)  # it has nothing to say yet
        await reported(http, one, reading(2, "20", "2026-02-01T12:01:00Z"))
        assert (await live.next())["data"]["alarmChanged"] == raised | {"clearedBy": "READING"}
        await reported(http, other, reading(2, "50", "2026-02-01T12:01:00Z"))
        assert await _two(live) == [{"deviceId": other, "value": "50.00", "clearedBy": None}] * 2
        await carried_out(http, "dropRule", {"ruleId": rule})
        assert await _two(live) == [{"deviceId": other, "value": "50.00", "clearedBy": "RULE_DROPPED"}] * 2


async def _two(live: Any) -> list[Any]:
    """What both subscriptions tell next, whichever is first."""
    messages = [await live.receive() for _ in range(2)]
    assert {message["id"] for message in messages} == {"1", "2"}
    return [message["payload"]["data"]["alarmChanged"] for message in messages]


async def test_a_gateway_reaches_its_site_alone(
    closed: Installation, door: httpx.AsyncClient, http: httpx.AsyncClient, site: str
) -> None:
    away = f"{site}-b"
    mine, theirs = await registered(http, site), await registered(http, away)
    their_rule = await ruled(http, site=away)
    token = (await reported(http, theirs, reading(1, "40")))["token"]
    headers = closed.bearer(subject="gateway", scopes=[f"site:{site}"])

    async def asked(query: str, **said: Any) -> Any:
        return (await ask(door, query, {"token": token, **said}, **headers))["data"]

    assert (await asked(DEVICE, id=theirs))["device"] is None
    assert (await asked(TELEMETRY, id=theirs))["telemetry"] is None
    assert (await asked(TELEMETRY, site=away))["telemetry"] is None
    assert (await asked(TELEMETRY, site=site))["telemetry"]["buckets"] == []
    assert [edge["node"]["site"] for edge in (await asked(DEVICES))["devices"]["edges"]] == [site]
    for filter_ in ({"site": away}, {"deviceId": theirs}, None):
        assert (await asked(ALARMS, filter=filter_))["alarms"]["totalCount"] == 0
    assert (await asked(RULES))["alarmRules"]["edges"] == []
    changes: Mapping[str, tuple[dict[str, Any], str]] = {
        "registerDevice": ({"kind": "k", "site": away}, "FORBIDDEN"),
        "reportTelemetry": ({"deviceId": theirs, "readings": [reading(2, "1")]}, "DEVICE_NOT_FOUND"),
        "retireDevice": ({"deviceId": theirs, "expectedVersion": 7}, "DEVICE_NOT_FOUND"),
        "dropRule": ({"ruleId": their_rule, "expectedVersion": 7}, "RULE_NOT_FOUND"),
    }
    for name, (given, code) in changes.items():
        assert (await _mutated(door, name, given, headers))["code"] == code, name
    done: Mapping[str, dict[str, Any]] = {
        "reportTelemetry": {"deviceId": mine, "readings": [reading(1, "1")]},
        "registerDevice": {"kind": "k", "site": site},
        "retireDevice": {"deviceId": mine},
    }
    for name, given in done.items():
        assert (await _mutated(door, name, given, headers))["__typename"] == "CommandAccepted", name
    async with socket(closed.url, headers) as live:
        await live.init()
        await live.subscribe(f'subscription {{ alarmChanged(deviceId: "{theirs}") {{ id }} }}')
        await live.subscribe(f'subscription {{ alarmChanged(site: "{site}") {{ deviceId }} }}', id="2")
        fresh = await registered(http, site)
        await ruled(http, site=site)
        await reported(http, fresh, reading(1, "77"))
        told = await live.receive()
        assert (told["id"], told["payload"]["data"]["alarmChanged"]["deviceId"]) == ("2", fresh)


async def _mutated(
    http: httpx.AsyncClient, name: str, given: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Any:
    kind = f"{name[0].upper()}{name[1:]}Input"
    text = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {_OUTCOME} }} }}"
    return (await ask(http, text, {"input": given}, **(headers or {})))["data"][name]


@pytest.mark.usefixtures("_nothing_written")
@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"readings": []}, "INVALID_VALUE", "readings"),
        ({"readings": [reading(1, "1")] * 1_001}, "INVALID_VALUE", "readings"),
        ({"readings": [reading(1, "1"), reading(1, "2")]}, "INVALID_VALUE", "readings"),
        ({"readings": [reading(0, "1")]}, "INVALID_VALUE", "sequence"),
        ({"readings": [reading(2**70, "1")]}, "INVALID_VALUE", "sequence"),
        ({"readings": [reading(1, "1.0000001")]}, "INVALID_VALUE", "value"),
        ({"readings": [reading(1, "9" * 30)]}, "INVALID_VALUE", "value"),
        ({"readings": [reading(1, "1", metric="Temp")]}, "INVALID_VALUE", "metric"),
        ({"readings": [reading(1, "1", at="1970-01-01T00:00:00Z")]}, "INVALID_VALUE", "at"),
        ({"readings": [reading(1, "1", at="9999-12-31T23:59:59Z")]}, "READING_FROM_THE_FUTURE", "readings"),
        ({"deviceId": "order_01k00000000000000000000000"}, "MALFORMED_ID", "deviceId"),
        ({"deviceId": "device_01k00000000000000000000000"}, "DEVICE_NOT_FOUND", "deviceId"),
    ],
    ids=lambda each: str(each)[:60],
)
async def test_a_bad_batch_is_refused_as_a_whole(
    http: httpx.AsyncClient, known_device: str, given: dict[str, Any], code: str, field: str
) -> None:
    said = {"deviceId": known_device, "readings": [reading(1, "1")], **given}
    refused = await _mutated(http, "reportTelemetry", said)
    assert refused == {"__typename": "CommandRejected", "code": code, "field": field}


@pytest.fixture(scope="module")
async def known_device(http: httpx.AsyncClient) -> str:
    return await registered(http, "bath")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (TELEMETRY, {}),
        (TELEMETRY, {"site": "bath", "id": "device_01k00000000000000000000000"}),
        (TELEMETRY, {"site": "Bath"}),
        (TELEMETRY, {"site": "bath", "metric": "a|b"}),
        (TELEMETRY, {"site": "bath", "until": "2026-01-01T00:00:00Z"}),
        (TELEMETRY, {"site": "bath", "resolution": "MINUTE"}),
        (TELEMETRY, {"id": "?"}),
        (DEVICES, {"filter": {"site": "\u0000"}}),
        (DEVICES, {"filter": {"kind": "\u0000"}}),
        (DEVICES, {"after": "?"}),
        (DEVICES, {"first": 101}),
        (ALARMS, {"filter": {"site": "\u0000"}}),
        (ALARMS, {"filter": {"metric": "\u0000"}}),
        (ALARMS, {"filter": {"deviceId": "?"}}),
        (RULES, {"site": "\u0000"}),
    ],
    ids=lambda each: str(each)[:50],
)
async def test_bad_questions_are_told(http: httpx.AsyncClient, query: str, said: dict[str, Any]) -> None:
    assert code_of(await ask(http, query, said)) in {"INVALID_VALUE", "MALFORMED_ID", "MALFORMED_CURSOR"}


async def test_bad_percentiles_and_spans_are_told(http: httpx.AsyncClient, site: str) -> None:
    device = await registered(http, site)
    token = (await reported(http, device, reading(1, "20")))["token"]
    for percent in (-0.1, 100.1):
        assert (
            code_of(await ask(http, TELEMETRY, {"id": device, "percent": percent, "token": token})) == "INVALID_VALUE"
        )
    online = "query ($id: ID!) { device(id: $id) { ... on Device { online(withinSeconds: 0) } } }"
    assert code_of(await ask(http, online, {"id": device})) == "INVALID_VALUE"
    for said in ("", 'site: "bath", deviceId: "x"'):
        text = f"subscription {{ alarmChanged{f'({said})' if said else ''} {{ id }} }}"
        async with httpx.AsyncClient(base_url=http.base_url, headers={"Accept": "text/event-stream"}) as client:
            response = await client.post("/graphql/stream", json={"query": text})
            assert '"code":"INVALID_VALUE"' in response.text
