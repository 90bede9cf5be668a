"""Lists of posts in bytes do what lists of posts do, also where ids look like parts of each other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from read_model.feed import entries
from read_model.feed.entries import Entry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_ALIKE = st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1])).map(lambda two: bytes(two) * 8)
_SHIFTED = st.integers(0, 15).map(lambda places: bytes(places) + b"\x01" * (16 - places))
IDS = (_ALIKE | _SHIFTED).map(lambda made: UUID(bytes=made))
MOMENTS = st.sampled_from([0, 1, 2, 0x0101, 0x010101]).map(lambda us: BEGINNING + timedelta(microseconds=us))
POSTS = st.tuples(MOMENTS, IDS, IDS)
LISTS = st.lists(POSTS, max_size=12, unique_by=lambda listed: listed[1])


def packed(posts: list[tuple[datetime, UUID, UUID]]) -> bytes:
    return b"".join(entries.packed(*each) for each in sorted(posts, reverse=True))


@given(posts=LISTS, most=st.integers(1, 12))
def test_one_by_one_or_together_the_newest_are_kept_in_order(
    posts: list[tuple[datetime, UUID, UUID]], most: int
) -> None:
    made = b""
    for each in posts:
        made = entries.with_entry(made, entries.packed(*each), most)
    assert made == packed(sorted(posts, reverse=True)[:most])
    assert entries.with_entries(packed(posts[:5]), packed(posts[3:]), most) == made
    assert [entries.unpacked(each) for each in entries.each(made)] == [
        Entry(*each) for each in sorted(posts, reverse=True)[:most]
    ]


@given(posts=LISTS, gone=IDS)
def test_what_is_taken_out_is_gone_and_nothing_else(posts: list[tuple[datetime, UUID, UUID]], gone: UUID) -> None:
    whole = packed(posts)
    assert entries.without_post(whole, gone) == packed([each for each in posts if each[1] != gone])
    assert entries.without_author(whole, gone) == packed([each for each in posts if each[2] != gone])
    people = b"".join(each[1].bytes for each in posts)
    assert list(entries.ids(entries.without_id(people, gone))) == [each[1] for each in posts if each[1] != gone]


@given(posts=LISTS, here=POSTS)
def test_a_place_divides_a_list(posts: list[tuple[datetime, UUID, UUID]], here: tuple[datetime, UUID, UUID]) -> None:
    at = entries.after(packed(posts), entries.place(*here[:2]))
    assert packed(posts)[at:] == packed([each for each in posts if each[:2] < here[:2]])


def test_nothing_stands_before_1970() -> None:
    long_ago = datetime(1969, 1, 1, tzinfo=UTC)
    assert (
        entries.after(packed([(NOON, UUID(int=1), UUID(int=2))]), entries.place(long_ago, UUID(int=9))) == entries.SIZE
    )
