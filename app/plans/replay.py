"""Letting graphql-core write an answer from what the root fields have already given."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLResolveInfo, MiddlewareManager, execute

from app.plans.operations import Operation
from app.plans.shapes import Outcomes


async def replay(
    operation: Operation, name: str | None, variables: Mapping[str, Any] | None, context: Any, outcomes: Outcomes
) -> ExecutionResult:
    """What graphql-core makes of the operation, where root fields that were resolved are not resolved again."""
    result = execute(
        operation.schema,
        operation.document,
        context_value=context,
        variable_values=dict(variables or {}),
        operation_name=name,
        middleware=MiddlewareManager(_Replay(outcomes)),
    )
    return result if isinstance(result, ExecutionResult) else await result


class _Replay:
    """Middleware in front of all resolvers, which answers for those of root fields."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def resolve(self, following: Any, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """What the root field came to, or what the resolver gives."""
        given = self._outcomes.get(str(info.path.key)) if info.path.prev is None else None
        if given is None:
            return following(source, info, **arguments)
        if given.raised is not None:
            raise given.raised
        return given.value
