"""A shape: an operation's root fields with all that is selected beneath, for given values of its switches."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class Given:
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

    async def outcome(self, run: Run) -> Given | None:
        """What the resolver comes to; None where it cannot be asked, for want of arguments."""
        if self.luck.is_out():
            run.want_whole(self.key)
        try:
            value = self.call(None, run, self.path)
            return Given(await value if isawaitable(value) else value)
        except Unforeseen:
            return None
        except Exception as error:  # noqa: BLE001 - graphql-core makes of it what is to be told
            return Given(raised=error)

    async def shown(self, run: Run, outcomes: Outcomes) -> Any:
        """What is shown of the field by itself. Raises whatever goes wrong, and notes what the resolver came to."""
        shown = await self.completed(await self._asked(run, outcomes), run, outcomes)
        if run.pending:
            await run.settle()
        return shown

    def note(self, given: Given, run: Run, outcomes: Outcomes) -> None:
        """Notes what the resolver came to, for those who could use it: what has absent parts is the plan's alone."""
        if given.raised is not None or not run.is_partial(self.key):
            outcomes[self.key] = given

    async def completed(self, given: Given, run: Run, outcomes: Outcomes) -> Any:
        """What is shown, but for what is still to come. Absent parts that cannot be shown as before are fetched."""
        since = len(run.pending)
        shown, lacking = self._attempt(given, run), len(run.lacking)
        if not lacking:
            if run.is_partial(self.key):
                self.luck.note(0)
            return shown
        with suppress(Changed):
            for _ in range(_MOST_FETCHES):
                run.close(since)
                await run.fetch()
                shown = self._attempt(given, run)
                if not run.lacking:
                    self.luck.note(lacking)
                    return shown
        self.luck.fail()
        return await self._whole(run, since, outcomes)

    async def _whole(self, run: Run, since: int, outcomes: Outcomes) -> Any:
        """What is shown when the resolver is asked once more, and gives all parts with it."""
        run.close(since)
        run.lacking.clear()
        run.want_whole(self.key)
        shown = self.complete((await self._asked(run, outcomes)).get(), run, self.path)
        if run.lacking:
            raise run.lacking[0]
        return shown

    async def _asked(self, run: Run, outcomes: Outcomes) -> Given:
        given = await self.outcome(run)
        if given is None:
            raise Unforeseen
        self.note(given, run, outcomes)
        return given

    def _attempt(self, given: Given, run: Run) -> Any:
        try:
            return self.complete(given.get(), run, self.path)
        except Absent as absent:
            run.lack(absent)
            return None


@dataclass(frozen=True, slots=True)
class Shape:
    """Root fields in the order of the answer; those that are constant have their value."""

    fields: Sequence[RootField]
    constants: dict[str, Any]
    keys: Sequence[str]
    one_after_the_other: bool

    async def data(self, run: Run, outcomes: Outcomes) -> dict[str, Any]:
        """What the operation shows. Raises Failed, with what came of the root fields in `outcomes`."""
        try:
            if len(self.keys) == 1 and self.fields:
                return {self.keys[0]: await self.fields[0].shown(run, outcomes)}
            shown: dict[str, Any] = dict.fromkeys(self.keys) | self.constants
            await (self._serially if self.one_after_the_other else self._together)(run, outcomes, shown)
        except Exception:  # noqa: BLE001 - whatever it is, it is not for a plan to judge
            run.close()
            raise Failed from None
        return shown

    async def _together(self, run: Run, outcomes: Outcomes, shown: dict[str, Any]) -> None:
        found = list(zip(self.fields, await asyncio.gather(*(each.outcome(run) for each in self.fields)), strict=True))
        for each, given in found:
            if given is not None:
                each.note(given, run, outcomes)
        for each, given in found:
            if given is None:
                raise Unforeseen
            shown[each.key] = await each.completed(given, run, outcomes)
        await run.settle()

    async def _serially(self, run: Run, outcomes: Outcomes, shown: dict[str, Any]) -> None:
        for each in self.fields:
            shown[each.key] = await each.shown(run, outcomes)


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
    return Shape(fields, constants, list(grouped), serial)


def _is_typename(details: list[FieldDetails]) -> bool:
    return details[0].node.name.value == "__typename"


def _write(writer: Writer, details: list[FieldDetails]) -> tuple[str, str]:
    operation = writer.operation
    definition = operation.field(operation.root, details[0].node.name.value)
    resolve = resolver(writer.schema, operation, operation.root, definition, details)
    return writer.caller(resolve).text, writer.value(definition.type, details).text
