"""Arguments of the product's queries that lead to something in the seeded shop, or just not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from graphql.language.print_string import print_string

from app.infra.consistency_token import LogPosition
from app.kernel import typeid
from app.seed import seeded_id
from app.seed.accounts import ACCOUNTS
from app.seed.shop import CUSTOMERS, ORDERS, PRODUCTS
from tests.plans.arguments import Known

ADA: Final = seeded_id("customer", "ada")
_ADA: Final = f'"{typeid.encode("customer", ADA)}"'
_HERS: Final = f'"{typeid.encode("order", seeded_id("order", "delivered"))}"'
_MOVED: Final = f'"{typeid.encode("account", seeded_id("account", "everyday"))}"'
_ELSEWHERE: Final = UUID("01919c4e-1a4b-7c3d-9e4f-000000000001")

CURSORS: Final = f"""{{
    orders(first: 3) {{ edges {{ cursor }} }}
    totals: orders(first: 3, sort: TOTAL_ASC) {{ edges {{ cursor }} }}
    products(first: 3) {{ edges {{ cursor }} }}
    popularProducts(first: 2, days: 365) {{ edges {{ cursor }} }}
    hotProducts(first: 2) {{ edges {{ cursor }} }}
    stockReport(first: 3) {{ edges {{ cursor }} }}
    sales(first: 2) {{ edges {{ cursor }} }}
    ordersByCity(first: 2) {{ edges {{ cursor }} }}
    topCustomers(first: 2) {{ edges {{ cursor }} }}
    customerOrders(customerId: {_ADA}, first: 2) {{ edges {{ cursor }} }}
    recommendations(customerId: {_ADA}, first: 2) {{ edges {{ cursor }} }}
    recentlyViewed(customerId: {_ADA}, first: 2) {{ edges {{ cursor }} }}
    orderHistory(id: {_HERS}, first: 3) {{ edges {{ cursor }} }}
    accounts(first: 3) {{ edges {{ cursor }} }}
    accountHistory(id: {_MOVED}, first: 3) {{ edges {{ cursor }} }}
    auditTrail(first: 3) {{ edges {{ cursor }} }}
    ledgerDays(first: 3) {{ edges {{ cursor }} }}
}}"""
"""A query for cursors of every list."""

OF_ACCOUNTS: Final = ("account", "accountHistory", "accountBalance", "accountStatement")
"""Queries whose id is an account's."""

TEXTS: Final[Known] = {
    "first": [*["0", "1", "2", "5", "20", "100", "null"] * 6, "101", "-1"],
    "last": [*["null"] * 15, "0", "1", "3", "101"],
    "after": [*["null"] * 12, '"x"', '""'],
    "before": [*["null"] * 15, '"x"'],
    "minVersion": [*["null", "1", "1", "2", "3", "4"] * 3, "0", "1000", "-1"],
    "waitMs": [*["0", "1", "null"] * 6, "-1"],
    "text": ['"tea"', '"stoneware"', '"teapto"', '"lantern white"', '"ada"', '""', '"nope"', '"%_\\\\"', "null"],
    "prefix": ['"t"', '"te"', '"stone"', '"lan"', '""', '"qqq"', '"ü"'],
    "days": ["1", "30", "365", "0", "366"],
    "until": ["null", '"2026-12-31"', '"2025-01-01"', '"2030-01-01"', '"0001-01-01"'],
    "since": ["null", '"2020-01-01"', '"2031-01-01"'],
    "asOf": ["null", '"2026-12-31"', '"0001-01-01"', '"2026-01-31"'],
    "currency": ['"GBP"', '"EUR"', '"gbp"', '""', "null"],
    "country": ['"United Kingdom"', '"france"', '"Nowhere"', '""', "null"],
    "city": ['"london"', '"Lyon"', '""'],
    "categories": ['["Kitchen"]', '["Tea", "Light"]', "[]", '"Garden"', "null"],
    "vendors": ['["Brightside"]', '["Potters & Co", "nobody"]', "[]"],
    "names": ['["Kitchen"]', '["Brightside"]', "[]"],
    "Decimal": ['"0"', '"10.00"', '"25.5"', '"1000000"', '"-1"'],
    "DateTime": ['"2020-01-01T00:00:00Z"', '"2026-06-01T12:00:00+02:00"', '"2040-01-01T00:00:00Z"'],
    "Date": ['"2026-01-01"', '"2030-01-01"'],
    "belowPieces": ["0", "50", "1000", "-1"],
    "belowDaysOfCover": ["0", "12.5", "1000", "-0.5"],
}


def shop_known(log_id: UUID, head: int, cursors: Mapping[str, Any], commands: Sequence[str]) -> Known:
    """All of them, for the log that the shop has, its cursors by field, and some of its commands."""
    customers, products = _ids("customer", CUSTOMERS), _ids("product", PRODUCTS)
    accounts = _ids("account", ACCOUNTS)
    orders, wrong = _ids("order", ORDERS), [f'"{typeid.encode("order", _ELSEWHERE)}"', '"order_01k"', '""', "7"]
    return {
        **TEXTS,
        **_cursors(cursors),
        "order.id": [*orders * 6, *wrong, products[0]],
        "order.asOf": [*["null"] * 6, *TEXTS["DateTime"], *TEXTS["DateTime"], '"2026-02-30T00:00:00Z"'],
        "orderHistory.id": [*[_HERS] * 8, *orders * 4, *wrong],
        "customer.id": [*customers * 6, *wrong, orders[0]],
        "product.id": [*products * 6, *wrong, orders[0]],
        "node.id": [*[*orders, *customers, *products, *accounts] * 2, *wrong],
        **{f"{field}.id": [*[_MOVED] * 6, *accounts * 2, *wrong] for field in OF_ACCOUNTS},
        "accountId": [*accounts * 4, *wrong],
        "ownerId": [*[_ADA] * 4, *customers * 2, *wrong, "null"],
        "customerId": [*[_ADA] * 10, *customers * 4, *wrong],
        "productId": [*products * 4, *wrong],
        "commandId": [*_literals(commands), f'"{_ELSEWHERE}"', '"nope"'],
        "token": [*["null"] * 20, *_literals(_tokens(log_id, head)), '"nope"', '""'],
        "view": ['"order_details"', '"product"', '"nope"', '""', "null"],
    }


def _literals(texts: Iterable[str]) -> list[str]:
    return [print_string(text) for text in texts]


def _ids(prefix: str, names: Iterable[str]) -> list[str]:
    return _literals(typeid.encode(prefix, seeded_id(prefix, name)) for name in names)


def _tokens(log_id: UUID, head: int) -> list[str]:
    """Of the beginning, the end and beyond it, and of another log."""
    positions = [LogPosition(log_id, position) for position in (0, head, head, head, head + 1, 1 << 62)]
    return [each.token() for each in (*positions, LogPosition(_ELSEWHERE, 1))]


def _cursors(found: Mapping[str, Any]) -> Known:
    """By the argument that takes them; both orders of orders go to the same."""
    known: dict[str, list[str]] = {}
    for name, connection in found.items():
        field = "orders" if name == "totals" else name
        literals = _literals(edge["cursor"] for edge in connection["edges"])
        known.setdefault(f"{field}.after", [*TEXTS["after"]]).extend(literals)
        known.setdefault(f"{field}.before", [*TEXTS["before"]]).extend(literals)
    return known
