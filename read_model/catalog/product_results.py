"""What a visitor is shown of a search: a page of products, and what it could be narrowed to, out of one snapshot."""

from dataclasses import dataclass

from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Page, PageArguments
from app.infra.sheets import Entry, Sheet
from read_model.catalog import product_facets
from read_model.catalog.product_listing import ProductFilter, ProductSort, Search, find
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import Parameters, literally, read

_RESULTS = """
with {found}
(select null as {key}, null as position, null as {column}, 0 as n, ({facets})::text as facets)
union all
(select {key}, position, {column}, 1, null
 from (select {key}, position, {value} as {column} from found where {all}) as present {tail})
order by n, {column} {direction}, {key} {direction}
"""


@dataclass(frozen=True, slots=True)
class Results:
    """A page, the search that found it as it was read, and its facets as `product_facets` reads them, if counted."""

    search: Search
    page: Page[Entry[ListedProduct]]
    facets: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How results are to be shown; see `Sheet` for `whole`. Facets come along only with what is not whole."""

    sort: ProductSort
    arguments: PageArguments
    whole: bool = True
    counting: bool = False


async def search(reads: ReadModels, text: str | None, wanted: ProductFilter, asked: Asked) -> Results:
    """The results for a text. It is taken literally at first, which is right if that finds anything."""
    literal = literally(text) if text else None
    found = await _results(reads, Search(reading=literal, filter=wanted), asked)
    if text is None or literal is None or found.page.nodes:
        return found
    everything = wanted == ProductFilter(include_discontinued=wanted.include_discontinued)
    nothing = everything and asked.arguments.shows_the_beginning
    reading = await read(
        reads, text, discontinued=wanted.include_discontinued, literal_finds=False if nothing else None
    )
    return found if reading == literal else await _results(reads, Search(reading=reading, filter=wanted), asked)


async def _results(reads: ReadModels, search: Search, asked: Asked) -> Results:
    if asked.whole or not asked.counting:
        return Results(search, await find(reads, search, asked.sort, asked.arguments, whole=asked.whole))
    ordering, parameters = search.sorted_by(asked.sort).value, Parameters()
    sheet, query = Sheet(reads, VIEW, ordering, whole=False), KeysetQuery(ordering, asked.arguments)
    statement = _RESULTS.format(
        found=product_facets.found(reads, search, parameters),
        facets=product_facets.COUNTED,
        all=product_facets.PASSES_ALL,
        key=ordering.key,
        column=ordering.column,
        value=search.rank(parameters) if sheet.computes else ordering.column,
        tail=query.tail([], parameters),
        direction=query.direction,
    )
    facets, *rows = await reads.fetch(statement, *parameters)
    return Results(search, sheet.entries(query, rows), facets["facets"])
