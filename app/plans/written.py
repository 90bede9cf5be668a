"""Pieces of the Python that a plan is written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """An expression or a function's name; whether it wants the path, and whether it shows the value alone."""

    text: str
    wants_path: bool = False
    fixed: bool = True

    def of(self, *given: str, path: str) -> "Written":
        """A call of the function, which is given the run besides."""
        with_path = [path] if self.wants_path else []
        return Written(f"{self.text}({', '.join([*given, 'r', *with_path])})", self.wants_path, self.fixed)


@dataclass(frozen=True, slots=True)
class Part:
    """One response key: what it shows, and the statements before and after the dictionary is made."""

    key: str
    shown: Written
    before: Sequence[str] = ()
    after: Sequence[str] = ()


def dictionary(parts: Sequence[Part]) -> Written:
    """An expression for what all of them show together."""
    text = ", ".join(f"{part.key!r}: {part.shown.text}" for part in parts)
    shown = [part.shown for part in parts]
    return Written(f"{{{text}}}", any(each.wants_path for each in shown), all(each.fixed for each in shown))


@dataclass(frozen=True, slots=True)
class Source:
    """What fields are read from: an object, or what one would be composed of, which is then never made.

    `name` is the object's variable; `parts` are those of its attributes by theirs. `path` is its place.
    """

    name: str = "o"
    parts: Mapping[str, str] | None = None
    path: str = "p"

    def read(self, attribute: str) -> str:
        """An expression for the attribute at a dotted path."""
        if self.parts is None:
            return f"{self.name}.{attribute}"
        first, dot, rest = attribute.partition(".")
        return f"{self.parts[first]}{dot}{rest}"


class NeedsObject(Exception):
    """Something beneath asks for the object itself, not for what it is composed of."""
