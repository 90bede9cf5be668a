"""Coercing variables whose values are as they should be; of any others graphql-core has to say what is wrong."""

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    is_required_input_field,
)
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""The coerced value. Raises NotPlain, or whatever a scalar raises."""

_STANDS_FOR_ITSELF: Final = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
_INT_MOST: Final = 2**31
_REQUIRED: Final = object()


class NotPlain(Exception):
    """The value is wrong, or right in a way that takes thought."""


class Coercions:
    """Functions that coerce values of input types, each made once. A type that is under way is looked up later."""

    def __init__(self) -> None:
        self._made: dict[GraphQLInputType, Coerce] = {}

    def of(self, type_: GraphQLInputType) -> Coerce:
        """What coerces values of this type."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type)
        present = self._present(type_)
        return lambda value: None if value is None else present(value)

    def _present(self, type_: Any) -> Coerce:
        if isinstance(type_, GraphQLList):
            return _items(self.of(type_.of_type))
        if not isinstance(type_, GraphQLInputObjectType):
            return _leaf(type_)
        if type_ not in self._made:
            self._made[type_] = _Later(self._made, type_)
            self._made[type_] = self._object(type_)
        return self._made[type_]

    def _object(self, type_: GraphQLInputObjectType) -> Coerce:
        fields = [
            (
                name,
                field.out_name or name,
                self.of(field.type),
                _REQUIRED if is_required_input_field(field) else coerce_default_value(field),
            )
            for name, field in type_.fields.items()
        ]
        names, one_of = type_.fields.keys(), type_.is_one_of

        def coerce(value: Any) -> Any:
            if value.__class__ is not dict or one_of or not names >= value.keys():
                raise NotPlain
            coerced = {}
            for name, out_name, coerce_field, absent in fields:
                if name in value:
                    coerced[out_name] = coerce_field(value[name])
                elif absent is _REQUIRED:
                    raise NotPlain
                elif absent is not Undefined:
                    coerced[out_name] = absent
            return type_.out_type(coerced)

        return coerce


class _Later:
    """The function of a type that has itself among its fields."""

    def __init__(self, made: dict[GraphQLInputType, Coerce], type_: GraphQLInputType) -> None:
        self._made, self._type = made, type_

    def __call__(self, value: Any) -> Any:
        return self._made[self._type](value)


def _items(coerce: Coerce) -> Coerce:
    def coerce_all(value: Any) -> Any:
        if value.__class__ is not list:
            raise NotPlain
        return [coerce(item) for item in value]

    return coerce_all


def _leaf(type_: Any) -> Coerce:
    if type_ in _STANDS_FOR_ITSELF:
        return _of_class(_STANDS_FOR_ITSELF[type_])
    if type_ is GraphQLInt:
        return _int
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_)
    return _scalar(type_)


def _of_class(wanted: type) -> Coerce:
    def coerce(value: Any) -> Any:
        if value.__class__ is not wanted:
            raise NotPlain
        return value

    return coerce


def _int(value: Any) -> Any:
    if value.__class__ is not int or not -_INT_MOST <= value < _INT_MOST:
        raise NotPlain
    return value


def _enum(type_: GraphQLEnumType) -> Coerce:
    members = {name: type_.coerce_input_value(name) for name in type_.values}

    def coerce(value: Any) -> Any:
        if value.__class__ is not str or value not in members:
            raise NotPlain
        return members[value]

    return coerce


def _scalar(type_: Any) -> Coerce:
    coerce_value = type_.coerce_input_value

    def coerce(value: Any) -> Any:
        coerced = Undefined if value is None else coerce_value(value)
        if coerced is Undefined:
            raise NotPlain
        return coerced

    return coerce
