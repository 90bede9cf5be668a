"""The examples that GraphiQL offers: `operations/*.graphql`, with variables in a `.json` of the same name."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

FOLDER = Path(__file__).resolve().parent / "operations"

Kind = Literal["query", "mutation", "subscription"]

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_OPERATION = re.compile(rf"^({'|'.join(get_args(Kind))})\s+(\w+)", re.MULTILINE)
_HEADING = re.compile(r"# (?P<group>[^·\n]+?) · (?P<title>[^\n]+)\n(?P<about>(?:#[^\n]*\n)*)")


class BadExample(ValueError):
    """An example is not written as it must be, or names a seeded thing that does not exist."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An operation, ready to run on the seeded shop; `query` and `variables` (JSON) are texts for the editors."""

    name: str
    kind: Kind
    group: str
    title: str
    about: str
    query: str
    variables: str


def load(ids: Mapping[str, str]) -> list[Example]:
    """All examples, ordered by file name, `{{placeholders}}` replaced by `ids`; raises `BadExample`."""
    return [_read(path, ids) for path in sorted(FOLDER.glob("*.graphql"))]


def placeholders() -> frozenset[str]:
    """The names that `load` must find in `ids`."""
    texts = (path.read_text() for path in FOLDER.iterdir())
    return frozenset(name for text in texts for name in _PLACEHOLDER.findall(text))


def _read(path: Path, ids: Mapping[str, str]) -> Example:
    query = _fill(path, ids)
    heading, operation = _HEADING.match(query), _OPERATION.search(query)
    if heading is None or operation is None:
        raise BadExample(f"{path.name} must begin with `# Group · Title` and hold one named operation")
    return Example(
        name=operation[2],
        kind=cast("Kind", operation[1]),
        group=heading["group"],
        title=heading["title"],
        about=" ".join(line.removeprefix("#").strip() for line in heading["about"].splitlines()),
        query=query,
        variables=_variables(path.with_suffix(".json"), ids),
    )


def _variables(path: Path, ids: Mapping[str, str]) -> str:
    if not path.exists():
        return ""
    text = _fill(path, ids)
    try:
        json.loads(text)
    except ValueError as error:
        raise BadExample(f"{path.name} is not JSON: {error}") from error
    return text.rstrip()


def _fill(path: Path, ids: Mapping[str, str]) -> str:
    try:
        return _PLACEHOLDER.sub(lambda found: ids[found[1]], path.read_text())
    except KeyError as missing:
        raise BadExample(f"{path.name} names {missing.args[0]}, which is not seeded") from missing
