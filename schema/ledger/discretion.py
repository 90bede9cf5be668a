"""What is told of an account that is not the asker's: as much as of one that there is not."""

from dataclasses import replace
from uuid import UUID

from app.infra.wanted import Behind, Found, Wanted
from read_model.ledger.account_balance import VIEW
from schema.context import Info


async def discreet(info: Info, account_id: UUID, behind: Behind) -> Behind:
    """What a view says that stands behind, without how far it has come with a stranger's account."""
    asker = info.context.asker()
    if asker.is_operator or (behind.version is None and not behind.parked):
        return behind
    found = await info.context.reads.get(VIEW, account_id, Wanted())
    known = found.stored if isinstance(found, Found) else None
    if known is not None and asker.owns(known.row.owner_id):
        return behind
    return replace(behind, version=None, parked=False)
