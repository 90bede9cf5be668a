"""Searching a catalog of the real size: what a search and a keystroke cost, beneath GraphQL."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.bench.catalog import Article, Size
from app.bench.figures import percentile
from app.bench.filling import Say, stocked
from app.bench.measurements import Figure
from app.bench.rig import Rig, clock
from app.infra.keyset import PageArguments
from read_model.catalog.autocomplete import complete
from read_model.catalog.product_facets import facets
from read_model.catalog.product_listing import ProductFilter, ProductSort, Search, count, find
from read_model.catalog.product_text import read

TIMES = 300


async def searches(rig: Rig, size: Size, say: Say) -> list[Figure]:
    """Pages of 20 for two or three words of a name, right and misspelt, then with facets and count; and keystrokes."""
    catalog = await stocked(rig, size, say)
    rng = random.Random(1)
    texts = looked_for(catalog, rng, TIMES)
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


def looked_for(catalog: Sequence[Article], rng: random.Random, times: int) -> list[str]:
    """Two or three words of products' names, of those oftener that sell better."""
    found = rng.choices(catalog, weights=[article.sold + 50 for article in catalog], k=times)
    return [_part(article.name, rng) for article in found]


async def _timed(what: str, ask: Callable[[str], Awaitable[Any]], texts: Sequence[str]) -> list[Figure]:
    took: list[float] = []
    for text in texts:
        began = clock()
        await ask(text)
        took.append((clock() - began) * 1e3)
    return [
        Figure(f"{what}, {name}", percentile(sorted(took), share), "ms")
        for name, share in (("median", 0.5), ("p95", 0.95))
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
