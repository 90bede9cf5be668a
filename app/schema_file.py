"""The schema as a file, for clients and reviewers; it is in the repository, so that a change of it shows in a diff."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graphql import build_schema, find_breaking_changes, find_dangerous_changes

from app.environment import ROOT
from app.registry import ACCEPTED_COMMANDS
from schema.schema import make

FILE: Final = ROOT / "schema" / "schema.graphql"


@dataclass(frozen=True, slots=True)
class Changes:
    """What clients of the schema in the file would notice, in words."""

    breaking: tuple[str, ...]
    dangerous: tuple[str, ...]


def current() -> str:
    """The schema that the code makes, in GraphQL's schema language."""
    return make(ACCEPTED_COMMANDS).as_str() + "\n"


def changes(before: str, after: str) -> Changes:
    """What clients of one schema notice when they meet the other."""
    old, new = build_schema(before), build_schema(after)
    return Changes(
        breaking=tuple(change.description for change in find_breaking_changes(old, new)),
        dangerous=tuple(change.description for change in find_dangerous_changes(old, new)),
    )


def export(to: Path = FILE) -> Changes:
    """Writes the schema to the file. Returns what that changes for clients of the one that stood there."""
    after = current()
    before = to.read_text(encoding="utf-8") if to.exists() else after
    to.write_text(after, encoding="utf-8")
    return changes(before, after)


def is_current(file: Path = FILE) -> bool:
    """Whether the file holds the schema that the code makes."""
    return file.exists() and file.read_text(encoding="utf-8") == current()
