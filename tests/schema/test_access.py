"""Every field of every root, asked by everyone who can ask."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLObjectType

from app import registry
from app.http.tokens import mint
from schema.schema import make
from tests.schema.access import ADDRESS, MUTATIONS, POST_TEXT, PRICE, QUERIES, SUBSCRIPTIONS, Access, Known
from tests.schema.asking import ask
from tests.schema.live import socket
from tests.support.installation import KEY, Installation

ASKERS = ("nobody", "another", "owner", "operator", "admin")
ACCEPTED = "... on CommandAccepted { commandId aggregateId token }"


def fields(root: GraphQLObjectType | None) -> set[str]:
    """The names of a root's fields."""
    assert root is not None
    return set(root.fields)


def test_every_field_of_every_root_is_in_the_table() -> None:
    schema = make(registry.ACCEPTED_COMMANDS)._schema
    assert fields(schema.query_type) == set(QUERIES)
    assert fields(schema.mutation_type) == set(MUTATIONS)
    assert fields(schema.subscription_type) == set(SUBSCRIPTIONS)


async def accepted(shop: Installation, name: str, given: dict[str, Any], headers: Mapping[str, str]) -> Any:
    """The receipt of a command."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    text = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ __typename {ACCEPTED} }} }}"
    receipt = (await shop.query(text, headers, input=given))[name]
    assert receipt["__typename"] == "CommandAccepted"
    return receipt


@pytest.fixture(scope="module")
async def known(closed: Installation) -> Known:
    """A customer with a cancelled order who viewed its product, and another customer; every view shows them."""
    staff, email, sku = closed.bearer("operator"), f"{uuid4()}@example.com", str(uuid4())
    person = {"name": "Pat", "email": email, "address": ADDRESS}
    owner = (await accepted(closed, "registerCustomer", person, staff))["aggregateId"]
    stranger = person | {"email": f"{uuid4()}@example.com"}
    another = (await accepted(closed, "registerCustomer", stranger, staff))["aggregateId"]
    goods = {"sku": sku, "name": "Tea", "price": PRICE}
    product = (await accepted(closed, "addProduct", goods, staff))["aggregateId"]
    await accepted(closed, "receiveStock", {"productId": product, "pieces": 10}, staff)
    wanted = {"customerId": owner, "items": [{"productId": product, "quantity": 1}]}
    placed = await accepted(closed, "placeOrder", wanted, closed.bearer("customer", subject=owner))
    await accepted(closed, "viewProduct", {"productId": product, "customerId": owner}, staff)
    opened = await accepted(closed, "openAccount", {"ownerId": owner, "currency": "GBP"}, staff)
    account = opened["aggregateId"]
    await accepted(closed, "deposit", {"accountId": account, "amount": {"amount": "1.00", "currency": "GBP"}}, staff)
    profile, handle, post = await _in_the_feed(closed, owner, another)
    device, rule = await _at_leeds(closed)
    last = await accepted(closed, "cancelOrder", {"orderId": placed["aggregateId"]}, staff)
    await _seen_everywhere(closed, last["commandId"], staff)
    order, command = placed["aggregateId"], placed["commandId"]
    return Known(owner, another, product, sku, email, order, command, account, profile, handle, post, device, rule)


async def _in_the_feed(shop: Installation, owner: str, another: str) -> tuple[str, str, str]:
    """The owner's profile with its handle, and their post; both follow each other, and both have posted."""
    profiles, posts, handle = [], [], f"pat_{uuid4().hex[:12]}"
    for subject, name in ((owner, handle), (another, f"{handle}_2")):
        theirs = shop.bearer("customer", subject=subject)
        made = await accepted(shop, "changeProfile", {"handle": name, "displayName": "Pat"}, theirs)
        profiles.append(made["aggregateId"])
        posts.append((await accepted(shop, "publishPost", {"text": POST_TEXT}, theirs))["aggregateId"])
    for subject, author in ((owner, profiles[1]), (another, profiles[0])):
        await accepted(shop, "follow", {"authorId": author}, shop.bearer("customer", subject=subject))
    await accepted(shop, "like", {"postId": posts[0]}, shop.bearer("customer", subject=owner))
    return profiles[0], handle, posts[0]


