"""Completions of what somebody types."""

import pytest

from read_model.catalog.product_search import ListedProduct
from tests.read_model.catalog.shelf import AT, Shelf, added, ordered
from write_model.catalog.events import ProductDiscontinued


def plain(real: Shelf, typed: str, first: int = 10) -> list[str]:
    """The completions by a plain filter over the whole catalog."""
    beginnings = typed.lower().split()

    def fits(product: ListedProduct) -> bool:
        words = product.words.split()
        return all(any(word.startswith(beginning) for word in words) for beginning in beginnings)

    found = [product for product in real.products.values() if not product.discontinued and fits(product)]
    found.sort(key=lambda product: (product.popularity, product.product_id), reverse=True)
    return [product.name for product in found[:first]]


@pytest.mark.parametrize(
    "typed",
    ["regency", "r", "w", "z", "3", "white h", "hang whi", "regency tea", "retro", "cake", "mum", "PINK/WHI", "x", "c"],
)
@pytest.mark.parametrize("first", [1, 10, 50])
async def test_completions_equal_a_plain_filter(real: Shelf, typed: str, first: int) -> None:
    assert await real.completions(typed, first) == plain(real, typed.replace("/", " "), first)


async def test_regency_has_cakestands_and_tea(real: Shelf) -> None:
    found = await real.completions("regency")
    assert len(found) == 10
    assert {"REGENCY CAKESTAND 3 TIER", "REGENCY TEAPOT ROSES"} <= set(await real.completions("regency", 20))
    assert found[0] == "REGENCY CAKESTAND 3 TIER"
    assert all("REGENCY" in name for name in found)
    assert all("TEA" in name for name in await real.completions("regency tea"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("whtie", "WHITE HANGING HEART T-LIGHT HOLDER"),
        ("whtie hanging hea", "WHITE HANGING HEART T-LIGHT HOLDER"),
        ("regenyc", "REGENCY CAKESTAND 3 TIER"),
        ("regemcy cake", "REGENCY CAKESTAND 3 TIER"),
    ],
)
async def test_typing_errors_are_forgiven_where_nothing_begins_so(real: Shelf, typed: str, meant: str) -> None:
    assert plain(real, typed) == []
    assert (await real.completions(typed))[0] == meant


async def test_typing_errors_are_not_forgiven_where_something_begins_so(shelf: Shelf) -> None:
    await shelf.lay_out(added("White lily"), added("Whtie lie"))
    assert await shelf.completions("whtie") == ["Whtie lie"]


async def test_discontinued_products_are_left_out(shelf: Shelf) -> None:
    gone = added("Teapot, cracked")
    await shelf.lay_out(added("Teapot"), gone, ProductDiscontinued(product_id=gone.product_id, discontinued_at=AT))
    assert await shelf.completions("teapot") == ["Teapot"]


@pytest.mark.parametrize("typed", ["", " ", "!!", "%", "_", "\\", "🫖"])
async def test_nothing_typed_completes_nothing(real: Shelf, typed: str) -> None:
    assert await real.completions(typed) == []


async def test_none_are_wanted(real: Shelf) -> None:
    assert await real.completions("r", 0) == []


async def test_past_two_thousand_equal_best_sellers_the_index_finds_the_rest(shelf: Shelf) -> None:
    """All sold once, so they share a magnitude; the product that is looked for is in any case found."""
    many = [added(f"Spoon {n}") for n in range(2_500)]
    last = added("Zither")
    pieces = [(product.product_id, 1) for product in [last, *many]]
    await shelf.lay_out(last, *many, ordered(pieces))
    assert await shelf.completions("z") == ["Zither"]
    assert await shelf.completions("ztiher") == ["Zither"]
    assert len(await shelf.completions("spo")) == 10
