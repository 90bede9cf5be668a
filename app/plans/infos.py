"""The library's `info` for resolvers, whose costly part is made when somebody looks at it."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, OperationType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path, is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.schema import Schema
from strawberry.types.field import StrawberryField

from app.plans.operations import Operation
from app.plans.run import Run

InfoOf = Callable[[Run, Path], Any]


def info_of(
    schema: Schema,
    operation: Operation,
    parent: GraphQLObjectType,
    definition: GraphQLField,
    details: list[FieldDetails],
    field: StrawberryField,
) -> InfoOf:
    """What makes the info of a field: an instance of the schema's own class for it, as graphql-core would fill it."""
    nodes = [each.node for each in details]
    core, root, base = operation.schema, operation.node, schema.config.info_class
    is_query = root.operation is OperationType.QUERY
    name, returned, fragments = nodes[0].name.value, definition.type, operation.fragments

    class Info(base):  # type: ignore[valid-type, misc]
        def __init__(self, run: Run, path: Path) -> None:
            self.context, self._run, self._path = run.context, run, path

        context, _field = None, field

        def _partly(self) -> bool:
            return is_query and self._path.prev is None and self._run.may_lack(self._path.key)

        @cached_property
        def _raw_info(self) -> GraphQLResolveInfo[Any]:
            run = self._run
            return GraphQLResolveInfo(
                name,
                nodes,
                returned,
                parent,
                self._path,
                core,
                fragments,
                None,
                root,
                run.variables.values(),
                run.context,
                is_awaitable,
                None,
                _HELPERS,
            )

    return Info


def partly(info: Any) -> bool:
    """Whether a resolver may give what has absent parts (see `app.kernel.absent`), which are fetched if they are shown.

    That may be what a plan asks for at the root. If a plan cannot go through with it, the resolver is asked once more.
    """
    may: Callable[[], bool] | None = getattr(info, "_partly", None)
    return may is not None and may()


async def _gather(awaitables: Any) -> list[Any]:
    return [await each for each in awaitables]


def _track(_: Any) -> None:
    """Nothing outlives a run."""


_HELPERS = GraphQLResolveInfoHelpers(gather=_gather, track=_track)
