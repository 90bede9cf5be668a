"""Events of older shapes: every step to today's is there at start, and a stored one is served in today's shape."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import asyncpg
import msgspec
import pytest

from app import bootstrap, registry
from app.infra.event_log import BrokenUpcasting, EventCatalog, UnknownEventType, UnknownSchemaVersion
from app.infra.wanted import Found, Wanted
from app.kernel.clock import id_at
from app.kernel.messages import Event
from app.kernel.values import Address
from read_model.orders import order_details, order_summary
from tests.support.installation import Installation
from tests.support.projecting import project

ORDER = id_at(1_700_000_000_000, 1)
CUSTOMER, TEA = id_at(1_700_000_000_000, 2), id_at(1_700_000_000_000, 3)
LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")

STORED_BY_VERSION_1 = """{
  "order_id": "%s", "customer_id": "%s", "customer_name": "Ada Byrne", "customer_email": "ada@example.com",
  "items": [{"line": 1, "product_id": "%s", "sku": "TEA-1", "name": "Teapot", "quantity": 2, "unit_price": "24.50"}],
  "currency": "GBP", "payment_method": "CARD", "placed_at": "2023-11-14T22:13:20Z",
  "address": {"street": "1 High Street", "city": "Leeds", "postal_code": "LS1", "country": "United Kingdom"}
}""" % (ORDER, CUSTOMER, TEA)  # noqa: UP031 - braces are JSON's here

METADATA = f'{{"command": "PlaceOrder", "command_id": "{ORDER}", "correlation_id": "{ORDER}", "actor": "ada"}}'

INSERT = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
values (gen_random_uuid(), 'order', $1, 1, 'OrderPlaced', 1, $2, $3)
"""


class Moved(Event, frozen=True, kw_only=True):
    SCHEMA_VERSION: ClassVar[int] = 3
    where: str
    floor: int


def name_the_place(data: dict[str, Any]) -> dict[str, Any]:
    return {"where": data["to"]}


def begin_at_the_ground(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"floor": 0}


STEPS: Mapping[tuple[str, int], Any] = {("Moved", 1): name_the_place, ("Moved", 2): begin_at_the_ground}


async def test_an_order_stored_by_version_1_is_projected_and_served_in_todays_shape(bare: Installation) -> None:
    connection = await asyncpg.connect(bare.database_url)
    await connection.execute(INSERT, ORDER, STORED_BY_VERSION_1, METADATA)
    await connection.close()
    await project(bare)
    async with bootstrap.read_models(bare.settings) as (reads, stores):
        details = await reads.get(order_details.VIEW, ORDER, Wanted(version=1))
        document = (await stores.documents["order_details"].read(ORDER))[1]
        summary = await reads.get(order_summary.VIEW, ORDER, Wanted(version=1))
    assert isinstance(details, Found)
    assert details.stored == document
    assert document is not None
    served = document.row
    assert (served.shipping_address, served.billing_address) == (LEEDS, LEEDS)
    assert (served.total, served.charges, served.reference) == (Decimal("49.00"), (), None)
    assert served.placed_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert isinstance(summary, Found)
    assert summary.stored is not None
    assert (summary.stored.row.city, summary.stored.row.total) == ("Leeds", Decimal("49.00"))


def test_every_step_is_taken_in_turn() -> None:
    catalog = EventCatalog([Moved], STEPS)
    served = Moved(where="Leeds", floor=0)
    assert catalog.decode("Moved", 1, '{"to": "Leeds"}') == served
    assert catalog.decode("Moved", 2, '{"where": "Leeds"}') == served
    assert catalog.decode("Moved", 3, '{"where": "Leeds", "floor": 4}') == Moved(where="Leeds", floor=4)


@pytest.mark.parametrize("missing", STEPS)
def test_a_missing_step_is_found_at_start(missing: tuple[str, int]) -> None:
    with pytest.raises(BrokenUpcasting, match=f"'Moved', {missing[1]}"):
        EventCatalog([Moved], {key: step for key, step in STEPS.items() if key != missing})


@pytest.mark.parametrize("stray", [("Moved", 3), ("Moved", 0), ("Gone", 1)])
def test_a_stray_step_is_found_at_start(stray: tuple[str, int]) -> None:
    with pytest.raises(BrokenUpcasting, match=f"'{stray[0]}', {stray[1]}"):
        EventCatalog([Moved], {**STEPS, stray: begin_at_the_ground})


def test_what_this_version_does_not_know_is_not_guessed_at() -> None:
    catalog = EventCatalog([Moved], STEPS)
    with pytest.raises(UnknownSchemaVersion, match="Moved 4, known up to 3"):
        catalog.decode("Moved", 4, '{"where": "Leeds", "floor": 0}')
    with pytest.raises(UnknownEventType):
        catalog.decode("Gone", 1, "{}")
    with pytest.raises(msgspec.ValidationError):
        catalog.decode("Moved", 3, '{"where": 7, "floor": 0}')


@pytest.mark.parametrize("declared", registry.EVENT_TYPES, ids=lambda each: each.__name__)
def test_every_declared_event_has_a_name_of_its_own(declared: type[Event]) -> None:
    assert registry.EVENTS.types[declared.__name__] is declared
    assert len(registry.EVENTS.types) == len(registry.EVENT_TYPES)
