"""Refusals as GraphQL errors: typed by `extensions.code`, and never a stack trace."""

import asyncio
from typing import Final, TypeVar

import structlog
from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import GraphQLError
from redis.exceptions import RedisError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult

from app.infra.db import TRANSIENT
from app.kernel.clock import new_id
from app.kernel.errors import Refusal

_log = structlog.get_logger()

_UNAVAILABLE = (*TRANSIENT, RedisError, asyncio.TimeoutError)
_CLIENTS_FAULT = (GraphQLError, ValueError, CannotGetOperationTypeError, InvalidOperationTypeError)
_LONGEST_MESSAGE: Final = 400

Result = TypeVar("Result")


def typed(result: Result) -> Result:
    """The answer with a code on every error."""
    if isinstance(result, (ExecutionResult, GraphQLExecutionResult)) and result.errors:
        result.errors = [_typed(error) for error in result.errors]
    return result


def _typed(error: GraphQLError) -> GraphQLError:
    """The error with its code; an unforeseen one is logged under an id, and told by that id alone."""
    if error.extensions and "code" in error.extensions:
        return error
    cause = error.original_error
    if isinstance(cause, Refusal):
        return _coded(error, cause.message, {"code": cause.code, "field": cause.field})
    if cause is None or (isinstance(cause, _CLIENTS_FAULT) and error.path is None):
        return _coded(error, brief(error.message), {"code": "BAD_REQUEST"})
    if isinstance(cause, _UNAVAILABLE):
        _log.warning("a store is out of reach", error=str(cause))
        message = "The shop is out of reach for a moment. Try again."
        return _coded(error, message, {"code": "UNAVAILABLE"})
    incident = str(new_id())
    _log.error("unforeseen error", incident=incident, exc_info=cause)
    message = "Something went wrong on our side; the log has more under this incident."
    return _coded(error, message, {"code": "INTERNAL", "incident": incident})


def brief(message: str) -> str:
    """A message that quotes the client, cut to a readable length and to what UTF-8 can say."""
    cut = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "…"
    return cut.encode("utf-8", "backslashreplace").decode()


def _coded(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={name: value for name, value in extensions.items() if value is not None},
    )
