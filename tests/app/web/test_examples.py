"""The example operations as they are written: valid, complete, and without anything that the editor would underline."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    build_schema,
    get_nullable_type,
    parse,
    type_from_ast,
    validate,
)
from graphql.execution.values import get_variable_values

from app.seed import examples
from app.web import operations
from app.web.operations import BadExample, Example

SCHEMA = Path(__file__).resolve().parents[3] / "schema" / "schema.graphql"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


def test_every_example_is_valid(schema: GraphQLSchema) -> None:
    problems = {each.name: validate(schema, parse(each.query)) for each in examples()}
    assert {name: found for name, found in problems.items() if found} == {}


def test_the_variables_of_every_example_fit(schema: GraphQLSchema) -> None:
    fitted = {
        each.name: get_variable_values(schema, wanted_by(each), json.loads(each.variables or "{}"))
        for each in examples()
    }
    assert {name: values for name, values in fitted.items() if isinstance(values, list)} == {}


def test_no_example_lacks_what_the_editor_would_underline(schema: GraphQLSchema) -> None:
    """It wants every field that cannot be null, also one with a default."""
    lacking = {each.name: lacking_in(schema, each) for each in examples()}
    assert {name: fields for name, fields in lacking.items() if fields} == {}


def test_every_root_field_has_an_example(schema: GraphQLSchema) -> None:
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    there = {(kind, field) for kind, root in roots.items() if root for field in root.fields}
    shown = {(each.kind, field) for each in examples() for field in root_fields(each)}
    assert shown == there


def test_the_examples_of_a_group_stand_together_and_have_names_of_their_own() -> None:
    shown = examples()
    changes = [after.group for before, after in pairwise(shown) if after.group != before.group]
    assert len({*changes, shown[0].group}) == len(changes) + 1
    assert len({each.name for each in shown}) == len({each.title for each in shown}) == len(shown)
    assert [each.name for each in shown if not each.about] == []


def test_a_thing_that_is_not_seeded_is_told_by_name() -> None:
    with pytest.raises(BadExample, match=r"10-place-order\.json names customer\.ada, which is not seeded"):
        operations.load({})


def test_an_example_without_a_heading_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.graphql").write_text("query One { node(id: 1) { id } }")
    monkeypatch.setattr(operations, "FOLDER", tmp_path)
    with pytest.raises(BadExample, match=r"one\.graphql must begin with `# Group · Title`"):
        operations.load({})


def operation(example: Example) -> OperationDefinitionNode:
    return next(node for node in parse(example.query).definitions if isinstance(node, OperationDefinitionNode))


def wanted_by(example: Example) -> Sequence[VariableDefinitionNode]:
    return operation(example).variable_definitions or ()


def root_fields(example: Example) -> list[str]:
    return [cast("FieldNode", each).name.value for each in operation(example).selection_set.selections]


def lacking_in(schema: GraphQLSchema, example: Example) -> list[str]:
    given = json.loads(example.variables or "{}")
    wanted = {each.variable.name.value: each.type for each in wanted_by(example)}
    kinds = {name: cast("GraphQLInputType", type_from_ast(schema, node)) for name, node in wanted.items()}
    return [path for name, kind in kinds.items() for path in lacking_beneath(kind, given.get(name), name)]


def lacking_beneath(kind: GraphQLInputType, value: Any, path: str) -> list[str]:
    if value is None:
        return [path] if isinstance(kind, GraphQLNonNull) else []
    bare = get_nullable_type(kind)
    if isinstance(bare, GraphQLList):
        return [lack for each in value for lack in lacking_beneath(bare.of_type, each, f"{path}[]")]
    if not isinstance(bare, GraphQLInputObjectType):
        return []
    fields = bare.fields.items()
    return [lack for name, field in fields for lack in lacking_beneath(field.type, value.get(name), f"{path}.{name}")]
