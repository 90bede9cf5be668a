"""Coerced input values made into the library's classes, by functions that know each type's fields beforehand."""

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from strawberry.relay import GlobalID
from strawberry.schema import Schema
from strawberry.schema.compat import is_scalar
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]


def converter(schema: Schema, argument: StrawberryArgument) -> Convert | None:
    """What makes an argument's value of a coerced one, as the library would; None where it stays as it is."""
    convert = _Converters(schema).of(argument.type)
    return None if convert is _as_it_is else convert


def _as_it_is(value: Any) -> Any:
    return value


class _Converters:
    """The converters of one schema's types. A type that is under way is looked up when it is needed."""

    def __init__(self, schema: Schema) -> None:
        self._schema, self._made = schema, dict[Any, Convert]()

    def of(self, type_: Any) -> Convert:
        """The converter of a type: ours for lists and plain input classes, the library's for all others."""
        if isinstance(type_, StrawberryMaybe):
            return self._as_the_library_does(type_)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type)
        if isinstance(type_, StrawberryList):
            return _each(self.of(type_.of_type))
        if self._is_leaf(type_):
            return _as_it_is
        if has_object_definition(type_) and type_.__strawberry_definition__.from_input is None:
            if type_ not in self._made:
                self._made[type_] = _Later(self._made, type_)
                self._made[type_] = self._object(type_)
            return self._made[type_]
        return self._as_the_library_does(type_)

    def _object(self, made: Any) -> Convert:
        definition = made.__strawberry_definition__
        names = self._schema.config.name_converter
        fields = [
            (names.from_field(each), each.python_name, self.of(each.resolve_type(type_definition=definition)))
            for each in definition.fields
        ]
        absent = {
            each.python_name: None
            for each in definition.fields
            if definition.is_input and each.default_value is MISSING and each.default_factory is MISSING
        }

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            given = absent.copy()
            for name, python_name, convert_field in fields:
                if name in value:
                    given[python_name] = convert_field(value[name])
            return made(**given)

        return convert

    def _is_leaf(self, type_: Any) -> bool:
        """Scalars and enums, which graphql-core has already made what they are; but not the library's global ids."""
        is_enum = isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_)
        registry = self._schema.schema_converter.scalar_registry
        return type_ is not GlobalID and (is_enum or is_scalar(type_, registry))

    def _as_the_library_does(self, type_: Any) -> Convert:
        registry, config = self._schema.schema_converter.scalar_registry, self._schema.config
        return lambda value: convert_argument(value, type_, registry, config)


def _each(convert: Convert) -> Convert:
    def convert_all(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        return list(value) if convert is _as_it_is else [convert(each) for each in value]

    return convert_all


class _Later:
    """The converter of a type that has itself among its fields."""

    def __init__(self, made: dict[Any, Convert], type_: Any) -> None:
        self._made, self._type = made, type_

    def __call__(self, value: Any) -> Any:
        return self._made[self._type](value)
