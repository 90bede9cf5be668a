"""A flat table gives back every value that a row can have."""

import math
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from app.infra.embedded import Servers
from app.infra.tables import Stored
from app.infra.text_search import Words, searchable
from app.kernel.clock import new_id
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.values import Address
from app.kernel.view import Key, View, own_key
from tests.infra.tally import Workshop, progress, workshops
from tests.support.installation import installation
from write_model.customers.events import AddressChanged


class Colour(StrEnum):
    RED = "RED"


class Line(NamedTuple):
    product_id: UUID | None
    price: Decimal


class Everything(Struct, frozen=True, kw_only=True):
    """A column of every kind, and of every kind that may be absent."""

    key: str
    id: UUID
    number: int
    flag: bool
    amount: Decimal
    at: datetime
    day: date
    share: float
    words: Words
    colour: Colour
    address: Address
    lines: tuple[Line, ...]
    sums: Mapping[str, Decimal]
    never: float
    coldest: float
    maybe_text: str | None
    maybe_share: float | None
    maybe_number: int | None
    maybe_at: datetime | None
    maybe_address: Address | None


def _never(_: Everything | None, recorded: Recorded[Any], key: Key) -> Everything:
    raise AssertionError(recorded, key)


VIEW = View(name="everything", row=Everything, handles=(AddressChanged,), keys=own_key, evolve=_never)

HOME = Address(street='1 "High" \\ Street', city="Łódź\n", postal_code=None, country="Poland 🇵🇱")
FULL = Everything(
    key='a|"b"\\{}',
    id=new_id(),
    number=-(2**63),
    flag=True,
    amount=Decimal("1234567890.1200"),
    at=datetime(2026, 2, 28, 23, 59, 59, 999999, UTC),
    day=date(2024, 2, 29),
    share=0.1 + 0.2,
    words=searchable(["it's \\ a TEA-001 'pot'"]),
    colour=Colour.RED,
    address=HOME,
    lines=(Line(new_id(), Decimal("0.10")), Line(None, Decimal("1E+2"))),
    sums={"b": Decimal("1.50"), "a": Decimal(0)},
    never=math.inf,
    coldest=-math.inf,
    maybe_text="null",
    maybe_share=-math.inf,
    maybe_number=2**63 - 1,
    maybe_at=datetime(1, 1, 1, tzinfo=UTC),
    maybe_address=HOME,
)
BARE = Everything(
    key="",
    id=new_id(),
    number=0,
    flag=False,
    amount=Decimal("-0.00"),
    at=datetime(9999, 12, 31, tzinfo=UTC),
    day=date(1, 1, 1),
    share=-1e300,
    words=Words(""),
    colour=Colour.RED,
    address=HOME,
    lines=(),
    sums={},
    never=1.0,
    coldest=-0.5,
    maybe_text=None,
    maybe_share=None,
    maybe_number=None,
    maybe_at=None,
    maybe_address=None,
)


@pytest.fixture(scope="module")
async def floor(servers: Servers) -> AsyncIterator[Workshop]:
    async with installation(servers) as made, workshops(made, VIEW) as floors:
        yield floors[VIEW.name]


async def test_what_is_written_is_read_back(floor: Workshop) -> None:
    rows: dict[Key, Stored[Any]] = {FULL.key: Stored(FULL, 1, 8), BARE.key: Stored(BARE, 2, 9)}
    lease = await floor.hire("a")
    await floor.table.apply(floor.pool, progress(lease, 0, 9), rows)
    assert await floor.rows() == rows
    assert await floor.table.load(floor.pool, [FULL.key, "nobody"]) == {FULL.key: rows[FULL.key]}
    scale = await floor.pool.fetchval(f"select amount::text from {floor.table.table} where key = $1", FULL.key)
    assert scale == "1234567890.1200"


async def test_what_is_absent_is_null_in_sql_and_a_null_of_json_where_it_is_nested(floor: Workshop) -> None:
    await floor.clear()
    lease = await floor.hire("a")
    await floor.table.apply(floor.pool, progress(lease, 0, 9), {BARE.key: Stored(BARE, 1, 1)})
    query = f"select maybe_text, maybe_number, maybe_at, maybe_address::text as nested from {floor.table.table}"
    assert [tuple(row) for row in await floor.pool.fetch(query)] == [(None, None, None, "null")]