async def _at_leeds(shop: Installation) -> tuple[str, str]:
    """A device that is retired, and a rule for its site."""
    staff = shop.bearer("operator")
    device = (await accepted(shop, "registerDevice", {"kind": "thermometer", "site": "leeds"}, staff))["aggregateId"]
    await accepted(shop, "retireDevice", {"deviceId": device}, staff)
    hot = {"site": "leeds", "metric": "humidity", "direction": "ABOVE", "raiseAt": "90", "clearAt": "80"}
    return device, (await accepted(shop, "defineRule", hot, staff))["aggregateId"]


async def _seen_everywhere(shop: Installation, command: str, headers: Mapping[str, str]) -> None:
    async with socket(shop.url, headers) as live:
        await live.init()
        await live.subscribe(f'subscription {{ commandStatus(commandId: "{command}") {{ state }} }}')
        while (await live.next())["data"]["commandStatus"]["state"] != "DONE":
            pass


def headers_of(asker: str, shop: Installation, known: Known) -> dict[str, str]:
    """What the asker sends to say who they are."""
    match asker:
        case "nobody":
            return {}
        case "another" | "owner":
            return shop.bearer("customer", subject=getattr(known, asker))
        case _:
            return shop.bearer(asker)


def expected(access: Access, asker: str) -> str:
    """What the table says."""
    return {
        "nobody": "UNAUTHENTICATED",
        "another": access.another,
        "owner": access.owner,
        "operator": access.staff,
        "admin": access.admin or access.staff,
    }[asker]


def outcome(answer: Any) -> str:
    """What came of an operation, in the table's words."""
    if errors := answer.get("errors"):
        return str(errors[0]["extensions"]["code"])
    (value,) = answer["data"].values()
    match value:
        case None | {"totalCount": 0} | {"edges": []}:
            return "NOTHING"
        case {"code": str(said)} | {"state": str(said)}:
            return said
        case {"__typename": "VersionConflict"}:
            return "VERSION_CONFLICT"
        case _:
            return "SEEN"


@pytest.mark.parametrize("asker", ASKERS)
@pytest.mark.parametrize("name", QUERIES)
async def test_queries(door: httpx.AsyncClient, closed: Installation, known: Known, name: str, asker: str) -> None:
    asked, _ = QUERIES[name].asked(known)
    answer = await ask(door, f"{{ {asked} }}", None, **headers_of(asker, closed, known))
    assert outcome(answer) == expected(QUERIES[name], asker)


@pytest.mark.parametrize("asker", ASKERS)
@pytest.mark.parametrize("name", MUTATIONS)
async def test_mutations(door: httpx.AsyncClient, closed: Installation, known: Known, name: str, asker: str) -> None:
    asked, variables = MUTATIONS[name].asked(known)
    text = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {asked} }}"
    answer = await ask(door, text, variables, **headers_of(asker, closed, known))
    assert outcome(answer) == expected(MUTATIONS[name], asker)


ANSWERED = [
    (name, asker) for name in SUBSCRIPTIONS for asker in ASKERS if expected(SUBSCRIPTIONS[name], asker) != "SILENCE"
]


@pytest.mark.parametrize(("name", "asker"), ANSWERED)
@pytest.mark.parametrize("through", ["header", "connection_init"])
async def test_subscriptions(closed: Installation, known: Known, name: str, asker: str, through: str) -> None:
    """Silence is seen in test_subscriptions.py, by what comes before and after it."""
    wanted = expected(SUBSCRIPTIONS[name], asker)
    headers = headers_of(asker, closed, known)
    async with socket(closed.url, headers if through == "header" else None) as live:
        await live.init(**(headers if through == "connection_init" else {}))
        asked, _ = SUBSCRIPTIONS[name].asked(known)
        await live.subscribe(f"subscription {{ {asked} }}")
        assert outcome(await live.next()) == wanted


async def test_everyones_orders_are_for_staff_alone(closed: Installation, known: Known) -> None:
    page = "{ orders(first: 100) { totalCount edges { node { customerId } } } }"
    for asker, sees in (("another", set()), ("owner", {known.owner})):
        orders = (await closed.query(page, headers_of(asker, closed, known)))["orders"]
        assert {edge["node"]["customerId"] for edge in orders["edges"]} == sees
        assert orders["totalCount"] == len(orders["edges"])
    of_the_owner = f'{{ orders(filter: {{customerId: "{known.owner}"}}) {{ totalCount edges {{ cursor }} }} }}'
    assert (await closed.query(of_the_owner, headers_of("another", closed, known)))["orders"] == {
        "totalCount": 0,
        "edges": [],
    }
    assert (await closed.query(page, headers_of("operator", closed, known)))["orders"]["totalCount"] > 1


