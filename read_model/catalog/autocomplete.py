"""Completions of what somebody is typing: the names of products that have words with these beginnings.

A short beginning fits a large part of any catalog, so that sorting all of it by popularity would take longer than a
letter takes to type. So the best sellers, as many as `BEST_SELLERS`, are looked through first, and only what too few
of them fit is looked for in the index of trigrams.
"""

from collections.abc import Sequence
from typing import Final

from app.infra.freshness import ReadModels
from app.infra.tables import Stored
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import Parameters
from read_model.catalog.search_words import swapped, words_of

MOST_CHARACTERS: Final = 200
BEST_SELLERS: Final = 5_000

_POPULAR = "popularity desc, product_id desc"

_AMONG_BEST_SELLERS = """
select {selected} from (
    select * from {table} where not discontinued order by magnitude desc, product_id desc limit {best_sellers}
) as present where {fitting} order by {order} limit {first}
"""

_AMONG_ALL = """
select {selected} from {table} as present where not discontinued and {fitting} order by {order} limit {first}
"""


async def complete(reads: ReadModels, typed: str, first: int) -> Sequence[Stored[ListedProduct]]:
    """At most `first` products whose names have, for every word that was typed, a word that begins so.

    The most popular comes first. Only if there is none are typing errors forgiven, as `product_text` does, and the
    closest comes first. Where best sellers alone suffice, popularity is compared to its binary digits when it is
    about who is among them. Discontinued products are left out.
    """
    words = words_of(typed, at_most=MOST_CHARACTERS)
    if not words:
        return []
    for statement in (_AMONG_BEST_SELLERS, _AMONG_ALL):
        found = await _search(reads, statement, *_beginning(words), first)
        if len(found) == first:
            return found
    return found or await _search(reads, _AMONG_ALL, *_similar(words), first)


def _beginning(words: Sequence[str]) -> tuple[str, str, Parameters]:
    """Names that have words with these beginnings, what sells best before the rest."""
    parameters = Parameters()
    return " and ".join(_begins(word, parameters) for word in words), _POPULAR, parameters


def _similar(words: Sequence[str]) -> tuple[str, str, Parameters]:
    """Names that have words like these, but for two swapped letters or most of the trigrams; the closest first."""
    parameters, conditions, closeness = Parameters(), [], []
    for word in words:
        begins = " or ".join(_begins(variant, parameters) for variant in (word, *swapped(word)))
        misspelt = parameters.place(word)
        conditions.append(f"({begins} or {misspelt} <% words)")
        closeness.append(f"case when {begins} then 1 else word_similarity({misspelt}, words) end")
    return " and ".join(conditions), f"{' + '.join(closeness)} desc, {_POPULAR}", parameters


def _begins(word: str, parameters: Parameters) -> str:
    return f"words like {parameters.place(f'% {word}%')}"


async def _search(
    reads: ReadModels, statement: str, fitting: str, order: str, parameters: Parameters, first: int
) -> Sequence[Stored[ListedProduct]]:
    table = reads.table(VIEW)
    filled = statement.format(
        selected=table.selected,
        table=table.table,
        best_sellers=BEST_SELLERS,
        fitting=fitting,
        order=order,
        first=parameters.place(first),
    )
    return [table.stored(row) for row in await reads.pool.fetch(filled, *parameters)]
