"""Words, as they are stored and asked for: PostgreSQL takes every text, and finds what a plain look finds."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.infra.embedded import Servers
from app.infra.text_search import beginnings, folded, searchable

OFTEN = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LONGEST_FORM = "\ufdfa"
"""A ligature of eighteen characters."""

ANY_TEXT = st.text(max_size=200)
FEW_LETTERS = st.text(alphabet="abÀé1 -'&|!:*\\_()", max_size=30)


@pytest.fixture(scope="module")
async def db(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(servers.database_url)
    yield connection
    await connection.close()


async def finds(db: asyncpg.Connection, asked: str, *texts: str) -> bool:
    found: bool = await db.fetchval("select $1::tsvector @@ $2::tsquery", searchable(texts), beginnings(asked))
    return found


@pytest.mark.parametrize(
    "asked",
    [
        "TEA-001",
        "tea 001",
        "001",
        "t-light",
        "T Light",
        "HOLD",
        "crème",
        "CRE\u0300ME",
        "strasse",
        "85123a",
        "85123",
        "1e5",
        "  tea,  holder!  ",
        "o'neill",
        "neill\\",
        "ﬁve",
        "two_words",
    ],
)
async def test_every_word_that_begins_a_word_is_found(db: asyncpg.Connection, asked: str) -> None:
    texts = ("TEA-001", "T-Light Holder", "Crème Straße", "85123A", "1e5", "O'Neill & five", "two words")
    assert await finds(db, asked, *texts)


@pytest.mark.parametrize("asked", ["ea", "light holder x", "tea 002", "-", "", "'", "  ", "&|!", "_", "\u0301", "😀"])
async def test_nothing_else_is_found(db: asyncpg.Connection, asked: str) -> None:
    assert not await finds(db, asked, "TEA-001", "T-Light Holder", "😀", "_", "")


def plain(text: str) -> list[str]:
    return re.findall(r"[a-zàé0-9]+", text.lower())


@OFTEN
@given(texts=st.lists(FEW_LETTERS, max_size=4), asked=FEW_LETTERS)
async def test_it_is_a_plain_look_at_the_words(db: asyncpg.Connection, texts: list[str], asked: str) -> None:
    there = [word for text in texts for word in plain(text)]
    wanted = plain(asked)
    expected = bool(wanted) and all(any(word.startswith(each) for word in there) for each in wanted)
    assert await finds(db, asked, *texts) == expected


@OFTEN
@given(texts=st.lists(ANY_TEXT, max_size=4), asked=ANY_TEXT)
@example(texts=[LONGEST_FORM * 200], asked=LONGEST_FORM * 200)
@example(texts=["\U0001f130" * 200], asked="\u1e9e" * 200)
@example(texts=["x" * 3_000], asked="x" * 2_000)
async def test_no_text_is_too_much(db: asyncpg.Connection, texts: list[str], asked: str) -> None:
    """What is stored is also what PostgreSQL writes, so that a row that was read equals the one that was written."""
    stored = searchable(texts)
    assert await db.fetchval("select ($1::tsvector)::text", stored) == stored
    await finds(db, asked, *texts)
    for text in texts:
        assert await finds(db, text, *texts) == bool(searchable([text]))


async def test_an_order_of_thousands_of_lines_has_its_first_words(db: asyncpg.Connection) -> None:
    words = [chr(0x20000 + n) * 200 for n in range(5_000)]
    stored = searchable(words)
    await db.execute("create temporary table held (words tsvector); create index on held using gin (words)")
    await db.execute("insert into held values ($1)", stored)
    assert await finds(db, words[0], *words)
    assert len(stored) < 210_000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ÉVRY", "évry", True),
        ("Saint  Denis ", "saint denis", True),
        ("STRASSE", "straße", True),
        ("E\u0301vry", "Évry", True),
        ("Evry", "Évry", False),
        ("Leeds", "Leed", False),
    ],
)
def test_places_are_compared_without_case(one: str, other: str, same: bool) -> None:
    assert (folded(one) == folded(other)) is same
