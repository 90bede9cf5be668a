"""Refusals as GraphQL errors: typed by `extensions.code`, and never a stack trace."""

import asyncio
from collections.abc import Iterator

import structlog
from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import GraphQLError
from redis.exceptions import RedisError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, StreamExecutionResult

from app.infra.db import TRANSIENT
from app.kernel.clock import new_id
from app.kernel.errors import Refusal

_log = structlog.get_logger()

_UNAVAILABLE = (*TRANSIENT, RedisError, asyncio.TimeoutError)


class TypedErrors(SchemaExtension):
    """Gives every error a code, and keeps what the client cannot use to the log."""

    def on_operation(self) -> Iterator[None]:
        """Types the errors of the whole answer."""
        yield
        result = self.execution_context.result
        if isinstance(result, (ExecutionResult, GraphQLExecutionResult)):
            _type_errors(result)

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Types the errors of one answer of a subscription."""
        if isinstance(result, (ExecutionResult, GraphQLExecutionResult)):
            _type_errors(result)
        yield None


def _type_errors(result: ExecutionResult | GraphQLExecutionResult) -> None:
    if result.errors:
        result.errors = [typed(error) for error in result.errors]


def typed(error: GraphQLError) -> GraphQLError:
    """The error with its code; an unforeseen one is logged under an id, and told by that id alone."""
    if error.extensions and "code" in error.extensions:
        return error
    cause = error.original_error
    if isinstance(cause, Refusal):
        return _coded(error, cause.message, {"code": cause.code, "field": cause.field})
    if cause is None or (isinstance(cause, (GraphQLError, ValueError)) and error.path is None):
        return _coded(error, error.message, {"code": "BAD_REQUEST"})
    if isinstance(cause, _UNAVAILABLE):
        _log.warning("a store is out of reach", error=str(cause))
        message = "The shop is out of reach for a moment. Try again."
        return _coded(error, message, {"code": "UNAVAILABLE"})
    incident = str(new_id())
    _log.error("unforeseen error", incident=incident, exc_info=cause)
    message = "Something went wrong on our side; the log has more under this incident."
    return _coded(error, message, {"code": "INTERNAL", "incident": incident})


def _coded(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={name: value for name, value in extensions.items() if value is not None},
    )
