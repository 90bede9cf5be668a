"""Finding rows by words: what counts as a word, how a view stores them, and how they are asked for.

A word is a run of letters and digits, without case. Python tells words apart on both sides, because PostgreSQL's own
parser takes `TEA-001` for a word and a negative number, and depends on the locale besides.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NewType

Words = NewType("Words", str)
"""Distinct words the way PostgreSQL writes a tsvector: quoted, in the order of their bytes."""

_WORD = re.compile(r"[^\W_]+")

_LONGEST_WORD = 200
"""Characters; a longer word is known by its beginning. PostgreSQL takes lexemes of up to 2,046 bytes."""

_LONGEST_TEXT = 200_000
"""Characters; PostgreSQL takes vectors of up to 1,048,575 bytes, and a character has up to four."""


def folded(text: str) -> str:
    """The text as it is compared: without case, spare blanks and compatibility forms."""
    return " ".join(_caseless(text).split())


def searchable(texts: Iterable[str]) -> Words:
    """Every word of the texts, as many as there is room for."""
    words = _fitting(dict.fromkeys(_words(" ".join(texts))))
    return Words(" ".join(f"'{word}'" for word in sorted(words, key=str.encode)))


def beginnings(text: str) -> str:
    """The tsquery that wants each word of the text to begin one of `Words`; without a word it finds nothing."""
    return " & ".join(f"'{word}':*" for word in dict.fromkeys(_words(text)))


def _words(text: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in _WORD.findall(_caseless(text))]


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _fitting(words: Iterable[str]) -> Iterator[str]:
    room = _LONGEST_TEXT
    for word in words:
        room -= len(word)
        if room < 0:
            return
        yield word
