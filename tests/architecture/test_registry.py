"""Nothing that a context declares is missing from the registry or from the schema's roots."""

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from datetime import UTC
from types import ModuleType
from typing import Any, TypeVar

import read_model
import schema
import write_model
from app import registry
from app.kernel.errors import Refusal
from app.kernel.messages import Command, Event
from app.kernel.view import View
from schema import schema as roots
from schema.rejection_codes import RejectionCode

Declared = TypeVar("Declared")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Every module of the package."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def declared(kind: type[Declared]) -> set[type[Declared]]:
    """The classes of this kind that the write model's modules define."""
    return {
        each
        for module in modules(write_model)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, kind) and each.__module__ == module.__name__
    }


def faces(suffix: str) -> set[type]:
    """The classes of the schema's modules that are mixed into one of its roots."""
    return {
        each
        for module in modules(schema)
        for name, each in vars(module).items()
        if isinstance(each, type) and name.endswith(suffix) and each.__module__ == module.__name__
    }


def missing(wanted: Collection[Any], present: Collection[Any]) -> list[str]:
    return sorted(each.__name__ for each in set(wanted) - set(present))


def test_every_event_is_registered() -> None:
    assert missing(declared(Event), registry.EVENT_TYPES) == []
    assert missing(declared(Event), registry.EVENT_TYPES[1:]) == [registry.EVENT_TYPES[0].__name__]


def test_every_command_has_a_handler() -> None:
    handlers = registry.handlers("GBP", UTC)
    assert missing(declared(Command), handlers) == []
    forgotten = next(iter(declared(Command)))
    assert missing(declared(Command), handlers.keys() - {forgotten}) == [forgotten.__name__]


def test_every_view_is_registered_under_a_name_of_its_own() -> None:
    views = [each for module in modules(read_model) for each in vars(module).values() if isinstance(each, View)]
    names = [view.name for view in registry.VIEWS]
    assert {view.name for view in views} <= set(names)
    assert len(names) == len(set(names))


def test_every_event_is_seen_by_a_view() -> None:
    seen = {each for view in registry.VIEWS if view is not registry.ACCEPTED_COMMANDS for each in view.handles}
    assert missing(registry.EVENT_TYPES, seen) == []


def test_every_older_event_leads_to_today() -> None:
    steps = {(each.__name__, version) for each in registry.EVENT_TYPES for version in range(1, each.SCHEMA_VERSION)}
    assert set(registry.UPCASTERS) == steps


def test_every_face_is_mixed_into_its_root() -> None:
    assert missing(faces("Query"), (*roots.QUERIES, roots.NodeQuery)) == []
    assert missing(faces("Mutation"), roots.MUTATIONS) == []
    assert missing(faces("Subscription"), roots.SUBSCRIPTIONS) == []
    assert missing(faces("Query"), roots.QUERIES[1:]) != []


def test_every_refusal_has_a_code_in_the_schema() -> None:
    codes = {code.name for code in RejectionCode}
    assert {each.code for each in declared(Refusal)} <= codes
