"""Completions of what somebody is typing: the names of products that have words with these beginnings.

A short beginning fits a large part of any catalog, and a misspelt one is like a little of everything: to sort all of
that would take longer than a letter takes to type. So the best sellers are looked through first, and the index of
trigrams is asked only for a beginning that too few of them have, and for a misspelt one that none of them is like.
Best sellers are the thousand products of the greatest magnitude and those that share the last one's. Of these at most
two thousand are looked through: where there are more, one that is left out sells less than twice as well as any that
is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.infra.freshness import ReadModels
from app.infra.tables import Stored
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import MOST_CHARACTERS, Parameters
from read_model.catalog.search_words import swapped, words_of

BEST_SELLERS: Final = """(
    select * from (
        select * from {table} where not discontinued order by magnitude desc fetch first 1000 rows with ties
    ) as best limit 2000
)"""

_POPULAR = "popularity desc, product_id desc"


@dataclass(frozen=True, slots=True)
class _Fit:
    """SQL: what fits, and what of it comes first."""

    condition: str
    order: str
    parameters: Sequence[Any]


async def complete(reads: ReadModels, typed: str, first: int) -> Sequence[Stored[ListedProduct]]:
    """At most `first` products whose names have, for every word that was typed, a word that begins so.

    The most popular comes first. Only if there is none are typing errors forgiven, two swapped letters or a word that
    shares two of five trigrams, among the best sellers if any of them is so close, and the closest comes first.
    Discontinued products are left out.
    """
    words = words_of(typed, at_most=MOST_CHARACTERS)
    if not words or first == 0:
        return []
    beginning, similar = _beginning(words), _similar(words)
    best = await _best_sellers(reads, beginning, first)
    if len(best) == first:
        return best
    for search, fit in ((_all, beginning), (_best_sellers, similar), (_all, similar)):
        if found := await search(reads, fit, first):
            return found
    return []


def _beginning(words: Sequence[str]) -> _Fit:
    parameters = Parameters()
    return _Fit(" and ".join(_begins(word, parameters) for word in words), _POPULAR, parameters)


def _similar(words: Sequence[str]) -> _Fit:
    parameters, conditions, closeness = Parameters(), [], []
    for word in words:
        begins = " or ".join(_begins(each, parameters) for each in (word, *swapped(word)))
        misspelt = parameters.place(word)
        conditions.append(f"({begins} or {misspelt} <% words)")
        closeness.append(f"case when {begins} then 1 else word_similarity({misspelt}, words) end")
    return _Fit(" and ".join(conditions), f"{' + '.join(closeness)} desc, {_POPULAR}", parameters)


def _begins(word: str, parameters: Parameters) -> str:
    return f"words like {parameters.place(f'% {word}%')}"


async def _best_sellers(reads: ReadModels, fit: _Fit, first: int) -> Sequence[Stored[ListedProduct]]:
    return await _search(reads, BEST_SELLERS.format(table=reads.table(VIEW).table), fit, first)


async def _all(reads: ReadModels, fit: _Fit, first: int) -> Sequence[Stored[ListedProduct]]:
    return await _search(reads, reads.table(VIEW).table, fit, first)


async def _search(reads: ReadModels, source: str, fit: _Fit, first: int) -> Sequence[Stored[ListedProduct]]:
    table, most = reads.table(VIEW), f"${len(fit.parameters) + 1}"
    found = f"select {table.selected} from {source} as present where not discontinued and {fit.condition}"
    rows = await reads.fetch(f"{found} order by {fit.order} limit {most}", *fit.parameters, first)
    return [table.stored(row) for row in rows]
