"""Texts as searches compare them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_model.catalog.search_words import code_of, swapped, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", ["white", "hanging", "heart", "t", "light", "holder"]),
        ("SET/6 Red  Spotty", ["set", "6", "red", "spotty"]),
        ("Café, naïve Ångström", ["cafe", "naive", "angstrom"]),
        ("Straße", ["strasse"]),
        ("snake_case", ["snake", "case"]),
        ("3½ ﬁnger", ["31", "2", "finger"]),
        ("100% 'cotton'", ["100", "cotton"]),
        ("чайник 茶壺", ["чаиник", "茶壺"]),
        ("!?… %_\\", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_what_one_character_becomes_is_cut() -> None:
    assert len("".join(words_of("\ufdfa" * 200, at_most=200))) <= 200
    assert len(code_of(words_of("\ufdfa" * 64))) == 100


@given(st.text())
def test_words_stay_as_they_are(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


def test_codes() -> None:
    assert {code_of(words_of(sku)) for sku in ("TEA-001", "tea 001", "Tea001")} == {"tea001"}


def test_swapped_letters() -> None:
    assert list(swapped("teh")) == ["eth", "the"]
    assert list(swapped("book")) == ["obok", "boko"]
    assert list(swapped("a")) == []
