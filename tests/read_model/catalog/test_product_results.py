"""Results in one statement, against the page and the facets that are read by themselves."""

import pytest

from app.infra.keyset import PageArguments
from read_model.catalog.product_facets import count, facets, read
from read_model.catalog.product_listing import ProductFilter, ProductSort, find
from read_model.catalog.product_results import Asked, search
from tests.read_model.catalog.filters import EVERY_FILTER, Conditions
from tests.read_model.catalog.shelf import Shelf

TEXTS = [None, "heart", "85123", "85123A", "whtie hart", "wihte heart", "xyzzy", "the", "!?"]
"""Everything, a word, the beginning of a sku and a whole one, misspelt words of both kinds, and nothing."""


@pytest.mark.parametrize("text", TEXTS)
@EVERY_FILTER
async def test_both_are_what_they_are_by_themselves(real: Shelf, text: str | None, conditions: Conditions) -> None:
    plain = await real.search(text, **conditions)
    for sort in ProductSort:
        for arguments in await _pages(real, text, sort, conditions):
            found = await search(
                real.reads, text, ProductFilter(**conditions), Asked(sort, arguments, whole=False, counting=True)
            )
            page = await find(real.reads, plain, sort, arguments)
            assert found.search == plain
            assert [each.told for each in found.page.nodes] == [each.told for each in page.nodes]
            assert (found.page.has_next, found.page.has_previous) == (page.has_next, page.has_previous)
            assert found.facets is not None
            assert read(found.facets) == await facets(real.reads, plain)


async def _pages(real: Shelf, text: str | None, sort: ProductSort, conditions: Conditions) -> list[PageArguments]:
    """The first one and the last, what comes after the former, an empty one, and one beyond the end."""
    search = await real.search(text, **conditions)
    pages = [PageArguments(first=4), PageArguments(last=4), PageArguments(first=0)]
    ends = [await find(real.reads, search, sort, each) for each in pages]
    if ends[0].nodes:
        pages.append(PageArguments(first=4, after=ends[0].nodes[-1].cursor))
        pages.append(PageArguments(first=4, after=ends[1].nodes[-1].cursor))
        pages.append(PageArguments(last=4, before=ends[1].nodes[0].cursor))
    return pages


@pytest.mark.parametrize(
    ("text", "conditions", "statements"),
    [
        (None, {}, 1),
        ("heart", {}, 1),
        ("heart", {"vendors": ("nobody",)}, 2),
        ("!?", {}, 1),
        ("whtie heart", {}, 5),
    ],
)
async def test_one_statement_is_enough_where_the_text_is_as_it_is_written(
    real: Shelf, monkeypatch: pytest.MonkeyPatch, text: str | None, conditions: Conditions, statements: int
) -> None:
    sent, fetch = list[str](), real.reads.fetch

    async def noted(statement: str, *values: object) -> object:
        sent.append(statement)
        return await fetch(statement, *values)

    async def noted_value(statement: str, *values: object) -> object:
        return (await noted(statement, *values))[0][0]  # type: ignore[index]

    monkeypatch.setattr(real.reads, "fetch", noted)
    monkeypatch.setattr(real.reads, "fetchval", noted_value)
    asked = Asked(ProductSort.RELEVANCE, PageArguments(first=4), whole=False, counting=True)
    await search(real.reads, text, ProductFilter(**conditions), asked)
    assert len(sent) == statements


async def test_facets_are_counted_only_when_they_come_along(real: Shelf) -> None:
    for asked in (
        Asked(ProductSort.RELEVANCE, PageArguments(first=4), whole=True, counting=True),
        Asked(ProductSort.RELEVANCE, PageArguments(first=4), whole=False),
    ):
        found = await search(real.reads, "heart", ProductFilter(), asked)
        assert found.facets is None
        assert read(await count(real.reads, found.search)) == await facets(real.reads, found.search)
