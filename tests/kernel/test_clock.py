"""Time and fresh ids: UUIDv7 that sort by the moment they were made."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import id_at, new_id, new_id_text, now

UNIX_MS = st.integers(0, 2**48 - 1)
ENTROPY = st.integers(0, 2**80 - 1)


def unix_ms_of(value: UUID) -> int:
    return value.int >> 80


@given(UNIX_MS, ENTROPY)
def test_an_id_is_a_version_7_uuid_of_its_moment(unix_ms: int, entropy: int) -> None:
    made = id_at(unix_ms, entropy)
    assert (made.version, made.variant, unix_ms_of(made)) == (7, "specified in RFC 4122", unix_ms)


@given(UNIX_MS, UNIX_MS, ENTROPY, ENTROPY)
def test_ids_sort_by_moment_whatever_their_entropy(one: int, other: int, left: int, right: int) -> None:
    if one != other:
        assert (id_at(one, left) < id_at(other, right)) == (one < other)


@given(UNIX_MS, st.integers(0, 2**74 - 1))
def test_no_bit_of_the_74_is_wasted(unix_ms: int, entropy: int) -> None:
    assert len({id_at(unix_ms, entropy ^ (1 << bit)) for bit in range(74)} | {id_at(unix_ms, entropy)}) == 75


def test_fresh_ids_are_of_now_and_differ() -> None:
    before = int(now().timestamp() * 1_000)
    made = [new_id() for _ in range(1_000)]
    after = int(now().timestamp() * 1_000)
    assert len(set(made)) == len(made)
    assert all(before <= unix_ms_of(each) <= after for each in made)
    assert [unix_ms_of(each) for each in made] == sorted(unix_ms_of(each) for each in made)


def test_fresh_ids_are_of_version_7_and_use_each_of_the_74_bits() -> None:
    made = [new_id() for _ in range(1_000)]
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    ever_set = ever_clear = 0
    for each in made:
        ever_set, ever_clear = ever_set | each.int, ever_clear | ~each.int
    assert (ever_set & ever_clear & (1 << 80) - 1).bit_count() == 74


def test_fresh_texts_are_such_ids_too() -> None:
    before = int(now().timestamp() * 1_000)
    texts = [new_id_text() for _ in range(1_000)]
    after = int(now().timestamp() * 1_000)
    made = [UUID(text) for text in texts]
    assert [str(each) for each in made] == texts
    assert len(set(made)) == len(made)
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    assert all(before <= unix_ms_of(each) <= after for each in made)
    ever_set = ever_clear = 0
    for each in made:
        ever_set, ever_clear = ever_set | each.int, ever_clear | ~each.int
    assert (ever_set & ever_clear & (1 << 80) - 1).bit_count() == 74


def test_now_is_utc() -> None:
    assert now().tzinfo is UTC
    assert now() <= datetime.now(UTC)
