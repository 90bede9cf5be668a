"""Lists of posts as strings of bytes, the newest first: what a timeline of five hundred is kept, written and cut as.

An entry has 40 bytes: the moment in microseconds since 1970, the post's id, its author's. So entries compare as their
posts are ordered, by moment and id. As objects, a timeline would take five times as much memory and ten times as long
to write; and a post goes into as many of them as its author has followers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from app.kernel.structs import Struct

SIZE: Final = 40
_ID: Final = 16
_POST: Final = 8
_AUTHOR: Final = 24
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Entry(Struct, frozen=True):
    """A post in a list."""

    published_at: datetime
    post_id: UUID
    author_id: UUID


def packed(published_at: datetime, post_id: UUID, author_id: UUID) -> bytes:
    """An entry's bytes."""
    return place(published_at, post_id) + author_id.bytes


def place(published_at: datetime, post_id: UUID) -> bytes:
    """Where a post stands: what its entry begins with. Nothing stands before 1970."""
    return max(0, (published_at - _BEGINNING) // _MICROSECOND).to_bytes(_POST, "big") + post_id.bytes


def unpacked(entry: bytes) -> Entry:
    """The entry of these bytes."""
    published_at = _BEGINNING + int.from_bytes(entry[:_POST], "big") * _MICROSECOND
    return Entry(published_at, UUID(bytes=entry[_POST:_AUTHOR]), UUID(bytes=entry[_AUTHOR:]))


def each(entries: bytes) -> Iterator[bytes]:
    """The entries of a list, in its order."""
    return (entries[at : at + SIZE] for at in range(0, len(entries), SIZE))


def after(entries: bytes, here: bytes) -> int:
    """The offset of the first entry that comes after a place, or after an entry: the first that is smaller."""
    low, high = 0, len(entries) // SIZE
    while low < high:
        middle = (low + high) // 2
        if entries[middle * SIZE : middle * SIZE + len(here)] >= here:
            low = middle + 1
        else:
            high = middle
    return low * SIZE


def with_entry(entries: bytes, entry: bytes, at_most: int) -> bytes:
    """The list with one entry more, in its place, and without what is beyond the end then."""
    at = after(entries, entry)
    if entries[at - SIZE : at] == entry:
        return entries
    return (entries[:at] + entry + entries[at:])[: at_most * SIZE]


def with_entries(entries: bytes, others: bytes, at_most: int) -> bytes:
    """Both lists in one, the newest of it."""
    return b"".join(sorted({*each(entries), *each(others)}, reverse=True)[:at_most])


def without_post(entries: bytes, post_id: UUID) -> bytes:
    """The list without a post."""
    at = _offset(entries, post_id.bytes, SIZE, _POST)
    return entries if at is None else entries[:at] + entries[at + SIZE :]


def without_author(entries: bytes, author_id: UUID) -> bytes:
    """The list without all that an author posted."""
    theirs = author_id.bytes
    return b"".join(entry for entry in each(entries) if entry[_AUTHOR:] != theirs) if theirs in entries else entries


def ids(people: bytes) -> Iterator[UUID]:
    """The ids of a list of nothing else."""
    return (UUID(bytes=people[at : at + _ID]) for at in range(0, len(people), _ID))


def count_of(people: bytes) -> int:
    """How many ids there are in such a list."""
    return len(people) // _ID


def without_id(people: bytes, person_id: UUID) -> bytes:
    """Such a list without an id."""
    at = _offset(people, person_id.bytes, _ID, 0)
    return people if at is None else people[:at] + people[at + _ID :]


def _offset(records: bytes, wanted: bytes, size: int, within: int) -> int | None:
    """Where the record begins that has these bytes so far behind its beginning."""
    found = records.find(wanted)
    while found >= 0 and found % size != within:
        found = records.find(wanted, found + 1)
    return found - within if found >= 0 else None
