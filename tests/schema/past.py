"""A year of old orders that no other test looks at, recorded through the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.schema.access import ADDRESS
from tests.schema.asking import ask

RECEIPT = "... on CommandAccepted { aggregateId version token } ... on CommandRejected { code message }"


async def carried_out(http: httpx.AsyncClient, mutation: str, given: Mapping[str, Any]) -> Any:
    """The receipt of an accepted command."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    answer = await ask(http, f"mutation ($i: {kind}!) {{ {mutation}(input: $i) {{ {RECEIPT} }} }}", {"i": given})
    receipt = answer["data"][mutation]
    assert "token" in receipt, answer
    return receipt


@dataclass(frozen=True)
class Books:
    """Products made for one test, and what is entered about them."""

    http: httpx.AsyncClient
    products: Mapping[str, str]

    async def order(self, at: str, lines: Mapping[str, int], price: str = "2.00", **said: Any) -> Any:
        """Records a past order: so many pieces of each named product, at one price."""
        items = [
            {"productId": self.products[name], "quantity": pieces, "unitPrice": price} for name, pieces in lines.items()
        ]
        given = {"reference": "1", "items": items, "currency": "GBP", "address": ADDRESS, "placedAt": at}
        return await carried_out(self.http, "recordPastOrder", given | said)

    async def take_back(self, order: str, at: str, line: int, pieces: int) -> Any:
        """Records a past return."""
        given = {"orderId": order, "returnedAt": at, "items": [{"line": line, "quantity": pieces}]}
        return await carried_out(self.http, "recordPastReturn", given)

    async def credit(self, at: str, name: str, pieces: int, price: str = "2.00", **said: Any) -> Any:
        """Records a credit note that belongs to no known order."""
        item = {"productId": self.products[name], "description": name, "quantity": pieces, "unitPrice": price}
        given = {"reference": "C1", "country": "France", "currency": "GBP", "items": [item], "creditedAt": at}
        return await carried_out(self.http, "recordCreditNote", given | said)


async def person(http: httpx.AsyncClient, name: str) -> str:
    """Someone who is registered now."""
    given = {"name": name, "email": f"{uuid4()}@example.com", "address": ADDRESS}
    customer: str = (await carried_out(http, "registerCustomer", given))["aggregateId"]
    return customer


async def books(http: httpx.AsyncClient, products: Mapping[str, tuple[str | None, str | None]]) -> Books:
    """Adds the products, each with its category and vendor, and plenty of every one."""
    ids = {}
    for name, (category, vendor) in products.items():
        categories = [category, "Also"] if category else []
        price = {"amount": "2.00", "currency": "GBP"}
        given = {"sku": str(uuid4()), "name": name, "price": price, "vendor": vendor, "categories": categories}
        ids[name] = (await carried_out(http, "addProduct", given))["aggregateId"]
        await carried_out(http, "receiveStock", {"productId": ids[name], "pieces": 10_000})
    return Books(http, ids)
