"""Every registered view over the seeded shop's log: however the log is cut and redelivered, the rows are the same."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import bootstrap, registry
from app.infra.embedded import Servers
from app.infra.folding import fold, touched, touching
from app.infra.tables import Stored
from app.kernel.clock import now
from app.kernel.messages import Recorded
from app.kernel.structs import names
from app.kernel.view import Change, Key, View
from tests.support.installation import Installation, installation
from tests.support.projecting import project, projecting
from tests.support.replay import replayed, seen, whole_log
from tests.write_model.floor import envelope
from write_model.operations.commands import RetryDeadLetters

EVERY_VIEW = pytest.mark.parametrize("view", registry.VIEWS, ids=lambda view: view.name)
OFTEN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Rows = dict[Key, Stored[Any]]


@dataclass(frozen=True)
class Seeded:
    made: Installation
    log: list[Recorded[Any]]

    def of(self, view: View[Any]) -> list[Recorded[Any]]:
        return [event for event in self.log if type(event.event) in view.handles]


@pytest.fixture(scope="module")
async def seeded(servers: Servers) -> AsyncIterator[Seeded]:
    """The shop, with something asked of its views, projected; the processes are in the test."""
    async with installation(servers) as made:
        await made.seed()
        async with bootstrap.commands(made.settings) as side:
            for consumer in ("sales", "product"):
                await side.bus.dispatch(RetryDeadLetters(at=now(), consumer=consumer), envelope())
        await project(made)
        yield Seeded(made, await whole_log(made.database_url))


def delivered(view: View[Any], batches: list[list[Recorded[Any]]]) -> Rows:
    """The rows after the batches, each folded over what the ones before it left."""
    rows: Rows = {}
    entities: Rows = {}
    for batch in batches:
        subjects, changed = seen(view, batch, entities)
        entities |= changed
        for shard in range(view.shards):
            keys = touched(view, shard, subjects)
            rows |= fold(view, shard, subjects, {key: rows[key] for key in keys if key in rows})
    return rows


def cut(events: list[Recorded[Any]], places: list[int]) -> list[list[Recorded[Any]]]:
    edges = [0, *sorted(place % (len(events) + 1) for place in places), len(events)]
    return [events[one:other] for one, other in itertools.pairwise(edges)]


@EVERY_VIEW
async def test_table_and_documents_equal_the_fold(seeded: Seeded, view: View[Any]) -> None:
    expected = replayed(view, seeded.log)
    assert expected
    async with bootstrap.read_models(seeded.made.settings) as (reads, stores):
        table = reads.table(view)
        rows = await reads.pool.fetch(f"select {table.selected} from {table.table} present")
        assert {row[view.key]: table.stored(row) for row in rows} == expected
        if view.documents:
            for key, stored in expected.items():
                assert (await stores.documents[view.name].read(key))[1] == stored


@EVERY_VIEW
@OFTEN
@given(places=st.lists(st.integers(0, 1_000), max_size=8))
async def test_it_does_not_matter_where_the_log_is_cut(seeded: Seeded, view: View[Any], places: list[int]) -> None:
    assert delivered(view, cut(seeded.of(view), places)) == replayed(view, seeded.log)


@EVERY_VIEW
@OFTEN
@given(places=st.lists(st.integers(0, 1_000), max_size=6), again=st.lists(st.integers(0, 6), max_size=6))
async def test_delivering_again_changes_nothing(
    seeded: Seeded, view: View[Any], places: list[int], again: list[int]
) -> None:
    """A batch comes twice in a row, and any earlier one comes again later, late and out of order."""
    batches = cut(seeded.of(view), places)
    noisy = [each for batch in batches for each in (batch, batch)]
    late = [batches[number % len(batches)] for number in again]
    assert delivered(view, [*noisy, *late]) == replayed(view, seeded.log)


@EVERY_VIEW
async def test_shards_share_the_keys_and_leave_none_out(seeded: Seeded, view: View[Any]) -> None:
    subjects, _ = seen(view, seeded.of(view), {})
    parts = [touched(view, shard, subjects) for shard in range(view.shards)]
    assert all(parts), "a shard without a key proves nothing"
    assert sum(map(len, parts)) == len(set().union(*parts))


@pytest.mark.parametrize("view", [view for view in registry.VIEWS if view.appends], ids=lambda view: view.name)
@OFTEN
@given(places=st.lists(st.integers(0, 1_000), max_size=6))
async def test_in_a_view_that_appends_no_two_events_touch_one_row(
    seeded: Seeded, view: View[Any], places: list[int]
) -> None:
    """What the first made of it would be lost. What comes again touches nothing, or the row that it made."""
    entities: Rows = {}
    touches: list[tuple[Key, int]] = []
    for batch in [part for part in cut(seeded.of(view), places) for part in (part, part)]:
        subjects, changed = seen(view, batch, entities)
        entities |= changed
        touches += [
            (key, subject.recorded.position if isinstance(subject, Change) else subject.position)
            for shard in range(view.shards)
            for subject, key in touching(view, shard, subjects)
        ]
    rows = set(touches)
    assert len(dict(rows)) == len(rows) == len(seeded.of(view))
    assert view.entity is None or len(touches) == len(rows)


@EVERY_VIEW
async def test_a_restarted_projection_starts_where_it_stood(seeded: Seeded, view: View[Any]) -> None:
    async with projecting(seeded.made) as context:
        expected, table = replayed(view, seeded.log), context.tables[view.name]
        rows = await context.pool.fetch(f"select {table.selected} from {table.table} present")
        assert {row[view.key]: table.stored(row) for row in rows} == expected


@EVERY_VIEW
def test_a_row_begins_with_its_key(view: View[Any]) -> None:
    assert view.key == names(view.row)[0]
    assert view.handles