async def test_who_has_a_scope_and_no_role_is_neither_a_customer_nor_an_operator(
    closed: Installation, door: httpx.AsyncClient, known: Known
) -> None:
    headers = closed.bearer(subject="gateway", scopes=["site:leeds"])
    for name in ("orders", "sales", "order", "customer"):
        asked, _ = QUERIES[name].asked(known)
        said = outcome(await ask(door, f"{{ {asked} }}", None, **headers))
        assert said == ("FORBIDDEN" if name in {"orders", "sales"} else "NOTHING"), name
    for name in ("upgradeCustomer", "payOrder"):
        asked, variables = MUTATIONS[name].asked(known)
        text = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {asked} }}"
        assert outcome(await ask(door, text, variables, **headers)) == expected(MUTATIONS[name], "another")


async def test_a_stranger_cannot_tell_an_order_from_none_by_its_version(closed: Installation, known: Known) -> None:
    text = "mutation ($id: ID!) { payOrder(input: {orderId: $id, expectedVersion: 7}) { __typename } }"
    strangers = headers_of("another", closed, known)
    for order in (known.order, "order_01k00000000000000000000000"):
        assert await closed.query(text, strangers, id=order) == {"payOrder": {"__typename": "CommandRejected"}}
    assert await closed.query(text, headers_of("owner", closed, known), id=known.order) == {
        "payOrder": {"__typename": "VersionConflict"}
    }


async def test_a_connection_is_worth_nothing_when_its_token_has_run_out(closed: Installation) -> None:
    brief = mint(KEY, subject="pat", roles=["operator"], hours=1.5 / 3600)
    async with socket(closed.url) as live:
        await live.init(Authorization=f"Bearer {brief}")
        await live.subscribe("subscription { projectionStatus { view } }")
        said = [outcome(await live.next())]
        while said[-1] == "SEEN":
            said.append(outcome(await live.next()))
        assert said[-1] == "UNAUTHENTICATED"
        assert (await live.receive())["type"] == "complete"
        await live.subscribe("{ projectionStatus { view } }", id="2")
        assert outcome(await live.next(id="2")) == "UNAUTHENTICATED"


@pytest.mark.parametrize("token", ["Bearer x", "Basic x", "Bearer"])
async def test_an_invalid_token_is_answered_401(closed: Installation, shop: Installation, token: str) -> None:
    for api in (closed, shop):
        async with httpx.AsyncClient(base_url=api.url, headers={"Authorization": token}) as http:
            for path in ("/graphql", "/graphql/stream"):
                response = await http.post(path, json={"query": "{ __typename }"})
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == "Bearer"
                assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_server_sent_events_are_for_those_who_say_who_they_are(closed: Installation, known: Known) -> None:
    body = {"query": f'subscription {{ commandStatus(commandId: "{known.command}") {{ state }} }}'}
    async with httpx.AsyncClient(base_url=closed.url, headers={"Accept": "text/event-stream"}) as http:
        for asker, said in (("nobody", "UNAUTHENTICATED"), ("another", "FORBIDDEN"), ("owner", "FORBIDDEN")):
            text = {"query": "subscription { projectionStatus { view } }"}
            response = await http.post("/graphql/stream", json=text, headers=headers_of(asker, closed, known))
            assert f'"code":"{said}"' in response.text
        response = await http.post("/graphql/stream", json=body, headers=headers_of("owner", closed, known))
        assert '"state":"DONE"' in response.text


@pytest.mark.parametrize("token", ["Bearer x", "Bearer \ud800", ["Bearer x"], 1, {"a": 1}, ""])
async def test_an_invalid_token_in_connection_init_closes_the_connection(closed: Installation, token: Any) -> None:
    async with socket(closed.url) as live:
        await live.send(type="connection_init", payload={"Authorization": token})
        if token:
            assert await live.closed() == 4403
            return
        assert (await live.receive())["type"] == "connection_ack"
        await live.subscribe("{ orders { totalCount } }")
        assert outcome(await live.next()) == "UNAUTHENTICATED"
