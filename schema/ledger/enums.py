"""The ledger context's enums, with what GraphQL says about them."""

import strawberry

from read_model.ledger.account_balance import AccountStatus
from read_model.ledger.account_history import EntryKind

__all__ = ["AccountStatus", "EntryKind"]

strawberry.enum(
    AccountStatus,
    description="What can be done with an account: FROZEN until an operator unfreezes it, CLOSED for ever.",
)
strawberry.enum(EntryKind, name="AccountEntryKind", description="What happened on an account.")
