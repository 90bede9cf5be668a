"""Values that no operation can use: each is answered by a code, and nothing is written."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.kernel import typeid
from app.kernel.clock import new_id
from tests.schema.asking import REJECTED, ask, code_of

pytestmark = pytest.mark.usefixtures("_nothing_written")

MEGABYTE = "x" * 950_000
TYPES = {"order": "Order", "customer": "Customer", "product": "Product", "account": "Account"}
UNKNOWN = {prefix: typeid.encode(prefix, new_id()) for prefix in (*TYPES, "creditnote")}
ADDRESS = {"street": "1 High St", "city": "Leeds", "postalCode": "LS1", "country": "United Kingdom"}

BAD_IDS = {
    "empty": "",
    "of another type": UNKNOWN["creditnote"],
    "outside the alphabet": "{prefix}_01kilou000000000000000000a",
    "in capitals": "{prefix}_01K00000000000000000000000",
    "too short": "{prefix}_01k",
    "beyond 128 bits": "{prefix}_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "no prefix": "01k00000000000000000000000",
    "full-width digits": "{prefix}_" + "\uff10" * 26,
    "null character": "{prefix}_01k0000000000000000000000\x00",
    "lone surrogate": "{prefix}_01k0000000000000000000000\ud800",
    "a megabyte": "{prefix}_" + MEGABYTE,
}


@pytest.mark.parametrize("prefix", TYPES)
@pytest.mark.parametrize("text", BAD_IDS.values(), ids=BAD_IDS)
async def test_malformed_ids_of_queries(http: httpx.AsyncClient, prefix: str, text: str) -> None:
    bad = {"id": text.replace("{prefix}", prefix)}
    for field in (prefix, "node"):
        answer = await ask(http, f"query ($id: ID!) {{ {field}(id: $id) {{ __typename }} }}", bad)
        assert code_of(answer) == "MALFORMED_ID"


def mutation(name: str) -> str:
    """A mutation of this name, with its input as the variable."""
    return f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {REJECTED} }} }}"


def order(**changes: Any) -> dict[str, Any]:
    """The input of an order by someone unknown for something unknown."""
    return {"customerId": UNKNOWN["customer"], "items": [{"productId": UNKNOWN["product"], "quantity": 1}], **changes}


def product(**changes: Any) -> dict[str, Any]:
    """The input of a product that could be added."""
    return {"sku": str(uuid4()), "name": "Tea", "price": {"amount": "2.50", "currency": "GBP"}, **changes}


def transfer(**changes: Any) -> dict[str, Any]:
    """The input of a transfer between accounts that there are not."""
    pound, another = {"amount": "1.00", "currency": "GBP"}, typeid.encode("account", new_id())
    return {"fromAccountId": UNKNOWN["account"], "toAccountId": another, "amount": pound, **changes}


@pytest.mark.parametrize("text", BAD_IDS.values(), ids=BAD_IDS)
@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("payOrder", lambda text: {"orderId": text.format(prefix="order")}),
        ("placeOrder", lambda text: order(customerId=text.format(prefix="customer"))),
        ("placeOrder", lambda text: order(items=[{"productId": text.format(prefix="product"), "quantity": 1}])),
        ("changePrice", lambda text: {"productId": text.format(prefix="product"), "price": product()["price"]}),
        ("changeAddress", lambda text: {"customerId": text.format(prefix="customer"), "address": ADDRESS}),
        ("viewProduct", lambda text: {"productId": text.format(prefix="product")}),
        ("openAccount", lambda text: {"ownerId": text.format(prefix="customer"), "currency": "GBP"}),
        ("transfer", lambda text: transfer(fromAccountId=text.format(prefix="account"))),
        ("transfer", lambda text: transfer(toAccountId=text.format(prefix="account"))),
        (
            "viewProduct",
            lambda text: {"productId": UNKNOWN["product"], "customerId": text.format(prefix="customer")},
        ),
    ],
)
async def test_malformed_ids_of_commands(http: httpx.AsyncClient, name: str, build: Any, text: str) -> None:
    assert code_of(await ask(http, mutation(name), {"input": build(text)})) == "MALFORMED_ID"


UNKNOWNS: list[tuple[str, dict[str, Any], str]] = [
    ("placeOrder", order(), "BUYER_NOT_FOUND"),
    ("payOrder", {"orderId": UNKNOWN["order"]}, "ORDER_NOT_FOUND"),
    ("shipOrder", {"orderId": UNKNOWN["order"]}, "ORDER_NOT_FOUND"),
    ("cancelOrder", {"orderId": UNKNOWN["order"], "expectedVersion": 1}, "ORDER_NOT_FOUND"),
    ("returnItems", {"orderId": UNKNOWN["order"], "items": [{"line": 1, "quantity": 1}]}, "ORDER_NOT_FOUND"),
    ("changeAddress", {"customerId": UNKNOWN["customer"], "address": ADDRESS}, "CUSTOMER_NOT_FOUND"),
    ("upgradeCustomer", {"customerId": UNKNOWN["customer"], "tier": "GOLD"}, "CUSTOMER_NOT_FOUND"),
    ("openAccount", {"ownerId": UNKNOWN["customer"], "currency": "GBP"}, "OWNER_NOT_FOUND"),
    ("transfer", transfer(expectedVersion=1), "ACCOUNT_NOT_FOUND"),
    ("freezeAccount", {"accountId": UNKNOWN["account"], "reason": "lost"}, "ACCOUNT_NOT_FOUND"),
    ("closeAccount", {"accountId": UNKNOWN["account"]}, "ACCOUNT_NOT_FOUND"),
    ("receiveStock", {"productId": UNKNOWN["product"], "pieces": 1}, "PRODUCT_NOT_FOUND"),
    ("discontinueProduct", {"productId": UNKNOWN["product"]}, "PRODUCT_NOT_FOUND"),
    ("viewProduct", {"productId": UNKNOWN["product"]}, "PRODUCT_NOT_FOUND"),
    ("viewProduct", {"productId": UNKNOWN["product"], "customerId": UNKNOWN["customer"]}, "VIEWER_NOT_FOUND"),
]


@pytest.mark.parametrize(("name", "given", "code"), UNKNOWNS, ids=[name for name, _, _ in UNKNOWNS])
async def test_commands_to_what_does_not_exist(
    http: httpx.AsyncClient, name: str, given: dict[str, Any], code: str
) -> None:
    assert code_of(await ask(http, mutation(name), {"input": given})) == code


async def test_an_unknown_product_in_a_known_customers_order(http: httpx.AsyncClient) -> None:
    known = await ask(http, "{ orders(first: 1) { edges { node { customerId } } } }")
    customer = known["data"]["orders"]["edges"][0]["node"]["customerId"]
    assert code_of(await ask(http, mutation("placeOrder"), {"input": order(customerId=customer)})) == (
        "PRODUCT_NOT_FOR_SALE"
    )


@pytest.mark.parametrize("field", TYPES)
async def test_queries_for_what_does_not_exist_answer_null(http: httpx.AsyncClient, field: str) -> None:
    for name in (field, "node"):
        answer = await ask(http, f'{{ {name}(id: "{UNKNOWN[field]}") {{ __typename }} }}')
        assert answer == {"data": {name: None}}


NO_NUMBERS = [2**31, 2**63, 2**64, -(2**31) - 1, 10**400, 1.5, "3", True, None, float("nan"), float("inf"), [1, 2], {}]


@pytest.mark.parametrize(
    ("quantity", "code"),
    [*((bad, "INVALID_VALUE") for bad in (0, -1, 10**9 + 1, 2**31 - 1)), *((bad, "BAD_REQUEST") for bad in NO_NUMBERS)],
    ids=lambda value: str(value)[:20],
)
async def test_quantities(http: httpx.AsyncClient, quantity: object, code: str) -> None:
    items = [{"productId": UNKNOWN["product"], "quantity": quantity}]
    assert code_of(await ask(http, mutation("placeOrder"), {"input": order(items=items)})) == code
    received = {"productId": UNKNOWN["product"], "pieces": quantity}
    assert code_of(await ask(http, mutation("receiveStock"), {"input": received})) == code


NO_AMOUNTS = [
    "NaN",
    "sNaN",
    "Infinity",
    "1e3",
    "9e999999999",
    "1e-5000",
    "1_0",
    " 1",
    "\uff11",
    "",
    ".",
    "+1",
    "1.",
    "0x1",
    "9" * 31,
    MEGABYTE,
    "1\x00",
    "\ud800",
]
NOT_EVEN_TEXTS: list[object] = [1, 1.5, None, []]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        *((bad, "INVALID_VALUE") for bad in ("0", "-1", "1.00001", "1000000000000", "9" * 30)),
        *((bad, "BAD_REQUEST") for bad in (*NO_AMOUNTS, *NOT_EVEN_TEXTS)),
    ],
    ids=lambda value: ascii(value)[:20],
)
async def test_amounts(http: httpx.AsyncClient, amount: object, code: str) -> None:
    given = product(price={"amount": amount, "currency": "GBP"})
    assert code_of(await ask(http, mutation("addProduct"), {"input": given})) == code


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        *((bad, "AMOUNT_NOT_POSITIVE") for bad in ("0", "0.00", "-0", "-1", "-0.001")),
        *((bad, "TOO_MANY_DECIMALS") for bad in ("0.001", "1.0001")),
        *((bad, "INVALID_VALUE") for bad in ("1.00001", "1000000000000", "9" * 30)),
        *((bad, "BAD_REQUEST") for bad in (*NO_AMOUNTS, *NOT_EVEN_TEXTS)),
        ("1.000", "ACCOUNT_NOT_FOUND"),
        ("999999999999.99", "ACCOUNT_NOT_FOUND"),
    ],
    ids=lambda value: ascii(value)[:20],
)
async def test_amounts_of_a_transfer(http: httpx.AsyncClient, amount: object, code: str) -> None:
    given = transfer(amount={"amount": amount, "currency": "GBP"})
    assert code_of(await ask(http, mutation("transfer"), {"input": given})) == code


@pytest.mark.parametrize("amount", NO_AMOUNTS, ids=lambda value: ascii(value)[:20])
async def test_amounts_of_a_filter(http: httpx.AsyncClient, amount: object) -> None:
    query = "query ($least: Decimal) { orders(filter: {minTotal: $least}) { totalCount } }"
    assert code_of(await ask(http, query, {"least": amount})) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("currency", "code"),
    [
        ("USD", "CURRENCY_MISMATCH"),
        *((bad, "INVALID_VALUE") for bad in ("gbp", "GB", "", "GBP\n", "£££", "GB\x00", "GB\ud800", MEGABYTE)),
        (None, "BAD_REQUEST"),
        (1, "BAD_REQUEST"),
    ],
    ids=lambda value: ascii(value)[:12],
)
async def test_currencies(http: httpx.AsyncClient, currency: object, code: str) -> None:
    given = product(price={"amount": "1.00", "currency": currency})
    assert code_of(await ask(http, mutation("addProduct"), {"input": given})) == code


BAD_TEXTS = {"a megabyte": MEGABYTE, "null character": "a\x00b", "lone surrogate": "a\udfffb", "two": "\ud800\ud800"}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
@pytest.mark.parametrize("field", ["sku", "name", "description", "vendor", "categories"])
async def test_texts_of_products_that_cannot_be_stored(http: httpx.AsyncClient, field: str, text: str) -> None:
    given = product(**{field: ["tea", text] if field == "categories" else text})
    assert code_of(await ask(http, mutation("addProduct"), {"input": given})) == "INVALID_VALUE"


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
@pytest.mark.parametrize("field", ADDRESS)
async def test_texts_of_addresses_that_cannot_be_stored(http: httpx.AsyncClient, field: str, text: str) -> None:
    given = {"customerId": UNKNOWN["customer"], "address": ADDRESS | {field: text}}
    assert code_of(await ask(http, mutation("changeAddress"), {"input": given})) == "INVALID_VALUE"


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("registerCustomer", {"email": "p@example.com", "address": ADDRESS}, "name"),
        ("registerCustomer", {"name": "Pat", "address": ADDRESS}, "email"),
        ("cancelOrder", {"orderId": UNKNOWN["order"]}, "reason"),
        ("shipOrder", {"orderId": UNKNOWN["order"]}, "trackingCode"),
        ("correctStock", {"productId": UNKNOWN["product"], "change": 1}, "reason"),
        ("transfer", transfer(), "reference"),
        ("freezeAccount", {"accountId": UNKNOWN["account"]}, "reason"),
    ],
    ids=["name", "email", "reason", "tracking code", "correction", "reference", "freezing"],
)
async def test_other_texts_that_cannot_be_stored(
    http: httpx.AsyncClient, name: str, given: dict[str, Any], field: str, text: str
) -> None:
    assert code_of(await ask(http, mutation(name), {"input": given | {field: text}})) == "INVALID_VALUE"


@pytest.mark.parametrize("command_id", ["", "nope", 1, MEGABYTE, "\ud800", []], ids=lambda value: ascii(value)[:12])
async def test_command_ids(http: httpx.AsyncClient, command_id: object) -> None:
    assert code_of(await ask(http, mutation("addProduct"), {"input": product(commandId=command_id)})) == "BAD_REQUEST"
