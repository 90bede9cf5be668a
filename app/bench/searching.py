"""Searching a catalog of the real size: what a search and a keystroke cost, beneath GraphQL."""

import csv
import gzip
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from app.bench.measurements import Figure, until_reached
from app.bench.rig import Rig, at_once, clock, percentile
from app.infra.keyset import PageArguments
from app.kernel.clock import new_id, now
from app.kernel.values import Money
from read_model.catalog.autocomplete import complete
from read_model.catalog.product_facets import facets
from read_model.catalog.product_listing import ProductFilter, ProductSort, Search, count, find
from read_model.catalog.product_text import read
from write_model.catalog.commands import AddProduct, ReceiveStock
from write_model.orders.commands import PlaceOrder, WantedItem

TIMES = 300
_REAL = Path(__file__).resolve().parents[2] / "tests" / "data" / "online-retail" / "transactions.csv.gz"
_REAL_SIZE = 3_600
_LINES = 200

Sold = Mapping[str, int]
"""The pieces that were sold of each product, by its name."""


async def searches(rig: Rig) -> list[Figure]:
    """Pages of 20 for two or three words of a name, right and misspelt, then with facets and count; and keystrokes."""
    catalog = _real() if _REAL.exists() else _made_up()
    await _stock(rig, catalog)
    rng = random.Random(1)
    names = rng.choices(list(catalog), weights=[sold + 50 for sold in catalog.values()], k=TIMES)
    texts = [_part(name, rng) for name in names]
    misspelt = [_misspelt(text, rng) for text in texts]
    plan: list[tuple[str, Callable[[str], Awaitable[Any]], Sequence[str]]] = [
        ("Search", lambda text: _page(rig, text), texts),
        ("Search with a typing error", lambda text: _page(rig, text), misspelt),
        ("Search with facets and count", lambda text: _with_facets(rig, text), texts),
        ("Misspelt, with facets and count", lambda text: _with_facets(rig, text), misspelt),
        ("Autocomplete, a keystroke", lambda text: complete(rig.reads, text, 10), [_typed(t, rng) for t in texts]),
    ]
    return [
        figure for what, ask, asked in plan for figure in await _timed(f"{what}, {len(catalog):,} products", ask, asked)
    ]


async def _timed(what: str, ask: Callable[[str], Awaitable[Any]], texts: Sequence[str]) -> list[Figure]:
    took: list[float] = []
    for text in texts:
        began = clock()
        await ask(text)
        took.append((clock() - began) * 1e3)
    return [
        Figure(f"{what}, {name}", percentile(took, share), "ms") for name, share in (("median", 0.5), ("p95", 0.95))
    ]


async def _page(rig: Rig, text: str) -> Search:
    search = Search(reading=await read(rig.reads, text, discontinued=False), filter=ProductFilter())
    await find(rig.reads, search, ProductSort.RELEVANCE, PageArguments(first=20))
    return search


async def _with_facets(rig: Rig, text: str) -> None:
    search = await _page(rig, text)
    await facets(rig.reads, search)
    await count(rig.reads, search)


def _part(name: str, rng: random.Random) -> str:
    words = name.split()
    first = rng.randrange(max(1, len(words) - 1))
    return " ".join(words[first : first + rng.randint(2, 3)])


def _misspelt(text: str, rng: random.Random) -> str:
    """Two letters swapped, or one left out, in the longest word."""
    longest = max(text.split(), key=len)
    n = rng.randrange(max(1, len(longest) - 1))
    wrong = longest[:n] + rng.choice((longest[n + 1 : n + 2] + longest[n : n + 1], "")) + longest[n + 2 :]
    return text.replace(longest, wrong, 1)


def _typed(text: str, rng: random.Random) -> str:
    return text[: rng.randint(1, len(text))]


def _real() -> Sold:
    """What the real books sold."""
    names: dict[str, str] = {}
    sold: Counter[str] = Counter()
    with gzip.open(_REAL, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            code, pieces = line["StockCode"].upper(), int(line["Quantity"])
            if code[:5].isdigit() and line["Description"].strip() and Decimal(line["UnitPrice"]) > 0:
                sold[names.setdefault(code, line["Description"])] += max(0, pieces)
    return sold


def _made_up() -> Sold:
    """As many as in the real books, with as many words each: a few sell much, many little."""
    rng = random.Random(2)
    words = ["".join(rng.choices("aeioulnrst", k=rng.randint(3, 9))) for _ in range(2_000)]
    return {" ".join(rng.sample(words, 5)).upper(): int(100 * rng.paretovariate(1)) for _ in range(_REAL_SIZE)}


async def _stock(rig: Rig, catalog: Sold) -> None:
    """Adds the products, sells what was sold, and waits for the workers."""
    products = [(new_id(), name, sold) for name, sold in catalog.items()]
    await at_once(16, range(len(products)), lambda n: _add(rig, *products[n]))
    for first in range(0, len(products), _LINES):
        items = (
            WantedItem(product_id=product, quantity=max(1, sold)) for product, _, sold in products[first:][:_LINES]
        )
        order = PlaceOrder(at=now(), order_id=new_id(), customer_id=rig.customer_id, items=tuple(items))
        receipt = await rig.dispatch(order)
    await until_reached(rig, receipt.position)


async def _add(rig: Rig, product_id: UUID, name: str, sold: int) -> None:
    added = AddProduct(
        at=now(),
        product_id=product_id,
        sku=str(product_id),
        name=name,
        description="",
        categories=(name.rsplit(maxsplit=1)[-1],),
        vendor=name.split(maxsplit=1)[0],
        price=Money(Decimal(sold % 97 + 1) / 4, rig.settings.shop_currency),
    )
    await rig.dispatch(added)
    await rig.dispatch(ReceiveStock(at=now(), product_id=product_id, pieces=sold + 1))
