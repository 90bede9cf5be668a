"""Transfers between accounts: among many, and all of them into one."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from app.bench.measurements import CLIENTS, Figure, write
from app.bench.rig import Rig, at_once
from app.kernel.clock import new_id, now
from app.kernel.values import Money
from write_model.ledger.commands import OpenAccount, Transfer

ACCOUNTS = 200
_PLENTY = Decimal(1_000_000_000)


async def transfers(rig: Rig, seconds: float) -> list[Figure]:
    """`Transfer` from 16 clients, as fast as they go, beneath GraphQL; nobody projects meanwhile."""
    accounts = await _opened(rig)
    collecting = accounts[0]

    async def among_all(number: int) -> None:
        await _transfer(rig, accounts[number % ACCOUNTS], accounts[(number * 7 + 1) % ACCOUNTS])

    async def into_one(number: int) -> None:
        await _transfer(rig, accounts[1 + number % (ACCOUNTS - 1)], collecting)

    return [
        *await write("Transfer", f"Transfer among {ACCOUNTS} accounts", seconds, among_all),
        *await write("Transfer into one account", "Transfer, all into one account", seconds, into_one),
    ]


async def _opened(rig: Rig) -> Sequence[UUID]:
    """Accounts that may all owe as much as they like."""
    accounts = [new_id() for _ in range(ACCOUNTS)]

    async def open_one(number: int) -> None:
        await rig.dispatch(
            OpenAccount(
                at=now(),
                account_id=accounts[number],
                owner_id=rig.buyers[number % len(rig.buyers)].customer_id,
                currency=rig.settings.shop_currency,
                overdraft_limit=_PLENTY,
            )
        )

    await at_once(CLIENTS, range(ACCOUNTS), open_one)
    return accounts


async def _transfer(rig: Rig, payer: UUID, payee: UUID) -> None:
    amount = Money(Decimal("0.01"), rig.settings.shop_currency)
    await rig.dispatch(Transfer(at=now(), account_id=payer, to_account_id=payee, amount=amount))
