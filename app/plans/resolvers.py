"""Strawberry's fields, taken apart: whom a plan calls for a value, and with what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from strawberry.schema import Schema
from strawberry.types.field import StrawberryField

from app.plans.arguments import Argument, arguments
from app.plans.infos import InfoOf, info_of
from app.plans.operations import Inexpressible, Operation
from app.plans.shown import SHOWN, Attribute, Composed


@dataclass(frozen=True)
class Resolver:
    """A field's resolver, and what it is known to show of its source without being called."""

    function: Callable[..., Any]
    is_async: bool = False
    shown: Attribute | Composed | None = None
    takes_self: bool = False
    named_source: tuple[str, ...] = ()
    info_name: str | None = None
    info: InfoOf | None = None
    arguments: tuple[Argument, ...] = ()


def resolver(
    schema: Schema,
    operation: Operation,
    parent: GraphQLObjectType,
    definition: GraphQLField,
    details: list[FieldDetails],
) -> Resolver:
    """The resolver of a field. Raises Inexpressible for one that is wrapped into something else."""
    field = definition.extensions.get("strawberry-definition")
    if not isinstance(field, StrawberryField) or field.extensions or schema.exception_handlers:
        raise Inexpressible(f"how {parent.name}.{details[0].node.name.value} is resolved")
    made = field.base_resolver
    if made is None:
        if field.default_resolver is not getattr:
            raise Inexpressible("another default resolver")
        return Resolver(getattr, shown=Attribute(field.python_name))
    named = [each.name for each in (made.parent_parameter, made.root_parameter) if each]
    info = made.info_parameter
    return Resolver(
        function=cast("Callable[..., Any]", made.wrapped_func),
        is_async=made.is_async,
        shown=getattr(made.wrapped_func, SHOWN, None),
        takes_self=made.self_parameter is not None,
        named_source=tuple(dict.fromkeys(named)),
        info_name=info.name if info else None,
        info=info_of(schema, operation, parent, definition, details, field) if info else None,
        arguments=arguments(schema, field, definition, details[0].node),
    )
