"""Accounts as their owners see them: now, then, and from one moment to another; and the books as operators do."""

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from read_model.ledger import account_history
from tests.schema.asking import ask
from tests.schema.live import socket
from tests.schema.past import carried_out, person
from tests.support.installation import Installation
from write_model.ledger.events import AccountEvent

ENTRY = "version kind at amount { amount } balance { amount } counterpartyId reference commandId"
HISTORY = f"""query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $token: String) {{
  accountHistory(id: $id, first: $first, after: $after, last: $last, before: $before, token: $token) {{
    edges {{ cursor node {{ {ENTRY} }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
BALANCE = """query ($id: ID!, $at: DateTime!, $version: Int, $waitMs: Int) {
  accountBalance(id: $id, at: $at, minVersion: $version, waitMs: $waitMs) {
    ... on AccountBalance { version balance { amount currency } }
    ... on Processing { expectedVersion currentVersion } } }"""
STATEMENT = f"""query ($id: ID!, $from: DateTime!, $to: DateTime!, $first: Int, $after: String) {{
  accountStatement(id: $id, from: $from, to: $to, first: $first, after: $after) {{
    openingBalance {{ amount }} closingBalance {{ amount }} change {{ amount }}
    entries {{ edges {{ node {{ {ENTRY} }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
ACCOUNT = """query ($id: ID!, $version: Int, $token: String) { account(id: $id, minVersion: $version, token: $token) {
  ... on Account { version status balance { amount currency } available { amount } overdraftLimit { amount } } } }"""
EVER = ("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z")


def gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


@dataclass
class Lived:
    """Two accounts of one owner after some movements; `receipts` are of commands to the first, in their order."""

    owner: str
    own: str
    other: str
    receipts: list[Any] = field(default_factory=list)

    @property
    def token(self) -> str:
        last: str = self.receipts[-1]["token"]
        return last


@pytest.fixture(scope="module")
async def lived(http: httpx.AsyncClient) -> Lived:
    owner = await person(http, "Robin")
    opened = await sent(http, "openAccount", {"ownerId": owner, "currency": "GBP", "overdraftLimit": "10.00"})
    second = await carried_out(http, "openAccount", {"ownerId": owner, "currency": "GBP"})
    own, other = opened["aggregateId"], second["aggregateId"]
    moved = [
        ("deposit", {"accountId": own, "amount": gbp("100.00"), "reference": "Wages"}),
        ("transfer", {"fromAccountId": own, "toAccountId": other, "amount": gbp("30.50"), "reference": "Savings"}),
        ("withdraw", {"accountId": own, "amount": gbp("75")}),
        ("freezeAccount", {"accountId": own, "reason": "Card lost"}),
        ("unfreezeAccount", {"accountId": own}),
    ]
    return Lived(owner, own, other, [opened, *[await sent(http, *each) for each in moved]])


async def sent(http: httpx.AsyncClient, mutation: str, given: dict[str, Any]) -> Any:
    """The receipt of a command under an id of its own, and that id."""
    own = {"commandId": str(uuid4())}
    return own | await carried_out(http, mutation, given | own)


WHOLE = [
    (6, "UNFROZEN", None, "-5.50"),
    (5, "FROZEN", None, "-5.50"),
    (4, "WITHDRAWAL", "-75.00", "-5.50"),
    (3, "TRANSFER_SENT", "-30.50", "69.50"),
    (2, "DEPOSIT", "100.00", "100.00"),
    (1, "OPENED", None, "0.00"),
]


async def data(http: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    """The one field of the answer."""
    answer = await ask(http, query, variables)
    assert "errors" not in answer, answer
    (value,) = answer["data"].values()
    return value


def nodes(page: Any) -> list[Any]:
    return [edge["node"] for edge in page["edges"]]


def told(page: Any) -> list[tuple[Any, ...]]:
    return [
        (each["version"], each["kind"], each["amount"] and each["amount"]["amount"], each["balance"]["amount"])
        for each in nodes(page)
    ]


async def test_a_balance_is_read_after_ones_own_write(http: httpx.AsyncClient, lived: Lived) -> None:
    found = await data(http, ACCOUNT, id=lived.own, version=lived.receipts[-1]["version"])
    assert found == {
        "version": 6,
        "status": "OPEN",
        "balance": gbp("-5.50"),
        "available": {"amount": "4.50"},
        "overdraftLimit": {"amount": "10.00"},
    }
    other = await data(http, ACCOUNT, id=lived.other, token=lived.receipts[2]["token"])
    assert (other["version"], other["balance"]) == (2, gbp("30.50"))


async def test_the_history_is_told_newest_first_with_the_balance_after_each(
    http: httpx.AsyncClient, lived: Lived
) -> None:
    page = await data(http, HISTORY, id=lived.own, token=lived.token)
    assert told(page) == WHOLE
    assert [each["commandId"] for each in nodes(page)][::-1] == [each["commandId"] for each in lived.receipts]
    assert [each["reference"] for each in nodes(page)] == [None, "Card lost", None, "Savings", "Wages", None]
    [received, _] = nodes(await data(http, HISTORY, id=lived.other))
    assert (received["counterpartyId"], received["commandId"]) == (lived.own, lived.receipts[2]["commandId"])
    assert received["at"] == nodes(page)[3]["at"]


@pytest.mark.parametrize("size", [1, 2, 4, 6])
async def test_pages_of_the_history_go_on_where_they_stopped(http: httpx.AsyncClient, lived: Lived, size: int) -> None:
    forwards: list[Any] = []
    page = await data(http, HISTORY, id=lived.own, first=size, token=lived.token)
    forwards += told(page)
    while page["pageInfo"]["hasNextPage"]:
        page = await data(http, HISTORY, id=lived.own, first=size, after=page["pageInfo"]["endCursor"])
        forwards += told(page)
    assert forwards == WHOLE
    backwards: list[Any] = []
    page = await data(http, HISTORY, id=lived.own, last=size)
    backwards = told(page)
    while page["pageInfo"]["hasPreviousPage"]:
        page = await data(http, HISTORY, id=lived.own, last=size, before=page["pageInfo"]["startCursor"])
        backwards = told(page) + backwards
    assert backwards == WHOLE


async def test_the_balance_at_any_moment_is_that_of_the_last_entry_up_to_it(
    http: httpx.AsyncClient, lived: Lived
) -> None:
    page = nodes(await data(http, HISTORY, id=lived.own, token=lived.token))
    for each in page:
        then = await data(http, BALANCE, id=lived.own, at=each["at"])
        assert then == {"version": each["version"], "balance": gbp(each["balance"]["amount"])}
    before = await data(http, BALANCE, id=lived.own, at=EVER[0])
    assert before == {"version": 0, "balance": gbp("0.00")}
    assert await data(http, BALANCE, id=lived.own, at=EVER[1]) == {"version": 6, "balance": gbp("-5.50")}
    late = await data(http, BALANCE, id=lived.own, at=EVER[1], version=99, waitMs=50)
    assert late == {"expectedVersion": 99, "currentVersion": 6}


async def test_a_statement_begins_where_the_one_before_it_ended(http: httpx.AsyncClient, lived: Lived) -> None:
    page = nodes(await data(http, HISTORY, id=lived.own, token=lived.token))
    moments = [EVER[0], page[3]["at"], page[1]["at"], EVER[1]]
    told_of, closing = [], "0.00"
    for since, until in itertools.pairwise(moments):
        found = await data(http, STATEMENT, **{"id": lived.own, "from": since, "to": until})
        assert found["openingBalance"]["amount"] == closing
        closing = found["closingBalance"]["amount"]
        told_of.append(told(found["entries"]))
    assert told_of == [WHOLE[4:][::-1], WHOLE[2:4][::-1], WHOLE[:2][::-1]]
    assert closing == "-5.50"


async def test_a_statement_has_pages(http: httpx.AsyncClient, lived: Lived) -> None:
    period = {"id": lived.own, "from": EVER[0], "to": EVER[1], "first": 4}
    found = await data(http, STATEMENT, **period)
    rest = await data(http, STATEMENT, **period, after=found["entries"]["pageInfo"]["endCursor"])
    assert told(found["entries"]) + told(rest["entries"]) == WHOLE[::-1]
    assert (found["change"], rest["change"]) == ({"amount": "-5.50"}, {"amount": "-5.50"})
    assert not rest["entries"]["pageInfo"]["hasNextPage"]


async def test_a_period_does_not_end_before_it_begins(http: httpx.AsyncClient, lived: Lived) -> None:
    answer = await ask(http, STATEMENT, {"id": lived.own, "from": EVER[1], "to": EVER[0]})
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_VALUE", "field": "from"}


async def test_accounts_of_an_owner_are_listed_as_they_were_opened(
    http: httpx.AsyncClient, closed: Installation, lived: Lived
) -> None:
    query = "query ($owner: ID, $token: String) { accounts(ownerId: $owner, token: $token) { edges { node { id } } } }"
    theirs = [{"id": lived.own}, {"id": lived.other}]
    assert nodes(await data(http, query, owner=lived.owner, token=lived.token)) == theirs
    mine = await closed.query(query, closed.bearer("customer", subject=lived.owner))
    assert nodes(mine["accounts"]) == theirs
    everyones = {each["id"] for each in nodes(await data(http, query))}
    assert everyones > {lived.own, lived.other}


async def test_the_audit_trail_tells_who_did_what(http: httpx.AsyncClient, lived: Lived) -> None:
    query = """query ($f: AuditFilter) { auditTrail(filter: $f) { edges { node {
      accountId version event actor command commandId amount { amount } } } } }"""
    command = lived.receipts[2]["commandId"]
    both = nodes(await data(http, query, f={"commandId": command}))
    assert [(each["accountId"], each["version"], each["event"], each["amount"]["amount"]) for each in both] == [
        (lived.other, 2, "TransferReceived", "30.50"),
        (lived.own, 3, "TransferSent", "-30.50"),
    ]
    assert {(each["actor"], each["command"], each["commandId"]) for each in both} == {("open", "Transfer", command)}
    assert nodes(await data(http, query, f={"accountId": lived.own, "actor": "nobody"})) == []


async def test_a_transfer_is_followed_as_a_command_to_the_account_that_it_left(
    http: httpx.AsyncClient, lived: Lived
) -> None:
    query = "query ($id: UUID!) { commandStatus(commandId: $id) { type aggregateId version events { type } } }"
    assert await data(http, query, id=lived.receipts[2]["commandId"]) == {
        "type": "Transfer",
        "aggregateId": lived.own,
        "version": 3,
        "events": [{"type": "TransferSent"}, {"type": "TransferReceived"}],
    }


async def test_an_account_is_followed_live(shop: Installation, http: httpx.AsyncClient, lived: Lived) -> None:
    fresh = (await carried_out(http, "openAccount", {"ownerId": lived.owner, "currency": "GBP"}))["aggregateId"]
    async with socket(shop.url) as live:
        await live.init()
        follow = "subscription ($id: ID!) { accountChanged(id: $id) { version balance { amount } } }"
        await live.subscribe(follow, {"id": fresh})
        assert (await live.next())["data"]["accountChanged"] == {"version": 1, "balance": {"amount": "0.00"}}
        await carried_out(http, "deposit", {"accountId": fresh, "amount": gbp("3.00")})
        assert (await live.next())["data"]["accountChanged"] == {"version": 2, "balance": {"amount": "3.00"}}


async def test_refusals_name_the_rule_and_the_input(http: httpx.AsyncClient, lived: Lived) -> None:
    refused = "__typename ... on CommandRejected { code field } ... on VersionConflict { aggregateId actualVersion }"
    transfer = f"mutation ($i: TransferInput!) {{ transfer(input: $i) {{ {refused} }} }}"
    given = {"fromAccountId": lived.own, "toAccountId": lived.other, "amount": gbp("1.00")}
    for changed, code, at in (
        ({"toAccountId": lived.own}, "TRANSFER_TO_ITSELF", "toAccountId"),
        ({"toAccountId": "account_01k00000000000000000000000"}, "ACCOUNT_NOT_FOUND", "toAccountId"),
        ({"fromAccountId": "account_01k00000000000000000000000"}, "ACCOUNT_NOT_FOUND", "fromAccountId"),
        ({"amount": gbp("0")}, "AMOUNT_NOT_POSITIVE", "amount"),
        ({"amount": gbp("0.001")}, "TOO_MANY_DECIMALS", "amount"),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "CURRENCY_MISMATCH", "currency"),
        ({"amount": gbp("4.51")}, "INSUFFICIENT_FUNDS", "amount"),
    ):
        found = await data(http, transfer, i=given | changed)
        assert found == {"__typename": "CommandRejected", "code": code, "field": at}
    conflict = await data(http, transfer, i=given | {"expectedVersion": 5})
    assert conflict == {"__typename": "VersionConflict", "aggregateId": lived.own, "actualVersion": 6}


async def test_to_a_stranger_a_view_that_is_behind_tells_no_version(
    http: httpx.AsyncClient, closed: Installation, lived: Lived
) -> None:
    stranger = closed.bearer("customer", subject=await person(http, "Sam"))
    owner = closed.bearer("customer", subject=lived.owner)
    late = {"id": lived.own, "at": EVER[1], "version": 99, "waitMs": 50}
    account = """query ($id: ID!, $version: Int, $waitMs: Int) {
      account(id: $id, minVersion: $version, waitMs: $waitMs) {
        ... on Processing { expectedVersion currentVersion } } }"""
    history = """query ($id: ID!, $version: Int, $waitMs: Int) {
      accountHistory(id: $id, minVersion: $version, waitMs: $waitMs) { edges { cursor } } }"""
    for headers, version in ((owner, 6), (stranger, None)):
        for query in (account, BALANCE):
            (found,) = (await closed.query(query, headers, **late)).values()
            assert found == {"expectedVersion": 99, "currentVersion": version}
        answer = await closed.ask(history, headers, **late)
        assert f"version {version or 0} of the wanted 99" in answer["errors"][0]["message"]


async def test_sent_again_a_transfer_answers_its_first_receipt(http: httpx.AsyncClient, lived: Lived) -> None:
    owner = {"ownerId": lived.owner, "currency": "GBP"}
    payer, payee = [(await carried_out(http, "openAccount", owner))["aggregateId"] for _ in range(2)]
    await carried_out(http, "deposit", {"accountId": payer, "amount": gbp("5.00")})
    given = {"commandId": str(uuid4()), "fromAccountId": payer, "toAccountId": payee, "amount": gbp("5.00")}
    first, again = [await carried_out(http, "transfer", given) for _ in range(2)]
    assert again == first
    assert (await data(http, ACCOUNT, id=payee, token=first["token"]))["balance"] == gbp("5.00")


def test_every_event_is_listed_as_something() -> None:
    assert account_history.KINDS.keys() == set(AccountEvent.__args__)
