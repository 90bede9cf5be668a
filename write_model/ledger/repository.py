"""Accounts, as their events make them."""

from typing import Final, get_args

from app.infra.event_log import EventCatalog
from app.infra.streams import Sourced
from write_model.ledger.aggregate import Account, evolve
from write_model.ledger.events import UPCASTERS, AccountEvent

ACCOUNT: Final = Sourced("account", Account, evolve, EventCatalog(get_args(AccountEvent), UPCASTERS))
"""How an account is folded. Whoever changes `Account` or `evolve` raises the revision."""
