"""Asks the library and a plan the same, holds one answer against the other, and counts."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import pytest
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, Visitor, parse, validate, visit

from app.plans import Plans
from app.plans.documents import excess
from schema.errors import typed
from schema.schema import Schema
from tests.plans.alone import errors_alone
from tests.plans.answers import NONE, Asked, Differs, by_library, by_plan, difference, ordered

LEFT_BY_LIBRARY: Final = pytest.mark.filterwarnings(
    r"ignore:coroutine '(Executor|GraphQLCoreConverter)\..*was never awaited:RuntimeWarning",
    r"ignore:Exception ignored in. <coroutine object (Executor|GraphQLCoreConverter)\.",
)
"""graphql-core makes what it then cancels for a failure beside it, and does not await it; where it is collected while a
named tuple is made, Python cannot even warn of it. What plans make has other names."""

ContextT = TypeVar("ContextT")

DOCUMENTS: Final = int(os.environ.get("COUNTERFOIL_PLAN_DOCUMENTS", "2000"))
"""How many different operations are asked at least in one run of the tests, those of both schemas together."""


@dataclass
class Tally:
    """What was asked so far: different operations, and those among them that are valid and without introspection."""

    asked: set[str] = field(default_factory=set, repr=False)
    planned: int = 0
    expressible: int = 0

    def __contains__(self, asked: Asked) -> bool:
        return str(asked) in self.asked

    def __str__(self) -> str:
        share = f"{self.planned / max(1, self.expressible):.1%}"
        return (
            f"{len(self.asked):,} operations, {self.expressible:,} of them valid; plans took {self.planned:,}, {share}"
        )


@dataclass
class Oracle(Generic[ContextT]):
    """Both ways to an answer. `left` says what an execution leaves behind in its context."""

    schema: Schema
    left: Callable[[ContextT], Any]
    volatile: frozenset[str] = NONE
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.plans = Plans(self.schema, typed)

    def forget(self) -> None:
        """Begins to count anew; plans stay."""
        self.tally = Tally()

    async def hold(self, asked: Asked, context: Callable[[], ContextT]) -> None:
        """Raises Differs where a plan, run twice at the same time, does not answer like the library.

        What was asked before is not asked again.
        """
        if asked in self.tally:
            return
        theirs, ours, others = context(), context(), context()
        expected = await by_library(self.schema, asked, theirs)
        answers = await asyncio.gather(by_plan(self.plans, asked, ours), by_plan(self.plans, asked, others))
        self._count(asked, planned=answers[0] is not None)
        for answer, mine in zip(answers, (ours, others), strict=True):
            if answer is None:
                continue
            why = difference(expected, answer, self.volatile)
            if why and not await self._cancelled(asked, context, expected, answer):
                raise Differs(asked, why, expected, answer)
            may_be_less = expected["data"] is None and not asked.is_serial
            if not may_be_less and self.left(theirs) != self.left(mine):
                raise Differs(asked, "what is left behind", self.left(theirs), self.left(mine))

    async def _cancelled(self, asked: Asked, context: Callable[[], ContextT], expected: Any, actual: Any) -> bool:
        """Whether both answers have lost all data to errors that the library finds in these root fields alone."""
        if asked.is_serial or not all(
            each and each["data"] is None and each.get("errors") for each in (expected, actual)
        ):
            return False
        theirs, ours = expected["errors"], actual["errors"]
        if not all(each.get("path") for each in (*theirs, *ours)):
            return False
        roots = {each["path"][0] for each in (*theirs, *ours)}
        alone = [await errors_alone(self.schema, asked, context(), root) for root in sorted(roots)]
        possible = set(ordered([error for errors in alone for error in errors]))
        return possible.issuperset(ordered(theirs)) and possible.issuperset(ordered(ours))

    def _count(self, asked: Asked, *, planned: bool) -> None:
        self.tally.asked.add(str(asked))
        self.tally.planned += planned
        self.tally.expressible += planned or is_expressible(self.schema, asked)


def is_expressible(schema: Schema, asked: Asked) -> bool:
    """Whether the operation is valid, known, no subscription and without introspection."""
    try:
        document = parse(asked.query)
    except GraphQLError:
        return False
    if excess(document) or validate(schema._schema, document) or _introspects(document):
        return False
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    names = [each.name.value if each.name else None for each in operations]
    meant = [each for each, name in zip(operations, names, strict=True) if asked.operation in (name, None)]
    return len(meant) == 1 and meant[0].operation is not OperationType.SUBSCRIPTION


class _Introspection(Visitor):
    found = False

    def enter_field(self, node: Any, *_: Any) -> None:
        self.found |= node.name.value in ("__schema", "__type")


def _introspects(document: DocumentNode) -> bool:
    looking = _Introspection()
    visit(document, looking)
    return looking.found
