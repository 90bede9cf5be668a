"""Beginning to rebuild a view. Whoever works for its definition fills the generation, and switches to it."""

from typing import Any, Final

from app.infra.db import Pool
from app.infra.generations import BUILDING, create, fingerprint
from app.infra.switching import lock
from app.kernel.view import View

_JOIN: Final = """
update read.generations
set only_checked = only_checked and $3, comparison = null,
    state = case when only_checked and $3 then 'BUILDING' else state end
where view = $1 and fingerprint = $2 and state in ('BUILDING', 'READY')
returning generation
"""
"""What was made to be compared alone is compared anew, or switched to."""


async def begin(pool: Pool, view: View[Any], *, only_checked: bool = False) -> int:
    """Begins to build the view anew. Returns the generation that it will have, which may be under way already.

    If `only_checked`, it is compared with the live one and not switched to.
    """
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, view.name)
        under_way: int | None = await connection.fetchval(_JOIN, view.name, fingerprint(view), only_checked)
        if under_way is not None:
            return under_way
        return (await create(connection, view, BUILDING, only_checked=only_checked)).generation
