"""`rebuildProgress`: how far the views are that are built anew."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from datetime import datetime

import strawberry

from app.infra import rebuild_progress
from app.infra.comparing import Comparison
from app.infra.hints import GENERATIONS, wait
from app.infra.rebuild_progress import Pace, Progress
from schema.context import Info
from schema.scalars import BigInt

_LOOK_S = 0.5


@strawberry.type(description="Something that two generations of a view do not hold alike.")
class GenerationDifference:
    store: str = strawberry.field(description="The table, or redis.")
    key: str
    columns: list[str] = strawberry.field(description="What differs; `missing` where one has no such document.")


@strawberry.type(description="How a generation compares with the one that was live when it had caught up.")
class GenerationComparison:
    rows: BigInt
    documents: BigInt
    different: BigInt
    undecided: BigInt = strawberry.field(description="What one of them was always ahead with.")
    differences: list[GenerationDifference] = strawberry.field(description="The first hundred.")

    @classmethod
    def of(cls, found: Comparison) -> "GenerationComparison":
        """The comparison as operators see it."""
        return cls(
            rows=BigInt(found.rows),
            documents=BigInt(found.documents),
            different=BigInt(found.different),
            undecided=BigInt(found.undecided),
            differences=[
                GenerationDifference(store=each.store, key=each.key, columns=each.columns) for each in found.differences
            ],
        )


@strawberry.type(description="A view's generation that is being built, or was only to be compared.")
class RebuildProgress:
    view: str
    generation: int
    state: str = strawberry.field(description="BUILDING, or READY to be switched to.")
    only_checked: bool = strawberry.field(description="It is compared with what is live, and not switched to.")
    done: BigInt = strawberry.field(description="Positions of the log that it has passed.")
    total: BigInt = strawberry.field(description="How many there are.")
    per_second: float = strawberry.field(description="Lately; in a query, since it was begun.")
    seconds_left: float | None = strawberry.field(description="At this pace; null where nobody knows.")
    begun_at: datetime
    attended: bool = strawberry.field(description="Whether a worker is at it now.")
    error: str | None
    comparison: GenerationComparison | None

    @classmethod
    def of(cls, progress: Progress, per_second: float) -> "RebuildProgress":
        """The progress as operators see it."""
        left_s = rebuild_progress.left_s(progress, per_second)
        return cls(
            view=progress.view,
            generation=progress.generation,
            state=progress.state,
            only_checked=progress.only_checked,
            done=BigInt(progress.done),
            total=BigInt(progress.target),
            per_second=round(per_second, 1),
            seconds_left=round(left_s, 1) if left_s is not None else None,
            begun_at=progress.created_at,
            attended=progress.attended,
            error=progress.error,
            comparison=GenerationComparison.of(progress.comparison) if progress.comparison else None,
        )


async def _found(info: Info, view: str | None) -> list[Progress]:
    info.context.asker().require_operator()
    return [each for each in await rebuild_progress.progress(info.context.reads.pool) if view in (None, each.view)]


@strawberry.type
class RebuildProgressQuery:
    @strawberry.field(description="How far the views are that are built anew, one after the other. For operators.")
    async def rebuild_progress(self, info: Info, view: str | None = None) -> list[RebuildProgress]:
        return [RebuildProgress.of(each, each.per_second) for each in await _found(info, view)]


@strawberry.type
class RebuildProgressSubscription:
    @strawberry.subscription(
        description="The same, twice a second while something is built, and once when nothing is any more. "
        "For operators."
    )
    async def rebuild_progress(
        self, info: Info, view: str | None = None
    ) -> AsyncGenerator[list[RebuildProgress], None]:
        paces: defaultdict[tuple[str, int], Pace] = defaultdict(Pace)
        shown: list[RebuildProgress] | None = None
        with info.context.reads.hints.subscribed(GENERATIONS) as woken:
            while True:
                found = await _found(info, view)
                now = [RebuildProgress.of(each, paces[each.view, each.generation].at(each.done)) for each in found]
                if now != shown:
                    yield now
                    shown = now
                await wait(woken, _LOOK_S)
