"""`operations`: what operators have asked for, when, why, and what came of it."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.infra.keyset import DEFAULT_PAGE, PageArguments
from app.kernel import typeid
from read_model.operations import requests as view
from schema.command_result import ID_PREFIXES
from schema.context import Info
from schema.reading import Token, WaitMs, listed
from schema.scalars import BigInt


@strawberry.type(description="Something that was asked of a view or policy.")
class Operation:
    command_id: UUID
    kind: str = strawberry.field(description="The event that records it, such as ViewRebuildRequested.")
    consumer: str
    aggregate_id: strawberry.ID | None = strawberry.field(description="Whose parked events are to be tried again.")
    position: BigInt | None = strawberry.field(description="Where the event is that was discarded.")
    reason: str | None
    requested_by: str
    requested_at: datetime
    outcome: str | None = strawberry.field(description="In words; null as long as no worker has carried it out.")
    failed: bool
    carried_out_at: datetime | None

    @classmethod
    def of(cls, listed: view.Listed) -> "Operation":
        """The request as operators see it."""
        row, outcome = listed.request, listed.outcome
        return cls(
            command_id=row.request_id,
            kind=row.kind,
            consumer=row.consumer,
            aggregate_id=_id(row),
            position=BigInt(row.letter) if row.letter is not None else None,
            reason=row.reason,
            requested_by=row.requested_by,
            requested_at=row.requested_at,
            outcome=outcome.words if outcome else None,
            failed=outcome.failed if outcome else False,
            carried_out_at=outcome.at if outcome else None,
        )


def _id(row: view.Request) -> strawberry.ID | None:
    if row.sequence is None or row.sequence_type is None:
        return None
    return strawberry.ID(typeid.encode(ID_PREFIXES[row.sequence_type], row.sequence))


@strawberry.type
class OperationsQuery:
    @strawberry.field(
        description="What was asked of views and policies, the latest first; 20 of it unless told. For operators."
    )
    async def operations(
        self,
        info: Info,
        consumer: str | None = None,
        first: int = DEFAULT_PAGE,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> list[Operation]:
        info.context.asker().require_operator()
        most, reads = PageArguments(first=first).first or 0, info.context.reads
        found = await listed(info, [view.VIEW], token, wait_ms, lambda: view.latest(reads, consumer, most))
        return [Operation.of(each) for each in found.found]
