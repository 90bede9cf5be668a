"""What the README says is so."""

import re

import pytest
from graphql import build_schema, parse, validate

from app import config, schema_file, seed
from app.environment import COMMANDS
from app.kernel import typeid
from tests.support.installation import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_setting_stands_in_the_table() -> None:
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in config.variables()
    ]
    assert re.findall(r"^\| `[A-Z_]+` \|.*$", README, re.MULTILINE) == rows


def test_every_command_is_explained() -> None:
    table = README[README.index("| `python3 -m app` |") :]
    assert [name for name in COMMANDS if f"`{name}`" not in table] == []


@pytest.mark.parametrize("operation", blocks("graphql"))
def test_every_operation_fits_the_schema(operation: str) -> None:
    assert validate(build_schema(schema_file.current()), parse(operation)) == []


def test_the_ids_are_those_of_the_seeded_shop() -> None:
    for kind, name in (("customer", "ada"), ("product", "teapot")):
        assert typeid.encode(kind, seed.seeded_id(kind, name)) in blocks("graphql")[0]


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:app|schema|write_model|read_model|workers|tests)/[\w/.]+\.\w+)`", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_code_of_the_added_view_is_the_codes_own() -> None:
    (shown,) = blocks("python")
    parts = [part for part in shown.split("\n\n\n") if part]
    code = (ROOT / "read_model/orders/orders_by_city.py").read_text()
    assert len(parts) == 3
    assert [part for part in parts if part.rstrip("\n") not in code] == []


def test_every_query_of_the_shop_stands_in_the_table() -> None:
    query = build_schema(schema_file.current()).query_type
    assert query is not None
    table = README[README.index("## What the shop shows") : README.index("## Real orders")]
    assert set(query.fields) - set(re.findall(r"`(\w+)`", table)) == {
        "commandStatus",
        "projectionStatus",
        "commandActivity",
        "deadLetters",
        "operations",
        "rebuildProgress",
    }
