"""`auditTrail`: who did what with which command. For operators."""

from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from app.infra.keyset import PageArguments
from app.kernel import typeid
from app.kernel.values import require_storable
from app.plans import shown
from read_model.ledger import audit_trail as view
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, decode_optional_id, listed
from schema.scalars import BigInt
from schema.values import Money


@strawberry.type(description="Something that was done to an account.")
class AuditEntry:
    row: strawberry.Private[view.AuditEntry]
    account_id: strawberry.ID = shown("row.account_id", by=partial(typeid.encode, "account"))

    version: int = shown("row.account_version", description="The account's version after it.")
    event: str = shown("row.event", description="The name of what happened, such as TransferSent.")
    at: datetime = shown("row.recorded_at", description="When the log recorded it.")
    actor: str = shown("row.actor", description="Who sent the command.")
    command: str = shown("row.command", description="The command's name, such as Transfer.")
    command_id: UUID = shown("row.command_id")
    correlation_id: UUID = shown("row.correlation_id", description="Of the request that all this belongs to.")
    causation_id: UUID | None = shown(
        "row.causation_id", description="Of what made the command; null where a client did."
    )

    @strawberry.field(description="Where it is in the log.")
    def position(self) -> BigInt:
        return BigInt(self.row.log_position)

    @strawberry.field(description="What was added to the account, below zero what was taken; null if nothing moved.")
    def amount(self) -> Money | None:
        amount, currency = self.row.amount, self.row.currency
        return Money(amount=amount, currency=currency) if amount is not None and currency else None


@strawberry.type
class AuditEdge:
    cursor: str
    node: AuditEntry


@strawberry.type(description="A page of what was done to accounts, the latest first.")
class AuditConnection(ListPage):
    edges: list[AuditEdge]


@strawberry.input(description="Every given condition must hold.")
class AuditFilter:
    account_id: strawberry.ID | None = None
    actor: str | None = strawberry.field(default=None, description="Who sent the command.")
    command_id: UUID | None = None

    def value(self) -> view.AuditFilter:
        """The filter as the view takes it. Raises a Refusal."""
        require_storable(self.actor or "", "actor")
        account_id = decode_optional_id("account", self.account_id, "accountId")
        return view.AuditFilter(account_id=account_id, actor=self.actor, command_id=self.command_id)


@strawberry.type
class AuditTrailQuery:
    @strawberry.field(description="Who did what to which account, with which command. For operators.")
    async def audit_trail(
        self,
        info: Info,
        filter: AuditFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> AuditConnection | None:
        info.context.asker().require_operator()
        wanted = (filter or AuditFilter()).value()
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        found = await listed(
            info, (view.VIEW,), token, wait_ms, partial(view.find, info.context.reads, wanted, arguments)
        )
        edges = [
            AuditEdge(cursor=view.NEWEST_FIRST.cursor(row.log_position, row.entry), node=AuditEntry(row=row))
            for row in found.found.nodes
        ]
        page_info = PageInfo.of(found.found, [edge.cursor for edge in edges])
        return AuditConnection(edges=edges, page_info=page_info, seen=found.freshness)
