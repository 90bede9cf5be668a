"""A shape: an operation's root fields with all that is selected beneath, for given values of its switches."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final

import msgspec
from graphql import OperationType
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.schema import Schema

from app.kernel.absent import Absent, Changed
from app.plans.arguments import Unforeseen
from app.plans.completion import Writer
from app.plans.fragments import Fragments
from app.plans.luck import Luck
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


_MOST_FETCHES: Final = 3
"""What is fetched may hold further parts that are absent."""

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
    luck: Luck = field(default_factory=Luck)

    async def ask(self, run: Run, outcomes: Outcomes) -> None:
        """Notes what the resolver comes to; nothing where it cannot be asked, for want of arguments."""
        if self.luck.is_out():
            run.want_whole(self.key)
        try:
            value = self.call(None, run, self.path)
            outcomes[self.key] = Given(await value if isawaitable(value) else value)
        except Unforeseen:
            return
        except Exception as error:  # noqa: BLE001 - graphql-core makes of it what is to be told
            outcomes[self.key] = Given(raised=error)

    def show(self, run: Run, outcomes: Outcomes) -> Any:
        """What is shown, but for what is still to come. What it lacks is noted in the run."""
        try:
            return self.complete(outcomes[self.key].get(), run, self.path)
        except Absent as absent:
            run.lack(absent)
            return None

    async def fill(self, run: Run, outcomes: Outcomes, since: int) -> Any:
        """What is shown once all that it lacks is there; `since` is how much was to come before it."""
        lacking = len(run.lacking)
        with suppress(Changed):
            for _ in range(_MOST_FETCHES):
                run.close(since)
                await run.fetch()
                shown = self.show(run, outcomes)
                if not run.lacking:
                    self.luck.note(lacking)
                    return shown
        self.luck.fail()
        return await self._whole(run, outcomes, since)

    async def _whole(self, run: Run, outcomes: Outcomes, since: int) -> Any:
        """What is shown when the resolver is asked once more, and gives all parts with it."""
        run.close(since)
        run.lacking.clear()
        run.want_whole(self.key)
        del outcomes[self.key]
        await self.ask(run, outcomes)
        shown = self.show(run, outcomes)
        if run.lacking:
            raise run.lacking[0]
        return shown


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
                    since = len(run.pending)
                    shown[each.key] = each.show(run, outcomes)
                    if run.lacking:
                        shown[each.key] = await each.fill(run, outcomes, since)
                    elif each.key in run.partial:
                        each.luck.note(0)
                if run.pending:
                    await run.settle()
        except Exception:  # noqa: BLE001 - whatever it is, it is not for a plan to judge
            run.close()
            _leave_out(run.partial, outcomes)
            raise Failed from None
        return shown


def _leave_out(partial: set[str | int], outcomes: Outcomes) -> None:
    """What may have absent parts is the plan's alone: others have to ask for it anew. What was raised stays."""
    for key in partial & outcomes.keys():
        if outcomes[str(key)].raised is None:
            del outcomes[str(key)]


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
