"""Which values are of a type that an operation selects from."""

from inspect import isawaitable

from graphql import GraphQLNamedType, GraphQLObjectType, Undefined, is_abstract_type

from app.plans.operations import Inexpressible


def require_plain(type_: GraphQLNamedType) -> None:
    """Raises Inexpressible for a type that says by code of its own which values are of it."""
    definition = type_.extensions["strawberry-definition"]
    judge = "resolve_type" if is_abstract_type(type_) else "is_type_of"
    if getattr(definition, judge, None) is not None:
        raise Inexpressible(f"what is a {type_.name}")


def origin_of(type_: GraphQLObjectType) -> type:
    """The class that the type was declared as."""
    origin: type = type_.extensions["strawberry-definition"].origin
    return origin


def unfit(value: object, fit: set[type]) -> bool:
    """Whether graphql-core would not take the value for an object, of a type that says nothing about it.

    Where it would, it takes all others of its class, which is noted among those that are `fit`.
    """
    if value is None or value is Undefined or isinstance(value, Exception) or isawaitable(value):
        return True
    fit.add(value.__class__)
    return False


def of_another_class(_: object, __: set[type]) -> bool:
    """Of a type that knows its values, graphql-core has to say whether it takes those of other classes."""
    return True
