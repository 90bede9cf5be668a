"""What every mutation answers, and how it gets there."""

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

import strawberry

from app.kernel import typeid
from app.kernel.clock import new_id
from app.kernel.errors import Refusal, VersionConflict
from app.kernel.messages import Command, Envelope, Receipt
from schema.context import Info
from schema.rejection_codes import RejectionCode
from write_model.orders.errors import InsufficientStock

ID_PREFIXES: Final = {
    "order": "order",
    "product": "product",
    "product_view": "view",
    "customer": "customer",
    "credit_note": "creditnote",
    "account": "account",
    "profile": "profile",
    "post": "post",
    "like": "like",
    "comment": "comment",
    "consumer": "consumer",
    "device": "device",
    "rule": "rule",
}
"""The TypeID prefix of each aggregate type."""


@strawberry.type(description="The command was carried out: a receipt to hold later reads against.")
class CommandAccepted:
    command_id: UUID = strawberry.field(
        description="Sent again under this id, the command does nothing and answers this receipt."
    )
    aggregate_id: strawberry.ID = strawberry.field(description="What the command changed.")
    version: int = strawberry.field(description="Its version now: give it to a read as minVersion.")
    token: str = strawberry.field(
        description="How far the log reached: give it to any read as token, or as the header Consistency-Token."
    )


@strawberry.type(description="The command breaks a rule; nothing was written.")
class CommandRejected:
    code: str = strawberry.field(graphql_type=RejectionCode)
    message: str
    field: str | None = strawberry.field(description="The input at fault, if one is.")
    shortages: list["StockShortage"] = strawberry.field(
        description="For INSUFFICIENT_STOCK: every product that is short.", default_factory=list
    )


@strawberry.type(description="A product of which an order wants more than there is.")
class StockShortage:
    product_id: strawberry.ID
    sku: str
    wanted: int
    on_hand: int


@strawberry.type(name="VersionConflict", description="Someone else changed it first; nothing was written.")
class Conflict:
    aggregate_id: strawberry.ID
    expected_version: int
    actual_version: int


CommandResult = Annotated[
    CommandAccepted | CommandRejected | Conflict,
    strawberry.union("CommandResult", description="What became of a command."),
]


@strawberry.input(description="What every command takes.")
class CommandInput:
    command_id: UUID | None = strawberry.field(
        default=None, description="Choose one to make sending again harmless; the server chooses one otherwise."
    )


@strawberry.input(description="What every command to something that exists takes.")
class ChangeInput(CommandInput):
    expected_version: int | None = strawberry.field(
        default=None, description="Answer VersionConflict unless this is the version found."
    )


async def dispatch(
    info: Info, given: CommandInput, build: Callable[[], Command]
) -> CommandAccepted | CommandRejected | Conflict:
    """Builds the command, dispatches it, and shapes what comes of it. A refusal of either is data."""
    context = info.context
    try:
        actor = context.asker()
        command = build()
        envelope = Envelope(
            command_id=given.command_id or new_id(),
            actor=actor,
            correlation_id=context.correlation_id,
            expected_version=given.expected_version if isinstance(given, ChangeInput) else None,
        )
        return accepted(info, await context.bus.dispatch(command, envelope))
    except VersionConflict as conflict:
        return Conflict(
            aggregate_id=strawberry.ID(_id_of(command, conflict.aggregate_id)),
            expected_version=conflict.expected,
            actual_version=conflict.actual,
        )
    except Refusal as refusal:
        return _rejected(refusal)


def accepted(info: Info, receipt: Receipt) -> CommandAccepted:
    """The receipt as the client gets it; its token also goes into the response's header."""
    return CommandAccepted(
        command_id=receipt.command_id,
        aggregate_id=strawberry.ID(typeid.encode(ID_PREFIXES[receipt.aggregate_type], receipt.aggregate_id)),
        version=receipt.version,
        token=info.context.token(receipt.position),
    )


def _rejected(refusal: Refusal) -> CommandRejected:
    shortages = refusal.shortages if isinstance(refusal, InsufficientStock) else ()
    return CommandRejected(
        code=refusal.code,
        message=refusal.message,
        field=refusal.field,
        shortages=[
            StockShortage(
                product_id=strawberry.ID(typeid.encode("product", short.product_id)),
                sku=short.sku,
                wanted=short.wanted,
                on_hand=short.on_hand,
            )
            for short in shortages
        ],
    )


def _id_of(command: Command, aggregate_id: UUID) -> str:
    return typeid.encode(command.target.removesuffix("_id").replace("_", ""), aggregate_id)
