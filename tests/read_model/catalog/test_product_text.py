"""Searching by words: stems, skus, misspelt words, and what comes first."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.kernel.clock import id_at
from read_model.catalog.product_facets import facets
from read_model.catalog.product_listing import count
from read_model.catalog.product_text import MOST_CHARACTERS
from read_model.catalog.search_words import swapped
from tests.read_model.catalog.shelf import AT, Shelf, added, ordered
from write_model.catalog.events import ProductDiscontinued

OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TYPED = st.one_of(
    st.text(max_size=MOST_CHARACTERS),
    st.text("aeiou tnrs", max_size=MOST_CHARACTERS),
    st.text("&|!():*<->'\"\\%_ ab1.,@/-", max_size=40),
).map(lambda text: text.replace("\x00", ""))


async def test_misspelt_words_on_the_real_catalog(real: Shelf) -> None:
    assert (await real.names("whtie hanging hart"))[0] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert (await real.names("regncy cakestnd"))[0] == "REGENCY CAKESTAND 3 TIER"
    assert (await real.names("jumbo bag retrospt"))[0] == "JUMBO BAG RED RETROSPOT"


async def test_single_typing_errors_find_what_was_meant(real: Shelf) -> None:
    """Of words that no product has: two neighbouring letters swapped, one left out, one put in, one wrong."""
    rng = random.Random(11)
    products = [each for each in real.products.values() if not each.discontinued and each.popularity > 500]
    found = 0
    for product in rng.sample(products, 120):
        words = [word for word in product.words.split() if len(word) > 2]
        longest = max(words, key=len)
        n = rng.randrange(1, len(longest) - 1)
        wrong = rng.choice(
            [
                *swapped(longest),
                longest[:n] + longest[n + 1 :],
                f"{longest[:n]}q{longest[n:]}",
                f"{longest[:n]}q{longest[n + 1 :]}",
            ]
        )
        typed = " ".join(wrong if word == longest else word for word in words)
        found += product.name in await real.names(typed)
    assert found >= 116, found


@pytest.mark.parametrize("sort_of_word", ["hearts", "Heart", "HEARTED"])
async def test_words_are_compared_by_their_stems(real: Shelf, sort_of_word: str) -> None:
    assert await real.names(sort_of_word) == await real.names("heart")


@pytest.mark.parametrize("text", ["85123A", "85123a", " 85123-A ", "85123"])
async def test_a_sku_is_found_whole_or_by_its_beginning(real: Shelf, text: str) -> None:
    assert (await real.names(text))[0] == "WHITE HANGING HEART T-LIGHT HOLDER"


@pytest.mark.parametrize("text", ["!", "…?! %_\\", "-- ' ;", "🫖", "of the", "xyzzyplughqux", "\u0300"])
async def test_what_is_like_nothing_finds_nothing(real: Shelf, text: str) -> None:
    search = await real.search(text)
    assert await real.all(search) == []
    assert await count(real.reads, search) == 0


@pytest.fixture
async def set_table(shelf: Shelf) -> Shelf:
    """Named for where a teapot stands in them: in the sku, name, category, vendor, description."""
    teapot, plain, gold = (id_at(0, n) for n in (1, 2, 3))
    await shelf.lay_out(
        added("Gold Teapot", product_id=gold, sku="A1"),
        added("Teapot", product_id=teapot, sku="A2"),
        added("Plain Teapot", product_id=plain, sku="A3"),
        added("By sku", sku="TEAPOT"),
        added("By the beginning of a sku", sku="TEA-POT-9"),
        added("In category", sku="A4", categories=("Teapots",)),
        added("From vendor", sku="A5", vendor="Teapot & Sons"),
        added("Described", sku="A6", description="Café set: a teapot's friend"),
        added("Cup", sku="A7", product_id=id_at(0, 9)),
        ordered([(plain, 7)]),
    )
    return shelf


async def test_skus_come_before_names_and_names_before_the_rest(set_table: Shelf) -> None:
    names = await set_table.names("teapot")
    assert names[:5] == ["By sku", "By the beginning of a sku", "Plain Teapot", "Gold Teapot", "Teapot"]
    assert set(names[5:]) == {"In category", "From vendor", "Described"}


async def test_all_words_must_be_there_wherever_they_are(set_table: Shelf) -> None:
    assert await set_table.names("teapot sons vendor") == ["From vendor"]
    assert await set_table.names("cafe friend") == ["Described"]
    assert await set_table.names("the gold teapot") == ["Gold Teapot"]


async def test_a_misspelt_word_is_looked_for_beside_the_others(set_table: Shelf) -> None:
    assert await set_table.names("glod teapot") == ["Gold Teapot"]
    assert await set_table.names("gold teepot") == ["Gold Teapot"]
    assert await set_table.names("golden tepot") == ["Gold Teapot"]


async def test_words_that_are_never_together_may_be_misspelt_all_the_same(shelf: Shelf) -> None:
    await shelf.lay_out(added("White Heart"), added("Hart of the wood"))
    assert await shelf.names("white hart") == ["White Heart"]


async def test_what_is_closest_comes_first_and_of_equals_what_is_popular(shelf: Shelf) -> None:
    ids = [id_at(0, n) for n in range(5)]
    names = ("Lantern", "Lanterns", "Lantern", "Lantern", "Lanyard")
    await shelf.lay_out(
        *(added(name, product_id=product) for name, product in zip(names, ids, strict=True)),
        ordered([(ids[0], 3), (ids[1], 50), (ids[2], 3), (ids[3], 4)]),
    )
    hits = await shelf.all(await shelf.search("lanteern"))
    assert [hit.stored.row.product_id for hit in hits] == [ids[3], ids[2], ids[0], ids[1]]


async def test_a_discontinued_product_makes_no_word_known(shelf: Shelf) -> None:
    gone = added("Whtie lie")
    await shelf.lay_out(added("White lily"), gone, ProductDiscontinued(product_id=gone.product_id, discontinued_at=AT))
    assert await shelf.names("whtie") == ["White lily"]
    assert await shelf.names("whtie", include_discontinued=True) == ["Whtie lie"]


@OFTEN
@given(text=TYPED)
@example(text="\ufdfa" * MOST_CHARACTERS)
@example(text="ab" * 100)
@example(text=" ".join("abcdefghijklmnopqrstuvwxyz0123456789" * 3)[:MOST_CHARACTERS])
@example(text="a\u0000b'; drop table".replace("\x00", ""))
@example(text="1e999999 -0 1.5e5 http://a.b/c?d a@b.c /usr/bin")
async def test_no_text_is_too_much_for_the_database(real: Shelf, text: str) -> None:
    search = await real.search(text)
    found: Any = await real.all(search, size=100) if await count(real.reads, search) < 300 else None
    assert found is None or len(found) == await count(real.reads, search)
    assert (await facets(real.reads, search)).in_stock >= 0
    await real.completions(text)
