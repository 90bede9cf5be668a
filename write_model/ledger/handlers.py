"""Load, decide, save: what the commands to accounts do."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from uuid import UUID

from app.infra.bus import Handlers
from app.infra.streams import Loaded, Saved, Streams
from app.infra.unit_of_work import Work
from write_model.ledger.aggregate import Account, Change, decide, open_account, transfer
from write_model.ledger.commands import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    OpenAccount,
    Transfer,
    UnfreezeAccount,
    Withdraw,
)
from write_model.ledger.errors import AccountNotFound, OverdraftNotYours, OwnerNotFound
from write_model.ledger.ports import Owners
from write_model.ledger.repository import ACCOUNT


class LedgerHandlers:
    """The handlers, with the customers, made for one command's work, and where the shop's days begin."""

    def __init__(self, owners: Callable[[Work], Owners], zone: tzinfo) -> None:
        self._owners, self._zone = owners, zone

    async def open_account(self, command: OpenAccount, work: Work) -> None:
        """Opens an account: one's own, or, for operators, anybody's."""
        if not work.actor.owns(command.owner_id) or await self._owners(work).find(command.owner_id) is None:
            raise OwnerNotFound(command.owner_id)
        if command.overdraft_limit and not work.actor.is_operator:
            raise OverdraftNotYours
        accounts = Streams(work, ACCOUNT)
        account = await accounts.fresh(command.account_id)
        accounts.save(command.account_id, account, open_account(account.state if account else None, command))

    async def change_account(self, command: Change, work: Work) -> None:
        """Carries out any command to one account."""
        accounts = Streams(work, ACCOUNT)
        account = _own(command.account_id, await accounts.load([command.account_id]), work)
        accounts.save(command.account_id, account, decide(account.state, command, zone=self._zone))

    async def transfer(self, command: Transfer, work: Work) -> None:
        """Moves an amount from an account of the asker's to anybody's."""
        accounts = Streams(work, ACCOUNT)
        found = await accounts.load([command.account_id, command.to_account_id])
        payer, payee = _own(command.account_id, found, work, "fromAccountId"), found.get(command.to_account_id)
        sent, received = transfer(payer.state, payee.state if payee else None, command, zone=self._zone)
        accounts.save_all(
            Saved(command.account_id, payer, [sent]),
            Saved(command.to_account_id, payee, [received]),
        )


def _own(
    account_id: UUID, found: Mapping[UUID, Loaded[Account]], work: Work, field: str = "accountId"
) -> Loaded[Account]:
    """The asker's account, at the version that they expect. Raises AccountNotFound to strangers, VersionConflict."""
    account = found.get(account_id)
    if account is None or not work.actor.owns(account.state.owner_id):
        raise AccountNotFound(account_id, field)
    work.expect(account_id, account.version)
    return account


def handlers(owners: Callable[[Work], Owners], zone: tzinfo) -> Handlers:
    """The handlers of the ledger, given what the customers provide."""
    made = LedgerHandlers(owners, zone)
    changes = (Deposit, Withdraw, FreezeAccount, UnfreezeAccount, CloseAccount)
    return {
        OpenAccount: made.open_account,
        Transfer: made.transfer,
        **dict.fromkeys(changes, made.change_account),
    }
