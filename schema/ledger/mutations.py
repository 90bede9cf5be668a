"""Commands to accounts."""

from decimal import Decimal

import strawberry

from app.kernel.clock import new_id, now
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.reading import decode_id
from schema.values import MoneyInput
from write_model.ledger import commands


@strawberry.input
class OpenAccountInput(CommandInput):
    owner_id: strawberry.ID = strawberry.field(description="The customer whose it will be.")
    currency: str = strawberry.field(description="ISO 4217; all of an account's amounts are in one.")
    overdraft_limit: Decimal = strawberry.field(
        default=Decimal(0), description="How far below zero its balance may go; for operators to grant."
    )

    def command(self) -> commands.OpenAccount:
        owner_id = decode_id("customer", self.owner_id, "ownerId")
        return commands.OpenAccount(
            at=now(),
            account_id=new_id(),
            owner_id=owner_id,
            currency=self.currency,
            overdraft_limit=self.overdraft_limit,
        )


@strawberry.input
class DepositInput(ChangeInput):
    account_id: strawberry.ID
    amount: MoneyInput
    reference: str | None = None

    def command(self) -> commands.Deposit:
        account_id = decode_id("account", self.account_id, "accountId")
        return commands.Deposit(at=now(), account_id=account_id, amount=self.amount.value(), reference=self.reference)


@strawberry.input
class WithdrawInput(ChangeInput):
    account_id: strawberry.ID
    amount: MoneyInput
    reference: str | None = None

    def command(self) -> commands.Withdraw:
        account_id = decode_id("account", self.account_id, "accountId")
        return commands.Withdraw(at=now(), account_id=account_id, amount=self.amount.value(), reference=self.reference)


@strawberry.input
class TransferInput(ChangeInput):
    from_account_id: strawberry.ID = strawberry.field(description="What expectedVersion is asked of.")
    to_account_id: strawberry.ID
    amount: MoneyInput
    reference: str | None = strawberry.field(default=None, description="Shown to both owners.")

    def command(self) -> commands.Transfer:
        return commands.Transfer(
            at=now(),
            account_id=decode_id("account", self.from_account_id, "fromAccountId"),
            to_account_id=decode_id("account", self.to_account_id, "toAccountId"),
            amount=self.amount.value(),
            reference=self.reference,
        )


@strawberry.input
class FreezeAccountInput(ChangeInput):
    account_id: strawberry.ID
    reason: str

    def command(self) -> commands.FreezeAccount:
        account_id = decode_id("account", self.account_id, "accountId")
        return commands.FreezeAccount(at=now(), account_id=account_id, reason=self.reason)


@strawberry.input
class UnfreezeAccountInput(ChangeInput):
    account_id: strawberry.ID

    def command(self) -> commands.UnfreezeAccount:
        return commands.UnfreezeAccount(at=now(), account_id=decode_id("account", self.account_id, "accountId"))


@strawberry.input
class CloseAccountInput(ChangeInput):
    account_id: strawberry.ID

    def command(self) -> commands.CloseAccount:
        return commands.CloseAccount(at=now(), account_id=decode_id("account", self.account_id, "accountId"))


@strawberry.type
class LedgerMutation:
    @strawberry.mutation(description="Open an account: one's own, or for operators anybody's.")
    async def open_account(self, info: Info, input: OpenAccountInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Pay cash into an account of one's own.")
    async def deposit(self, info: Info, input: DepositInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Pay cash out of an account of one's own, as far as its overdraft allows.")
    async def withdraw(self, info: Info, input: WithdrawInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(
        description="Move an amount from an account of one's own to any other in its currency: on both, or on neither."
    )
    async def transfer(self, info: Info, input: TransferInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Let nothing move on an account until it is unfrozen. For operators.")
    async def freeze_account(self, info: Info, input: FreezeAccountInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Let a frozen account move again. For operators.")
    async def unfreeze_account(self, info: Info, input: UnfreezeAccountInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Close an account of one's own that holds nothing and owes nothing, for ever.")
    async def close_account(self, info: Info, input: CloseAccountInput) -> CommandResult:
        return await dispatch(info, input, input.command)
