"""TypeIDs: what goes in comes out, and nothing else comes in."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import typeid
from app.kernel.errors import MalformedId

SOME = UUID("01893726-efee-7f02-8fbf-9f2b7bc2f910")
TEXT = "order_01h4vjdvzefw18zfwz5dxw5y8g"


def test_the_text_is_that_of_the_specification() -> None:
    assert typeid.encode("order", SOME) == TEXT
    assert typeid.encode("prefix", UUID("01890a5d-ac96-774b-bcce-b302099a8057")) == "prefix_01h455vb4pex5vsknk084sn02q"
    assert typeid.encode("x", UUID(int=0)) == "x_" + "0" * 26
    assert typeid.encode("x", UUID(int=2**128 - 1)) == "x_7" + "z" * 25


@given(st.uuids(), st.from_regex(r"\A[a-z]([a-z_]{0,10}[a-z])?\Z"))
def test_every_id_survives_the_way_there_and_back(value: UUID, prefix: str) -> None:
    text = typeid.encode(prefix, value)
    assert typeid.split(text) == (prefix, value)
    assert typeid.decode(prefix, text) == value


@given(st.integers(0, 2**128 - 1))
def test_a_character_is_five_bits_of_crockfords_alphabet(number: int) -> None:
    digits = ["0123456789abcdefghjkmnpqrstvwxyz"[number >> shift & 31] for shift in range(125, -1, -5)]
    assert typeid.encode("x", UUID(int=number)) == "x_" + "".join(digits)


@given(st.integers(0, 25), st.characters(exclude_characters="0123456789abcdefghjkmnpqrstvwxyz"))
def test_one_character_of_another_alphabet_is_too_much(place: int, stray: str) -> None:
    suffix = TEXT.removeprefix("order_")
    with pytest.raises(MalformedId):
        typeid.split("order_" + suffix[:place] + stray + suffix[place + 1 :])


@given(st.lists(st.uuids(), min_size=2, max_size=20))
def test_texts_sort_as_their_ids_do(values: list[UUID]) -> None:
    assert sorted(typeid.encode("order", value) for value in values) == [
        typeid.encode("order", value) for value in sorted(values)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "order",
        "order_",
        TEXT.removeprefix("order"),
        TEXT[:-1],
        TEXT + "0",
        TEXT.upper(),
        "order_8" + "0" * 25,
        "order_" + "i" * 26,
        "order_" + "\u0660" * 26,
        "order_0\x00" + "0" * 24,
        "order_0-" + "0" * 24,
        "order_ " + "0" * 25,
        "order_" + "\u00ba" * 26,
        str(SOME),
        "x" * 1_000_000,
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(MalformedId) as refused:
        typeid.decode("order", text)
    assert len(refused.value.message) < 400


def test_an_id_of_another_type_is_malformed() -> None:
    with pytest.raises(MalformedId, match="such as customer_01k"):
        typeid.decode("customer", TEXT)


@given(st.text(max_size=40))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        prefix, value = typeid.split(text)
    except MalformedId:
        return
    assert typeid.encode(prefix, value) == text


def test_who_writes_a_broken_id_is_told_of_which_kind_it_should_be() -> None:
    with pytest.raises(MalformedId, match="'post_x' is not an id such as post_01k"):
        typeid.decode("post", "post_x")
