"""Rollups: rows that equal the sum of what every entity contributes now, whatever it contributed before."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.infra.folding import amended, changes, fold, touching
from app.infra.tables import Stored
from app.kernel.messages import Event, Recorded
from app.kernel.rollup import rollup
from app.kernel.structs import Struct, field, replace
from app.kernel.view import Entity, Key, View

A, B = UUID(int=1), UUID(int=2)


class Town(Struct, frozen=True, kw_only=True):
    """A sum of each kind, a label, and a field that follows from the sums."""

    town: str
    region: str
    letters: int = 0
    postage: Decimal = Decimal(0)
    kinds: Mapping[str, int] = field(default_factory=dict)
    average: Decimal | None = None


class PostSorted(Event, frozen=True, kw_only=True):
    """What an office has for each town from now on."""

    towns: tuple[Town, ...]


class OfficePainted(Event, frozen=True, kw_only=True):
    """Nothing that the rollup counts."""


class Office(Struct, frozen=True, kw_only=True):
    office_id: UUID
    towns: tuple[Town, ...]


def evolve(_: Office | None, recorded: Recorded[PostSorted]) -> Office:
    return Office(office_id=recorded.aggregate_id, towns=recorded.event.towns)


def with_average(town: Town) -> Town:
    return replace(town, average=town.postage / town.letters if town.letters else None)


OFFICE = Entity(name="offices", row=Office, handles=(PostSorted,), evolve=evolve)
SUMS = ("letters", "postage", "kinds")
POST: View[Town] = rollup(
    name="post", row=Town, sums=SUMS, of=OFFICE, contributions=lambda office: office.towns, finish=with_average
)


def town(name: str, letters: int = 0, postage: str = "0", **kinds: int) -> Town:
    return Town(town=name, region=f"around {name}", letters=letters, postage=Decimal(postage), kinds=kinds)


def sorted_post(position: int, office: UUID, *towns: Town) -> Recorded[Event]:
    return _recorded(position, office, PostSorted(towns=towns))


def _recorded(position: int, office: UUID, event: Event) -> Recorded[Event]:
    return Recorded(position, "office", office, position, event, {}, datetime(2026, 1, 1, tzinfo=UTC))


def rows(*events: Recorded[Event]) -> dict[Key, Town]:
    """The rows after each event in turn, every one in a batch of its own."""
    towns: dict[Key, Stored[Town]] = {}
    offices: dict[Key, Stored[Office]] = {}
    for event in events:
        made, changed = changes(OFFICE, [event], offices)
        offices |= changed
        towns |= fold(POST, 0, made, towns)
    return {key: stored.row for key, stored in towns.items()}


class TestSums:
    def test_numbers_amounts_and_mappings_are_added_up(self) -> None:
        found = rows(
            sorted_post(1, A, town("Leeds", 2, "1.50", first=2)),
            sorted_post(2, B, town("Leeds", 3, "0.25", first=1, second=2)),
        )
        assert found == {"Leeds": with_average(town("Leeds", 5, "1.75", first=3, second=2))}

    def test_a_change_takes_off_what_was_given_before(self) -> None:
        before = sorted_post(1, A, town("Leeds", 2, "1.50", first=2), town("Lyon", 1, "1.00", second=1))
        after = sorted_post(2, A, town("Leeds", 1, "0.75", first=1), town("Hull", 4, "2.00"))
        assert rows(before, after) == {
            "Leeds": with_average(town("Leeds", 1, "0.75", first=1)),
            "Lyon": town("Lyon"),
            "Hull": with_average(town("Hull", 4, "2.00")),
        }

    def test_what_one_entity_gives_to_a_row_twice_counts_twice(self) -> None:
        twice = sorted_post(1, A, town("Leeds", 2, "1.50", first=2), town("Leeds", 1, "0.50", second=1))
        assert rows(twice) == {"Leeds": with_average(town("Leeds", 3, "2.00", first=2, second=1))}
        assert rows(twice, sorted_post(2, A)) == {"Leeds": town("Leeds")}

    def test_entries_of_a_mapping_that_come_to_nothing_are_not_there(self) -> None:
        assert rows(sorted_post(1, A, town("Leeds", 1, first=0)))["Leeds"].kinds == {}
        gone = rows(sorted_post(1, A, town("Leeds", 1, first=1)), sorted_post(2, B, town("Leeds", 1, first=-1)))
        assert gone["Leeds"].kinds == {}

    def test_a_row_that_comes_to_nothing_stays_with_its_label(self) -> None:
        assert rows(sorted_post(1, A, town("Leeds", 1, "1")), sorted_post(2, A)) == {"Leeds": town("Leeds")}

    def test_what_is_finished_follows_every_change(self) -> None:
        one, other = sorted_post(1, A, town("Leeds", 2, "3")), sorted_post(2, B, town("Leeds", 2, "1"))
        assert rows(one)["Leeds"].average == Decimal("1.5")
        assert rows(one, other)["Leeds"].average == Decimal(1)
        assert rows(one, other, sorted_post(3, A), sorted_post(4, B))["Leeds"].average is None

    def test_what_comes_late_is_added_as_if_it_had_not_and_makes_another_row_of_it(self) -> None:
        late, others = sorted_post(1, A, town("Leeds", 2, "3", first=2)), sorted_post(2, B, town("Leeds", 1, "1"))
        made, _ = changes(OFFICE, [others], {})
        present = fold(POST, 0, made, {})
        missed, _ = changes(OFFICE, [late], {})
        found = amended(POST, touching(POST, 0, missed), present, position=9)
        assert POST.commutes
        assert found == {"Leeds": Stored(rows(late, others)["Leeds"], 0, 9)}

    def test_without_finish_a_row_is_its_sums(self) -> None:
        plain = rollup(name="post", row=Town, sums=SUMS, of=OFFICE, contributions=lambda office: office.towns)
        made, _ = changes(OFFICE, [sorted_post(1, A, town("Leeds", 2, "3"))], {})
        assert fold(plain, 0, made, {}) == {"Leeds": Stored(town("Leeds", 2, "3"), 0, 1)}


class TestWhatIsTouched:
    def touched(self, *events: Recorded[Event]) -> list[set[Key]]:
        made, _ = changes(OFFICE, events, {})
        return [set(POST.keys(change)) for change in made]

    def test_rows_whose_sums_stay_are_left_alone(self) -> None:
        leeds, lyon = town("Leeds", 2, "1.50", first=2), town("Lyon", 1)
        moved = (sorted_post(1, A, leeds, lyon), sorted_post(2, A, leeds, town("Hull", 1)), sorted_post(3, A, leeds))
        assert self.touched(*moved) == [{"Leeds", "Lyon"}, {"Lyon", "Hull"}, {"Hull"}]

    def test_a_share_of_nothing_makes_no_row(self) -> None:
        assert self.touched(sorted_post(1, A, town("Leeds"), town("Hull", 1, first=0))) == [{"Hull"}]
        assert self.touched(sorted_post(1, A, town("Leeds", first=0))) == [set()]

    def test_an_event_that_the_entity_does_not_handle_touches_nothing(self) -> None:
        assert self.touched(_recorded(1, A, OfficePainted())) == [set()]

    def test_an_event_that_was_folded_before_makes_no_change(self) -> None:
        event = sorted_post(1, A, town("Leeds", 2))
        _, offices = changes(OFFICE, [event], {})
        assert changes(OFFICE, [event], offices) == ([], {})

    def test_an_entity_that_forgets_is_found_out(self) -> None:
        _, offices = changes(OFFICE, [sorted_post(1, A, town("Leeds", 2))], {})
        forgetful = dataclasses.replace(OFFICE, evolve=lambda *_: None)
        with pytest.raises(AssertionError, match="offices forgets"):
            changes(forgetful, [sorted_post(2, A)], offices)


class TestTheDefinition:
    @pytest.mark.parametrize("name", ["town", "weight"])
    def test_the_key_and_what_the_row_does_not_have_cannot_be_summed(self, name: str) -> None:
        with pytest.raises(ValueError, match=rf"Town has no sums \['{name}'\]"):
            rollup(name="post", row=Town, sums=("letters", name), of=OFFICE, contributions=lambda each: each.towns)

    def test_a_rollup_handles_what_its_entity_does_and_has_one_shard(self) -> None:
        assert (POST.handles, POST.entity, POST.shards, POST.key) == (OFFICE.handles, OFFICE, 1, "town")

    def test_a_view_with_an_entity_cannot_be_cut(self) -> None:
        with pytest.raises(ValueError, match="post has an entity"):
            dataclasses.replace(POST, shards=2)


AMOUNTS = st.decimals(-100, 100, places=2)
SHARES = st.builds(
    lambda name, letters, postage, kinds: Town(
        town=name, region=f"around {name}", letters=letters, postage=postage, kinds=kinds
    ),
    st.sampled_from(("Leeds", "Lyon", "Hull")),
    st.integers(-3, 3),
    AMOUNTS,
    st.dictionaries(st.sampled_from(("first", "second")), st.integers(-2, 2)),
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from((A, B, UUID(int=3))), st.lists(SHARES, max_size=3).map(tuple)), max_size=12
)


@given(history=HISTORIES)
@settings(max_examples=100, deadline=None)
def test_the_rows_are_the_sum_of_what_every_entity_gives_in_the_end(
    history: list[tuple[UUID, tuple[Town, ...]]],
) -> None:
    found = rows(*_told(history))
    assert _counting(found) == _summed(dict(history))
    assert all(each.region == f"around {key}" for key, each in found.items())


@given(history=HISTORIES, order=st.permutations(range(12)))
@settings(max_examples=100, deadline=None)
def test_it_does_not_matter_how_the_changes_of_different_entities_interleave(
    history: list[tuple[UUID, tuple[Town, ...]]], order: list[int]
) -> None:
    lives: dict[UUID, list[tuple[Town, ...]]] = defaultdict(list)
    for office, towns in history:
        lives[office].append(towns)
    offices = [history[n][0] for n in order if n < len(history)]
    assert _counting(rows(*_told(history))) == _counting(
        rows(*_told([(office, lives[office].pop(0)) for office in offices]))
    )


def _told(history: list[tuple[UUID, tuple[Town, ...]]]) -> list[Recorded[Event]]:
    return [sorted_post(n, office, *towns) for n, (office, towns) in enumerate(history, 1)]


def _counting(found: dict[Key, Town]) -> dict[Key, Town]:
    """Without the rows that come to nothing."""
    return {key: each for key, each in found.items() if _counts(each)}


def _counts(each: Town) -> bool:
    return bool(each.letters or each.postage or each.kinds)


def _summed(final: Mapping[UUID, tuple[Town, ...]]) -> dict[Key, Town]:
    """By hand: every share of every entity's last word."""
    given_ = [share for towns in final.values() for share in towns]
    summed: dict[Key, Town] = {}
    for name in {share.town for share in given_}:
        mine = [share for share in given_ if share.town == name]
        kinds = {kind: sum(each.kinds.get(kind, 0) for each in mine) for kind in ("first", "second")}
        summed[name] = with_average(
            town(
                name,
                sum(each.letters for each in mine),
                str(sum(each.postage for each in mine)),
                **{kind: number for kind, number in kinds.items() if number},
            )
        )
    return _counting(summed)
