"""Lists as clients see them: the pages of connections, and how far the views behind them have come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import strawberry

from app.infra.checkpoints import Freshness
from app.infra.keyset import Page
from app.kernel.view import View
from app.plans import known_by
from schema.context import Info
from schema.scalars import BigInt


@strawberry.type(name="Freshness", description="How far the view behind a list has come.")
class ListFreshness:
    state: str = strawberry.field(description="FRESH (at the head), LAGGING, or STALLED (nobody projects it).")
    position: BigInt
    lag_ms: int = strawberry.field(description="Age of what is shown, in milliseconds; 0 when at the head.")
    parked: int = strawberry.field(
        description="Of how many aggregates something is missing, because it could not be projected."
    )

    @classmethod
    def of(cls, freshness: Freshness | None) -> "ListFreshness":
        """The freshness as clients see it; it is known wherever the operation selects it (`schema.reading.listed`)."""
        assert freshness is not None
        return cls(
            state=freshness.state,
            position=BigInt(freshness.position),
            lag_ms=round(freshness.lag_s * 1000),
            parked=freshness.parked,
        )


class Placed(Protocol):
    """A node of a page that knows its place."""

    @property
    def told(self) -> Any:
        """What tells it apart from all others, and from what it was or will be."""

    @property
    def cursor(self) -> str:
        """Its place, for clients."""


@known_by("told")
@strawberry.type(description="Where a page begins and ends, and what lies beyond.")
class PageInfo:
    told: strawberry.Private[tuple[object, ...]]
    has_next_page: bool
    has_previous_page: bool
    first: strawberry.Private[Placed | None]
    last: strawberry.Private[Placed | None]

    @strawberry.field
    def start_cursor(self) -> str | None:
        return self.first.cursor if self.first else None

    @strawberry.field
    def end_cursor(self) -> str | None:
        return self.last.cursor if self.last else None

    @classmethod
    def around(cls, page: Page[Any]) -> "PageInfo":
        """Of a page whose nodes know their cursors; a cursor is worked out when it is selected."""
        first, last = (page.nodes[0], page.nodes[-1]) if page.nodes else (None, None)
        told = (page.has_next, page.has_previous, first and first.told, last and last.told)
        return cls(told=told, has_next_page=page.has_next, has_previous_page=page.has_previous, first=first, last=last)

    @classmethod
    def of(cls, page: Page[Any], cursors: Sequence[str]) -> "PageInfo":
        """Of a page, and the cursors of its nodes in their order."""
        ends = [_Cursor(cursors[n], cursors[n]) for n in (0, -1)] if cursors else ()
        return cls.around(replace(page, nodes=ends))


@dataclass(frozen=True, slots=True)
class _Cursor:
    told: str
    cursor: str


@strawberry.type
class ListPage:
    """What all pages have beside their edges. `seen` was found with them, where the operation selects it."""

    page_info: PageInfo
    seen: strawberry.Private[Freshness | None]

    @strawberry.field(description="How far what is behind this list had come.")
    def freshness(self) -> ListFreshness:
        return ListFreshness.of(self.seen)


@strawberry.type
class PageAtCheckpoint:
    """The same of a list of one view, found where the view had come to a checkpoint; None for as it is now."""

    page_info: PageInfo
    view: strawberry.Private[View[Any]]
    checkpoint: strawberry.Private[int | None]

    @strawberry.field(description="How far what is behind this list had come. It costs a read of its own.")
    async def freshness(self, info: Info) -> ListFreshness:
        freshness = await info.context.reads.freshness(self.view)
        return ListFreshness.of(freshness if self.checkpoint is None else freshness.as_of(self.checkpoint))
