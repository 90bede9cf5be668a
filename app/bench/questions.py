"""What is asked of every server, and what it must answer: the answers are known from what the shop was filled with."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.bench.asking import ask_all
from app.bench.catalog import Article, Filled, Placed
from app.bench.filling import Say
from app.bench.load import BadAnswer
from app.bench.operations import ORDER, ORDER_AT_VERSION, ORDERS, PRODUCT, SEARCH, Variables, request
from app.bench.searching import looked_for
from app.kernel import typeid
from schema.scalars import show_amount

PAGE = 50
_SEARCHES = 300
_PRODUCTS = 2_000

Shown = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """An operation with many variables, and the data that answers each; an answer must not repeat at once."""

    query: str
    variables: Sequence[Variables]
    data: Sequence[Shown]
    headers: Mapping[str, str] | None = None

    def requests(self, path: str = "/graphql") -> list[bytes]:
        """A request for each."""
        return [request(self.query, each, path=path, headers=self.headers) for each in self.variables]

    def wrong(self, number: int, body: bytes) -> str | None:
        """What is wrong with the body that answers a request."""
        shown = msgspec.json.decode(body).get("data")
        return None if shown == self.data[number] else f"this was expected: {msgspec.json.encode(self.data[number])!r}"

    @property
    def lengths(self) -> tuple[int, int]:
        """The least and the most bytes that an answer may have: blanks between JSON's marks are a server's own."""
        sizes = [len(msgspec.json.encode(each)) for each in self.data]
        return min(sizes), 2 * max(sizes) + 100


@dataclass(frozen=True, slots=True)
class Questions:
    """All that is asked."""

    order: Question
    order_at_version: Question
    order_with_token: Question
    orders: Question
    product: Question
    search: Question

    def documents(self, field: str) -> dict[str, bytes]:
        """What answers `order` or `product`, ready-made, by its id."""
        shown = (each[field] for each in getattr(self, field).data)
        return {each["id"]: msgspec.json.encode(each) for each in shown}


async def learn(port: int, filled: Filled, token: str, say: Say) -> Questions:
    """Asks the product everything once, and holds its answers against what was ordered. Raises BadAnswer."""
    rng = random.Random(1)
    placed = rng.sample(filled.orders, len(filled.orders))
    articles = rng.sample(filled.articles, min(_PRODUCTS, len(filled.articles)))
    order = await _asked(port, ORDER, [{"id": _order_id(each)} for each in placed], say)
    product = await _asked(port, PRODUCT, [{"id": _product_id(each)} for each in articles], say)
    search = await _asked(port, SEARCH, [{"text": text} for text in looked_for(articles, rng, _SEARCHES)], say)
    countries = sorted({buyer.address.country for buyer in filled.buyers})
    orders = await _asked(port, ORDERS, [{"country": country} for country in countries], say)
    for each, data in zip(placed, order.data, strict=True):
        _require(_order_facts(data["order"]) == _ordered(each), "an order", data)
    for article, data in zip(articles, product.data, strict=True):
        _require((data["product"]["sku"], data["product"]["name"]) == (article.sku, article.name), "a product", data)
    for country, data in zip(countries, orders.data, strict=True):
        _require(_listed_ids(data) == _newest(filled, country), "a list of orders", data)
    for data in search.data:
        _require(len(data["products"]["edges"]) <= 20, "a search", data)
    found = sum(bool(data["products"]["edges"]) for data in search.data)
    _require(found > 0.9 * len(search.data), "most searches, of which some are for stop words alone,", {"found": found})
    at_version = [
        {**each, "version": data["order"]["version"]} for each, data in zip(order.variables, order.data, strict=True)
    ]
    return Questions(
        order=order,
        order_at_version=Question(ORDER_AT_VERSION, at_version, order.data),
        order_with_token=Question(ORDER, order.variables, order.data, {"Consistency-Token": token}),
        orders=orders,
        product=product,
        search=search,
    )


async def _asked(port: int, query: str, variables: Sequence[Variables], say: Say) -> Question:
    def progress(done: int, of: int) -> None:
        if done % 50 == 0:
            say(f"Learning the answers: {done:,} of {of:,}")

    bodies = await ask_all(port, [request(query, each) for each in variables], progress)
    return Question(query, variables, [msgspec.json.decode(body)["data"] for body in bodies])


def _require(right: bool, what: str, data: Shown) -> None:
    if not right:
        raise BadAnswer(f"Counterfoil answers {what} otherwise than it was made: {msgspec.json.encode(data).decode()}")


def _order_id(placed: Placed) -> str:
    return typeid.encode("order", placed.order_id)


def _product_id(article: Article) -> str:
    return typeid.encode("product", article.product_id)


def _order_facts(shown: Shown) -> Any:
    items = [(item["productId"], item["name"], item["quantity"]) for item in shown["items"]]
    return shown["id"], shown["customerName"], shown["status"], shown["total"]["amount"], items


def _ordered(placed: Placed) -> Any:
    items = [(_product_id(article), article.name, pieces) for article, pieces in placed.items]
    return _order_id(placed), placed.buyer.name, placed.status, show_amount(placed.total), items


def _listed_ids(data: Shown) -> list[str]:
    return [edge["node"]["id"] for edge in data["orders"]["edges"]]


def _newest(filled: Filled, country: str) -> list[str]:
    there = [each for each in filled.orders if each.buyer.address.country == country]
    newest = sorted(there, key=lambda each: (each.at, each.order_id), reverse=True)
    return [_order_id(each) for each in newest[:PAGE]]
