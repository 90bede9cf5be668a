"""Who did what to an order: told to operators by name, to its customer without the shop's names, and to nobody else."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from read_model.orders.order_history import ORDERS
from schema.orders.order_history import SUMMARIES
from tests.schema.asking import ask, code_of
from tests.schema.order_life import CLERK, HISTORY, PACKER, Life, as_someone, history, lived
from tests.schema.past import books, carried_out, person
from tests.support.installation import Installation

POUNDS = {"currency": "GBP"}


@pytest.fixture(scope="module")
async def life(closed: Installation) -> Life:
    return await lived(closed)


def entries(page: Any) -> list[Any]:
    return [edge["node"] for edge in page["edges"]]


def told(entry: Any) -> tuple[Any, ...]:
    names = ("version", "event", "command", "summary", "pieces", "amount", "trackingCode", "reason")
    return tuple(entry[name] for name in names)


async def test_every_command_is_told(http: httpx.AsyncClient, life: Life) -> None:
    page = entries(await history(http, life.order, token=life.token))
    assert [told(entry) for entry in page] == [
        (1, "OrderPlaced", "PlaceOrder", "Ordered: 4 pieces for 8.00 GBP", 4, {"amount": "8.00", **POUNDS}, None, None),
        (2, "OrderPaid", "PayOrder", "Paid", None, None, None, None),
        (3, "OrderShipped", "ShipOrder", "Shipped, tracking code RM7", None, None, "RM7", None),
        (4, "OrderDelivered", "DeliverOrder", "Delivered", None, None, None, None),
        (5, "ItemsReturned", "ReturnItems", "2 pieces returned, 4.00 GBP refunded", 2, amount("4.00"), None, None),
        (6, "ItemsReturned", "ReturnItems", "2 pieces returned, 4.00 GBP refunded", 2, amount("4.00"), None, None),
    ]
    assert [entry["commandId"] for entry in page] == life.commands
    assert [entry["order"] for entry in page] == life.states
    assert {entry["causationId"] for entry in page} == {None}
    assert len({entry["correlationId"] for entry in page}) == 6, "each request has one of its own"
    moments = [entry["at"] for entry in page]
    assert moments == sorted(moments)
    dated = [moment for state in life.states[:4] for moment in (state["history"][-1]["at"],)]
    assert [entry["happenedAt"] for entry in page[:4]] == dated


def amount(text: str) -> dict[str, str]:
    return {"amount": text, **POUNDS}


async def test_a_cancelled_order_says_why(http: httpx.AsyncClient) -> None:
    owner, goods = await person(http, "Kim"), (await books(http, {"tea": (None, None)})).products
    wanted = {"customerId": owner, "items": [{"productId": goods["tea"], "quantity": 1}]}
    order = (await carried_out(http, "placeOrder", wanted))["aggregateId"]
    last = await carried_out(http, "cancelOrder", {"orderId": order, "reason": "Ordered twice"})
    page = entries(await history(http, order, version=last["version"]))
    assert told(page[1])[:4] == (2, "OrderCancelled", "CancelOrder", "Cancelled, 1 piece back in stock")
    assert (page[1]["reason"], page[1]["order"]["status"]) == ("Ordered twice", "CANCELLED")


def test_every_event_of_an_order_has_words() -> None:
    assert SUMMARIES.keys() == {event.__name__ for event in ORDERS.handles}


async def test_requests_of_one_correlation_are_told_by_it(closed: Installation) -> None:
    known = "0197a1b2-0000-7000-8000-00000000c0de"
    async with as_someone(closed, "operator", CLERK) as clerk:
        clerk.headers["Correlation-Id"] = known
        made = await books(clerk, {"tea": (None, None)})
        order = await made.order("2020-01-01T12:00:00Z", {"tea": 1})
        back = await made.take_back(order["aggregateId"], "2020-02-01T12:00:00Z", 1, 1)
        page = entries(await history(clerk, order["aggregateId"], token=back["token"]))
    assert [entry["correlationId"] for entry in page] == [known, known]


async def test_an_operator_sees_who_acted_and_the_customer_who_of_them(closed: Installation, life: Life) -> None:
    seen = {}
    for role, subject in (("operator", "pat"), ("admin", "pat"), ("customer", life.owner)):
        async with as_someone(closed, role, subject) as http:
            seen[role] = entries(await history(http, life.order, token=life.token))
    acted = [life.owner, life.owner, PACKER, PACKER, life.owner, CLERK]
    assert [entry["actor"] for entry in seen["operator"]] == acted
    assert seen["admin"] == seen["operator"]
    shown = [life.owner, life.owner, "shop", "shop", life.owner, "shop"]
    assert seen["customer"] == [
        entry | {"actor": actor} for entry, actor in zip(seen["operator"], shown, strict=True)
    ], "but for who works there, nothing is kept from whose order it is"
    whole = [entry["order"]["history"] for entry in seen["customer"]]
    assert {change["actor"] for changes in whole for change in changes} == {life.owner, "shop"}


async def test_it_is_not_for_strangers(closed: Installation, life: Life) -> None:
    async with as_someone(closed, "operator", CLERK) as clerk:
        stranger = await person(clerk, "Lee")
    async with as_someone(closed, "customer", stranger) as http:
        for said in ({}, {"first": 0}, {"token": life.token}, {"version": 6}):
            assert await history(http, life.order, **said) is None
    async with httpx.AsyncClient(base_url=closed.url) as nobody:
        assert code_of(await ask(nobody, HISTORY, {"id": life.order})) == "UNAUTHENTICATED"


async def test_a_guests_order_is_for_operators(closed: Installation, life: Life) -> None:
    async with as_someone(closed, "operator", CLERK) as clerk:
        order = await (await books(clerk, {"tea": (None, None)})).order("2020-01-01T12:00:00Z", {"tea": 1})
        assert len(entries(await history(clerk, order["aggregateId"], token=order["token"]))) == 1
    async with as_someone(closed, "customer", life.owner) as http:
        assert await history(http, order["aggregateId"], token=order["token"]) is None


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 100])
async def test_pages_are_the_history(http: httpx.AsyncClient, life: Life, size: int) -> None:
    found: list[Any] = []
    after = None
    while True:
        page = await history(http, life.order, first=size, after=after, token=life.token)
        assert page["pageInfo"]["hasPreviousPage"] == bool(found)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        found, after = found + page["edges"], page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == (await history(http, life.order))["edges"]
    assert [edge["node"]["version"] for edge in found] == [1, 2, 3, 4, 5, 6]


async def test_an_empty_page_is_not_no_order(http: httpx.AsyncClient, life: Life) -> None:
    none = await history(http, life.order, first=0)
    assert (none["edges"], none["pageInfo"]["hasNextPage"]) == ([], True)
    last = (await history(http, life.order))["pageInfo"]["endCursor"]
    beyond = await history(http, life.order, after=last)
    assert (beyond["edges"], beyond["pageInfo"]["hasNextPage"]) == ([], False)
    assert beyond["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize(
    "selection",
    [
        "edges { node { order { version } } }",
        "... on OrderHistoryConnection { edges { ... E } }",
        "edges { cursor } all: edges { node { version } } edges { node { version then: order { version } } }",
        "all: edges { node { ... on OrderHistoryEntry { order { version } } } }",
    ],
)
async def test_the_order_is_there_wherever_it_is_selected(http: httpx.AsyncClient, life: Life, selection: str) -> None:
    fragment = "fragment E on OrderHistoryEdge { node { order { version } } }" if "... E" in selection else ""
    answer = await ask(http, f'{{ orderHistory(id: "{life.order}") {{ {selection} }} }} {fragment}')
    assert "errors" not in answer, answer
    assert [order["version"] for order in orders_in(answer["data"])] == [1, 2, 3, 4, 5, 6]


def orders_in(value: Any) -> Iterator[Any]:
    """The orders beneath, by either of their names."""
    if isinstance(value, list):
        for each in value:
            yield from orders_in(each)
    for key, beneath in value.items() if isinstance(value, dict) else ():
        yield from (beneath,) if key in ("order", "then") else orders_in(beneath)


async def test_what_is_not_reached_is_told(closed: Installation, database: asyncpg.Connection) -> None:
    async with as_someone(closed, "operator", CLERK) as clerk:
        made = await books(clerk, {"tea": (None, None)})
        placed = await made.order("2020-01-01T12:00:00Z", {"tea": 2})
        order, before = placed["aggregateId"], await history(clerk, placed["aggregateId"], token=placed["token"])
        async with database.transaction():
            await database.execute("select from read.checkpoints where view = 'order_history' for update")
            back = await made.take_back(order, "2020-02-01T12:00:00Z", 1, 1)
            for said, field in (({"version": 2}, "minVersion"), ({"token": back["token"]}, "token")):
                refused = await ask(clerk, HISTORY, {"id": order, "ms": 50, **said})
                assert code_of(refused) == "STILL_PROCESSING"
                assert refused["errors"][0]["extensions"]["field"] == field
            assert await history(clerk, order) == before
        for said in ({"version": 2}, {"token": back["token"]}):
            assert [each["version"] for each in entries(await history(clerk, order, **said))] == [1, 2]


async def test_how_fresh_it_is(http: httpx.AsyncClient, life: Life) -> None:
    asked = f'{{ orderHistory(id: "{life.order}", token: "{life.token}") {{ freshness {{ state position }} }} }}'
    shown = (await ask(http, asked))["data"]["orderHistory"]["freshness"]
    assert shown["state"] in ("FRESH", "LAGGING")
    assert shown["position"] > 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"id": "customer_01k00000000000000000000000"}, "MALFORMED_ID"),
        ({"id": ""}, "MALFORMED_ID"),
        ({"first": -1}, "INVALID_VALUE"),
        ({"first": 101}, "INVALID_VALUE"),
        ({"after": "?"}, "MALFORMED_CURSOR"),
        ({"after": ""}, "MALFORMED_CURSOR"),
        ({"version": 0}, "INVALID_VALUE"),
        ({"token": "?"}, "MALFORMED_TOKEN"),
        ({"ms": -1}, "INVALID_VALUE"),
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, life: Life, wrong: dict[str, Any], code: str) -> None:
    assert code_of(await ask(http, HISTORY, {"id": life.order} | wrong)) == code
