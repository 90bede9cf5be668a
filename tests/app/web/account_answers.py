"""What the example operations about accounts are answered on the seeded shop."""

from typing import Any


def answer(field: str, value: Any) -> dict[str, Any]:
    return {"data": {field: value}}


def accepted(field: str, aggregate: str, version: int, command: str = "…") -> dict[str, Any]:
    names = {"__typename": "CommandAccepted", "commandId": command, "aggregateId": aggregate}
    return answer(field, {**names, "version": version, "token": "…"})


def listed(account: str, balance: str) -> dict[str, Any]:
    return {"node": {"id": account, "status": "OPEN", "balance": {"amount": balance, "currency": "GBP"}}}


def entry(version: int, kind: str, amount: str, balance: str, other: str | None, reference: str) -> dict[str, Any]:
    moved = {"amount": {"amount": amount}, "balance": {"amount": balance}}
    return {
        "node": {"version": version, "kind": kind, "at": "…", **moved, "counterpartyId": other, "reference": reference}
    }


def line(kind: str, amount: str | None, balance: str) -> dict[str, Any]:
    moved = {"amount": amount} if amount else None
    return {"node": {"kind": kind, "amount": moved, "balance": {"amount": balance}}}


def audited(version: int, event: str, actor: str, amount: str) -> dict[str, Any]:
    who = {"actor": actor, "command": "Transfer", "amount": {"amount": amount}}
    return {"node": {"accountId": "account.everyday", "version": version, "event": event, "at": "…", **who}}


HERE = {"state": "…", "lagMs": "…"}

ACCOUNTS: dict[str, Any] = {
    "OpenAccount": accepted("openAccount", "account.new", 1),
    "Deposit": accepted("deposit", "account.house", 4),
    "Withdraw": accepted("withdraw", "account.savings", 3),
    "Transfer": accepted("transfer", "account.everyday", 7),
    "Account": answer(
        "account",
        {
            "__typename": "Account",
            "version": 7,
            "status": "OPEN",
            "balance": {"amount": "40.50", "currency": "GBP"},
            "available": {"amount": "140.50"},
        },
    ),
    "Accounts": answer(
        "accounts",
        {
            "edges": [listed("account.everyday", "40.50"), listed("account.savings", "500.00")],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
        },
    ),
    "AccountHistory": answer(
        "accountHistory",
        {
            "edges": [
                entry(7, "TRANSFER_SENT", "-75.00", "40.50", "account.house", "Train tickets"),
                entry(6, "TRANSFER_RECEIVED", "25.50", "115.50", "account.house", "Electricity, your half"),
                entry(5, "WITHDRAWAL", "-60.00", "90.00", None, "Market day"),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
        },
    ),
    "AccountBalance": answer(
        "accountBalance",
        {"__typename": "AccountBalance", "version": 0, "balance": {"amount": "0.00", "currency": "GBP"}},
    ),
    "AccountStatement": answer(
        "accountStatement",
        {
            "openingBalance": {"amount": "0.00", "currency": "GBP"},
            "closingBalance": {"amount": "500.00"},
            "entries": {
                "edges": [
                    line("OPENED", None, "0.00"),
                    line("TRANSFER_RECEIVED", "600.00", "600.00"),
                    line("WITHDRAWAL", "-100.00", "500.00"),
                ]
            },
        },
    ),
    "FreezeAccount": accepted("freezeAccount", "account.euros", 3),
    "UnfreezeAccount": accepted("unfreezeAccount", "account.euros", 4),
    "CloseAccount": answer(
        "closeAccount",
        {
            "__typename": "CommandRejected",
            "code": "BALANCE_NOT_ZERO",
            "message": "The account still has a balance of 500.00 GBP.",
            "field": "accountId",
        },
    ),
    "FollowAccount": answer("accountChanged", {"id": "account.house", "version": 5, "balance": {"amount": "579.50"}}),
    "LedgerDays": answer(
        "ledgerDays",
        {
            "edges": [
                {
                    "node": {
                        "day": "…",
                        "movements": 1,
                        "volume": {"amount": "300.00", "currency": "EUR"},
                        "net": {"amount": "300.00"},
                        "deposits": 1,
                        "withdrawals": 0,
                        "transfers": 0,
                    }
                }
            ],
            "freshness": HERE,
        },
    ),
    "CashAccounts": answer(
        "cashAccounts",
        [
            {"currency": "EUR", "balance": {"amount": "-300.00"}, "movements": 1},
            {"currency": "GBP", "balance": {"amount": "-1120.00"}, "movements": 4},
        ],
    ),
    "AuditTrail": answer(
        "auditTrail",
        {
            "edges": [
                audited(7, "TransferSent", "open", "-75.00"),
                audited(6, "TransferReceived", "seed", "25.50"),
            ],
            "freshness": HERE,
        },
    ),
}
