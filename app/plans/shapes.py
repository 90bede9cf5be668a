"""A shape: an operation's root fields with all that is selected beneath, for given values of its switches."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import msgspec
from graphql import OperationType
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.schema import Schema

from app.plans.arguments import Unforeseen
from app.plans.completion import Writer
from app.plans.fragments import Fragments
from app.plans.operations import Inexpressible, Operation
from app.plans.resolvers import resolver
from app.plans.run import Run


class Given(msgspec.Struct, frozen=True):
    """What a root field's resolver came to: a value, or what it raised."""

    value: Any = None
    raised: Exception | None = None

    def get(self) -> Any:
        """The value. Raises what the resolver raised, or gave as its value."""
        failure = self.raised if self.raised is not None else self.value
        if isinstance(failure, Exception):
            raise failure
        return self.value


Outcomes = dict[str, Given]
"""By response key. A root field that is not there has not been asked."""


class Failed(Exception):
    """Something was not as it must be for a plan; the outcomes so far are in the run's hands."""


@dataclass(frozen=True, slots=True)
class RootField:
    """A field of the root: how it is resolved, and how its value is completed."""

    key: str
    path: Path
    call: Callable[[Any, Run, Path], Any]
    complete: Callable[[Any, Run, Path], Any]

    async def ask(self, run: Run, outcomes: Outcomes) -> None:
        """Notes what the resolver comes to; nothing where it cannot be asked, for want of arguments."""
        try:
            value = self.call(None, run, self.path)
            outcomes[self.key] = Given(await value if isawaitable(value) else value)
        except Unforeseen:
            return
        except Exception as error:  # noqa: BLE001 - graphql-core makes of it what is to be told
            outcomes[self.key] = Given(raised=error)


@dataclass(frozen=True, slots=True)
class Shape:
    """Root fields in steps, one step after the other and the fields of each at the same time.

    `keys` are all of the answer's, in its order; those that are constant have their value.
    """

    steps: Sequence[Sequence[RootField]]
    keys: dict[str, Any]

    async def data(self, run: Run, outcomes: Outcomes) -> dict[str, Any]:
        """What the operation shows. Raises Failed, with what came of the root fields in `outcomes`."""
        shown = self.keys.copy()
        try:
            for step in self.steps:
                if len(step) == 1:
                    await step[0].ask(run, outcomes)
                else:
                    await asyncio.gather(*(each.ask(run, outcomes) for each in step))
                for each in step:
                    shown[each.key] = each.complete(outcomes[each.key].get(), run, each.path)
                if run.pending:
                    await run.settle()
        except Exception:  # noqa: BLE001 - whatever it is, it is not for a plan to judge
            run.close()
            raise Failed from None
        return shown


def shape(schema: Schema, operation: Operation, variables: VariableValues, fragments: Fragments) -> Shape:
    """Writes the shape that the operation has with these variables. Raises Inexpressible, or a GraphQLError."""
    grouped = operation.root_fields(variables)
    writer = Writer(schema, operation, variables, fragments)
    constants: dict[str, Any] = {key: operation.root.name for key, details in grouped.items() if _is_typename(details)}
    asked = {key: details for key, details in grouped.items() if key not in constants}
    written = {key: _write(writer, details) for key, details in asked.items()}
    serial = operation.node.operation is OperationType.MUTATION
    if serial and len(asked) > 1 and writer.asks_beneath:
        raise Inexpressible("a resolver that a later mutation's failure would ask again, after that mutation")
    names = writer.compiled()
    fields = [
        RootField(key, Path(None, key, operation.root.name), names[call], names[complete])
        for key, (call, complete) in written.items()
    ]
    steps = [[each] for each in fields] if serial else [fields]
    return Shape(steps, dict.fromkeys(grouped) | constants)


def _is_typename(details: list[FieldDetails]) -> bool:
    return details[0].node.name.value == "__typename"


def _write(writer: Writer, details: list[FieldDetails]) -> tuple[str, str]:
    operation = writer.operation
    definition = operation.field(operation.root, details[0].node.name.value)
    resolve = resolver(writer.schema, operation, operation.root, definition, details)
    return writer.caller(resolve).text, writer.value(definition.type, details).text
