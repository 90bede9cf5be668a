"""Entities that events name, whatever aggregate they belong to: an address, and who moves there."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.infra.folding import changes
from app.infra.stretches import Logged, sequence_of
from app.infra.tables import Stored
from app.kernel.messages import Event, Recorded
from app.kernel.policy import Memory
from app.kernel.structs import Struct
from app.kernel.view import Entity, Key, View, own_key
from write_model.customers.events import CustomerUpgraded

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUSE, OTHER = UUID(int=1), UUID(int=2)


class MovedIn(Event, frozen=True, kw_only=True):
    """Somebody, who is the aggregate, has come to a house."""

    house_id: UUID


class House(Struct, frozen=True, kw_only=True):
    """Who lives there."""

    house_id: UUID
    people: tuple[UUID, ...]


def moved(house: House | None, recorded: Recorded[Any]) -> House:
    people = house.people if house else ()
    return House(house_id=recorded.event.house_id, people=(*people, recorded.aggregate_id))


HOUSES = Entity(name="houses", row=House, handles=(MovedIn,), evolve=moved, by="house_id")


def came(position: int, person: int, house: UUID) -> Recorded[Any]:
    return Recorded(position, "person", UUID(int=person), 1, MovedIn(house_id=house), {}, AT)


def test_events_of_many_aggregates_change_the_entity_that_they_name() -> None:
    present: dict[Key, Stored[House]] = {HOUSE: Stored(House(house_id=HOUSE, people=(UUID(int=7),)), 1, 3)}
    made, after = changes(HOUSES, [came(4, 8, HOUSE), came(5, 9, OTHER), came(6, 9, HOUSE)], present)
    assert {key: tuple(each.int for each in stored.row.people) for key, stored in after.items()} == {
        HOUSE: (7, 8, 9),
        OTHER: (9,),
    }
    assert [len(each.before.people) if each.before else 0 for each in made] == [1, 0, 2]
    assert [stored.position for stored in after.values()] == [6, 5]


def test_what_was_folded_before_makes_no_change() -> None:
    _, after = changes(HOUSES, [came(4, 8, HOUSE)], {})
    assert changes(HOUSES, [came(4, 8, HOUSE)], after) == ([], {})


def test_a_name_that_the_events_do_not_have_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"houses is named by house_id, .*CustomerUpgraded"):
        Entity(name="houses", row=House, handles=(MovedIn, CustomerUpgraded), evolve=moved, by="house_id")


def test_a_view_handles_what_its_named_entity_does() -> None:
    """What it handled besides would not come in the entity's order."""
    made: dict[str, Any] = {"name": "v", "row": House, "keys": own_key, "evolve": moved, "entity": HOUSES}
    assert View(**made, handles=(MovedIn,)).sequenced_by == "house_id"
    with pytest.raises(ValueError, match="other events than the entity"):
        View(**made, handles=(MovedIn, CustomerUpgraded))


def test_policies_remember_aggregates() -> None:
    with pytest.raises(ValueError, match="houses"):
        Memory(row=House, entity=HOUSES, keys=lambda _: (), evolve=lambda *_: House(house_id=HOUSE, people=()))


def test_a_row_of_the_log_tells_its_sequence_also_where_it_cannot_be_decoded() -> None:
    person = UUID(int=7)
    good: Any = {"data": f'{{"house_id": "{HOUSE}", "odd": []}}', "aggregate_id": person}
    bad: Any = {"data": "{}", "aggregate_id": person}
    assert sequence_of(good, "house_id") == HOUSE
    assert sequence_of(bad, "house_id") == person
    assert sequence_of(good, None) == person
    row: Any = good | {"position": 1, "type": "MovedIn", "recorded_at": AT, "metadata": "{}"}
    catalog: Any = None
    assert Logged(catalog, row).sequence("house_id") == HOUSE
    assert Logged(catalog, row).sequence(None) == person
