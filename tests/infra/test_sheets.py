"""Pages whose rows are fetched when somebody looks: the same rows, or word that they have changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter

import asyncpg
import pytest

from app.infra.embedded import Servers
from app.infra.freshness import ReadModels
from app.infra.keyset import KeysetQuery, Ordering, Page, PageArguments
from app.infra.server_lives import ServerLives
from app.infra.sheets import Entry, Sheet
from app.infra.tables import Stored
from app.kernel.absent import Absent, Changed
from app.kernel.view import View
from tests.infra.stores import A, B
from tests.infra.tally import VIEW, Tally, Workshop, progress, reading, row, workshops
from tests.support.installation import installation

BY_ID = Ordering("id", "customer_id", "customer_id", str, descending=False)
BY_LENGTH = Ordering("length", "rank", "customer_id", int, descending=True)


@dataclass
class Desk:
    """A list of two rows, which a worker can move."""

    shop: Workshop
    reads: ReadModels
    lives: ServerLives

    async def page(self, *, whole: bool = False, ordering: Ordering = BY_ID) -> tuple[Sheet[Tally], Page[Entry[Tally]]]:
        view: View[Tally] = VIEW
        sheet = Sheet(self.reads, view, ordering, whole=whole)
        query = KeysetQuery(ordering, PageArguments(first=5))
        ranked = f"(select *, 7 as rank from {self.shop.table.table})"
        statement = f"select {sheet.selected} from {ranked} present {query.tail([], [])}"
        return sheet, await sheet.page(query, statement, ())

    async def stored(self) -> list[Stored[Tally]]:
        return [entry.stored for entry in (await self.page(whole=True))[1].nodes]


@asynccontextmanager
async def opened(shop: Workshop) -> AsyncIterator[Desk]:
    async with reading(shop, size=2) as (_, lives, reads):
        yield Desk(shop, reads, lives)


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with installation(servers) as made, workshops(made, VIEW) as shops, opened(shops[VIEW.name]) as desk:
        lease = await desk.shop.hire("a")
        await desk.shop.table.apply(desk.shop.pool, progress(lease, 0, 5), row(A, 3) | row(B, 4, 5))
        yield desk


async def test_what_is_fetched_is_what_a_whole_page_has(desk: Desk) -> None:
    sheet, page = await desk.page()
    for entry in page.nodes:
        for look in (attrgetter("stored"), attrgetter("cursor")):
            with pytest.raises(Absent) as absent:
                look(entry)
            assert (absent.value.source, absent.value.part) == (sheet, entry)
    await sheet.fetch(page.nodes)
    whole = (await desk.page(whole=True))[1]
    assert [entry.stored for entry in page.nodes] == await desk.stored()
    for each in ("told", "cursor"):
        assert [getattr(entry, each) for entry in page.nodes] == [getattr(entry, each) for entry in whole.nodes]


async def test_one_can_be_fetched_without_the_others(desk: Desk) -> None:
    sheet, page = await desk.page(ordering=BY_LENGTH)
    await sheet.fetch(page.nodes[1:])
    assert page.nodes[1].stored == (await desk.stored())[0]
    assert BY_LENGTH.parse(page.nodes[1].cursor, "after")[0] == 7
    with pytest.raises(Absent):
        _ = page.nodes[0].stored


async def test_a_row_that_has_moved_on_is_not_given_for_what_it_was(desk: Desk) -> None:
    sheet, page = await desk.page()
    lease = await desk.shop.hire("a")
    await desk.shop.table.apply(desk.shop.pool, progress(lease, 5, 9), row(A, 3, 9))
    of_a, of_b = sorted(page.nodes, key=lambda entry: entry.told[1] != A)
    with pytest.raises(Changed):
        await sheet.fetch([of_b, of_a])
    assert of_b.record is None
    await sheet.fetch([of_b])
    assert (await desk.page())[1].nodes != page.nodes


async def test_nor_is_one_that_is_gone(desk: Desk) -> None:
    sheet, page = await desk.page()
    await desk.shop.clear()
    with pytest.raises(Changed):
        await sheet.fetch(page.nodes[:1])


async def test_nor_what_another_life_holds_at_the_same_position(desk: Desk) -> None:
    sheet, page = await desk.page()
    desk.lives.count += 1
    with pytest.raises(Changed):
        await sheet.fetch(page.nodes)
    again = (await desk.page())[1]
    assert {entry.told for entry in page.nodes}.isdisjoint({entry.told for entry in again.nodes})


@pytest.mark.parametrize("whole", [True, False])
async def test_what_was_read_while_lives_changed_is_like_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    fetch = desk.reads.fetch

    async def crossing(statement: str, *values: object) -> list[asyncpg.Record]:
        rows = await fetch(statement, *values)
        desk.lives.count += 1
        return rows

    before = (await desk.page())[1]
    with monkeypatch.context() as patched:
        patched.setattr(desk.reads, "fetch", crossing)
        sheet, page = await desk.page(whole=whole)
    after = (await desk.page())[1]
    assert {entry.told for entry in page.nodes}.isdisjoint(entry.told for entry in (*before.nodes, *after.nodes))
    if not whole:
        with pytest.raises(Changed):
            await sheet.fetch(page.nodes)
