"""`deadLetters`: what views and policies could not apply, for operators."""

from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import msgspec
import strawberry
from strawberry.scalars import JSON

from app.infra.dead_letter_box import Cause, ParkedAggregate
from app.infra.hints import LOG, wait
from app.kernel import typeid
from schema.command_result import ID_PREFIXES
from schema.context import Info
from schema.scalars import BigInt

_LOOK_S = 1.0


@strawberry.type(description="An aggregate of which events are parked, by the first of them.")
class DeadLetter:
    aggregate_id: strawberry.ID
    aggregate_type: str
    generation: int
    shards: list[int] = strawberry.field(description="The shards of the view that could not apply it.")
    position: BigInt = strawberry.field(description="Where the event is in the log.")
    version: BigInt = strawberry.field(description="The aggregate's version with the event.")
    event_type: str
    schema_version: int
    data: JSON = strawberry.field(description="The event as the log holds it.")
    actor: str | None = strawberry.field(description="Who sent the command that the event came from.")
    command_type: str | None
    command_id: UUID | None
    correlation_id: UUID | None
    recorded_at: datetime
    parked_at: datetime
    attempts: int = strawberry.field(description="How often it was tried to apply it.")
    message: str | None = strawberry.field(description="What the exception says.")
    waiting: BigInt = strawberry.field(description="How many later events of the aggregate are parked behind it.")
    retrying: bool = strawberry.field(description="Whether it is about to be tried again.")

    @classmethod
    def of(cls, parked: ParkedAggregate) -> "DeadLetter":
        """The letter as operators see it."""
        metadata = msgspec.json.decode(parked.metadata)
        return cls(
            aggregate_id=strawberry.ID(typeid.encode(ID_PREFIXES[parked.aggregate_type], parked.sequence)),
            aggregate_type=parked.aggregate_type,
            generation=parked.generation,
            shards=list(parked.shards),
            position=BigInt(parked.position),
            version=BigInt(parked.version),
            event_type=parked.type,
            schema_version=parked.schema_version,
            data=msgspec.json.decode(parked.data),
            actor=metadata.get("actor"),
            command_type=metadata.get("command"),
            command_id=_uuid(metadata.get("command_id")),
            correlation_id=_uuid(metadata.get("correlation_id")),
            recorded_at=parked.recorded_at,
            parked_at=parked.parked_at,
            attempts=parked.attempts,
            message=parked.message,
            waiting=BigInt(parked.waiting),
            retrying=parked.retrying,
        )


@strawberry.type(description="What failed alike: in one view or policy, with one exception, at one place of the code.")
class DeadLetterGroup:
    consumer: str = strawberry.field(description="The view or policy.")
    exception: str | None = strawberry.field(description="Null of what is next to be tried again.")
    place: str | None = strawberry.field(description="The line of the code that it comes from.")
    aggregates: int
    events: BigInt = strawberry.field(description="All that is parked for this, what waits behind included.")
    letters: list[DeadLetter] = strawberry.field(description="The aggregates, the one that was parked first leading.")

    @classmethod
    def of(cls, cause: Cause) -> "DeadLetterGroup":
        """The group as operators see it."""
        return cls(
            consumer=cause.consumer,
            exception=cause.exception,
            place=cause.place,
            aggregates=len(cause.aggregates),
            events=BigInt(cause.events),
            letters=[DeadLetter.of(each) for each in cause.aggregates],
        )


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


async def _groups(info: Info, consumer: str | None) -> list[DeadLetterGroup]:
    info.context.asker().require_operator()
    return [DeadLetterGroup.of(each) for each in await info.context.dead_letters.causes(consumer)]


@strawberry.type
class DeadLettersQuery:
    @strawberry.field(
        description="What could not be applied, by view or policy, exception and place; 1,000 aggregates at most. "
        "For operators."
    )
    async def dead_letters(self, info: Info, consumer: str | None = None) -> list[DeadLetterGroup]:
        return await _groups(info, consumer)


@strawberry.type
class DeadLettersSubscription:
    @strawberry.subscription(description="The same now, and again whenever it has changed. For operators.")
    async def dead_letters(
        self, info: Info, consumer: str | None = None
    ) -> AsyncGenerator[list[DeadLetterGroup], None]:
        shown: list[DeadLetterGroup] | None = None
        with info.context.reads.hints.subscribed(LOG) as woken:
            while True:
                groups = await _groups(info, consumer)
                if groups != shown:
                    yield groups
                    shown = groups
                await wait(woken, _LOOK_S)
