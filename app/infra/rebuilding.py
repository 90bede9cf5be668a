"""What operators do with the generations of views: build anew, go back, drop what is kept.

Each is a note of what is wanted, made in one transaction. Whoever works for the view's definition fills, switches and
drops (`workers/jobs`). As actions of requests they say in words what comes of it, or raise NotPossible.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.infra import pruning
from app.infra.db import Connection, Pool
from app.infra.generations import BUILDING, create, fingerprint
from app.infra.requests import Action, NotPossible
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

_LIVE: Final = "select fingerprint from read.generations where view = $1 and state = 'LIVE'"

_KEPT: Final = """
select generation, fingerprint from read.generations
where view = $1 and state = 'KEPT' order by superseded_at desc limit 1
"""

_UNDER_WAY: Final = """
select generation from read.generations where view = $1 and fingerprint = $2 and state in ('BUILDING', 'READY')
"""

_GO_BACK: Final = """
update read.generations set state = 'READY', only_checked = false where view = $1 and generation = $2
"""


async def begin(pool: Pool, view: View[Any], *, only_checked: bool = False) -> int:
    """Begins to build the view anew. Returns the generation that it will have, which may be under way already.

    If `only_checked`, it is compared with the live one and not switched to. Raises NotPossible.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await _begin(connection, view, only_checked=only_checked)


async def _begin(connection: Connection, view: View[Any], *, only_checked: bool) -> int:
    await lock(connection, view.name)
    under_way: int | None = await connection.fetchval(_JOIN, view.name, fingerprint(view), only_checked)
    if under_way is not None:
        return under_way
    live = await connection.fetchval(_LIVE, view.name)
    if live not in (None, fingerprint(view)):
        raise NotPossible(
            f"what is live of {view.name} has another definition than the code of the worker that was asked; "
            "ask again when the deployment is over"
        )
    return (await create(connection, view, BUILDING, only_checked=only_checked)).generation


async def roll_back(connection: Connection, view: View[Any]) -> int:
    """Wants the generation that was live before to be switched to. Returns its number. Raises NotPossible."""
    await lock(connection, view.name)
    if (building := await connection.fetchval(_UNDER_WAY, view.name, fingerprint(view))) is not None:
        raise NotPossible(f"generation {building} of {view.name} is under way; wait for it")
    row = await connection.fetchrow(_KEPT, view.name)
    if row is None:
        raise NotPossible(f"nothing is kept of {view.name} that it could be rolled back to")
    number: int = row["generation"]
    if row["fingerprint"] != fingerprint(view):
        raise NotPossible(
            f"generation {number} of {view.name} has another definition than this version of the code; "
            "deploy the version that made it instead: it is kept, and catches up"
        )
    await connection.execute(_GO_BACK, view.name, number)
    return number


def actions(views: Mapping[str, View[Any]]) -> Mapping[str, Action]:
    """How requests about these views are carried out, by the event that each is."""
    asked = _Asked(views)
    return {
        "ViewRebuildRequested": asked.rebuild,
        "ViewRollbackRequested": asked.roll_back,
        "ViewPruneRequested": asked.prune,
    }


class _Asked:
    def __init__(self, views: Mapping[str, View[Any]]) -> None:
        self._views = views

    async def rebuild(self, connection: Connection, request: Any) -> str:
        view, only = self._view(request), bool(request.only_checked)
        number = await _begin(connection, view, only_checked=only)
        return f"generation {number} is built{' to be compared' if only else ', and switched to then'}"

    async def roll_back(self, connection: Connection, request: Any) -> str:
        number = await roll_back(connection, self._view(request))
        return f"generation {number} is switched to"

    async def prune(self, connection: Connection, request: Any) -> str:
        chosen = await pruning.choose(connection, request.consumer)
        if chosen:
            return f"generations {', '.join(map(str, chosen))} are dropped"
        if await connection.fetchrow(_KEPT, request.consumer) is not None:
            raise NotPossible(f"what is kept was live until less than {pruning.STILL_READ_S:.0f} s ago; ask again then")
        return "nothing is kept"

    def _view(self, request: Any) -> View[Any]:
        view = self._views.get(request.consumer)
        if view is None:
            raise NotPossible(f"this version of the code knows no view {request.consumer}")
        return view
