"""What a view keeps beneath one entity, such as its past, found by one statement.

What is found, how far the view has come and which version the entity has come out of one snapshot, so an answer is as
fresh as was asked for or none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from app.infra.freshness import ReadModels
from app.infra.looking import Look
from app.infra.tables import Stored
from app.infra.wanted import Behind, Found, Wanted
from app.kernel.view import View

Seen = TypeVar("Seen")

_LOOK = """
select c.position as checkpoint, c.parked, latest.version as latest, latest.position as moved, {selected}
from read.checkpoints c left join {entities} latest on latest.{key} = $1
     {joined}
where c.view = '{view}' and c.generation = {generation} and c.shard = 0 {order}
"""


@dataclass(frozen=True, slots=True)
class Beneath(Generic[Seen]):
    """What to find: `selected` of the entity, which is called `latest`, and of what is `joined` to it.

    The first of the parameters is the entity's id. `seen` is given the rows, at least one, where there is the entity.
    """

    selected: str
    joined: str
    parameters: Sequence[Any]
    seen: Callable[[Sequence[asyncpg.Record]], Seen]
    order: str = ""


async def find(reads: ReadModels, view: View[Any], wanted: Wanted, beneath: Beneath[Seen]) -> Found[Seen] | Behind:
    """What is seen beneath the entity, under the version that the view has of the entity now.

    `wanted` is asked of what the view holds now, also where what is found is of the past.
    """
    table = reads.table(view)
    assert table.entities is not None
    assert view.shards == 1
    statement = _LOOK.format(
        selected=beneath.selected,
        entities=table.entities.table,
        key=table.entities.key,
        joined=beneath.joined,
        view=view.name,
        generation=table.generation,
        order=beneath.order,
    )

    async def look() -> Look[Seen]:
        rows = await reads.fetch(statement, *beneath.parameters)
        if not rows:
            return None, None, False
        checkpoint, parked, latest, moved = (rows[0][name] for name in ("checkpoint", "parked", "latest", "moved"))
        return checkpoint, Stored(beneath.seen(rows), latest, moved) if latest is not None else None, bool(parked)

    return await reads.find(view, beneath.parameters[0], wanted, look)
