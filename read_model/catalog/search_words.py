"""Texts as searches compare them: words of letters and digits, without case, accents and punctuation."""

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
_LONGEST_CODE = 100


def words_of(text: str, *, at_most: int | None = None) -> list[str]:
    """The words, in their order: "Café T-LIGHT" has cafe, t and light. `at_most` counts characters.

    One character may become many (such as ﷺ), so a text that must stay short is cut after that.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))
    return _WORD.findall(plain[:at_most])


def code_of(words: list[str]) -> str:
    """What tells skus apart: "TEA-001", "tea 001" and "Tea001" are the same. Cut to what an index can hold."""
    return "".join(words)[:_LONGEST_CODE]


def swapped(word: str) -> Iterator[str]:
    """The word with two neighbouring letters the other way round, for each pair: of "hte", eht and the."""
    for n in range(len(word) - 1):
        if word[n] != word[n + 1]:
            yield f"{word[:n]}{word[n + 1]}{word[n]}{word[n + 2 :]}"
