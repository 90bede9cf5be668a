"""An order as it was: at every moment of its life, before it and after, and never an older one than was asked for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app.kernel.clock import now
from tests.schema.asking import ask, code_of
from tests.schema.order_life import READ, Life, as_someone, history, lived, read, step
from tests.schema.past import books, person
from tests.support.installation import Installation

TICK = timedelta(microseconds=1)
"""Of the log's clock."""


@pytest.fixture(scope="module")
async def life(closed: Installation) -> Life:
    return await lived(closed)


async def recorded(http: httpx.AsyncClient, order: str, **said: Any) -> list[datetime]:
    """The moments of an order's history."""
    page = await history(http, order, **said)
    return [datetime.fromisoformat(edge["node"]["at"]) for edge in page["edges"]]


async def test_between_commands_it_is_as_it_was_read_then(http: httpx.AsyncClient, life: Life) -> None:
    assert [state["version"] for state in life.states] == [1, 2, 3, 4, 5, 6]
    seen = [await read(http, life.order, asOf=moment.isoformat(), token=life.token) for moment in life.moments]
    assert seen == [None, *life.states]


async def test_a_version_begins_when_the_log_recorded_it(http: httpx.AsyncClient, life: Life) -> None:
    moments = await recorded(http, life.order, token=life.token)
    assert [await read(http, life.order, asOf=at.isoformat()) for at in moments] == life.states
    before = [await read(http, life.order, asOf=(at - TICK).isoformat()) for at in moments]
    assert before == [None, *life.states[:-1]]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "2400-01-01T00:00:00+14:00"])
async def test_in_the_future_it_is_as_it_is(http: httpx.AsyncClient, life: Life, moment: str) -> None:
    assert await read(http, life.order, asOf=moment, token=life.token) == life.states[-1]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2009-12-31T23:59:59.999999999-14:00"]
)
async def test_before_there_was_a_shop_there_was_no_order(http: httpx.AsyncClient, life: Life, moment: str) -> None:
    assert await read(http, life.order, asOf=moment, token=life.token) is None


async def test_without_a_moment_it_is_as_it_is(http: httpx.AsyncClient, life: Life) -> None:
    assert await read(http, life.order, asOf=None) == life.states[-1]


async def test_what_never_was_is_null(http: httpx.AsyncClient, life: Life) -> None:
    nothing = "order_01k00000000000000000000000"
    assert await read(http, nothing, asOf=now().isoformat(), token=life.token) is None
    assert await history(http, nothing, token=life.token) is None


async def test_an_order_of_older_books_is_known_since_it_was_entered(http: httpx.AsyncClient) -> None:
    before = now()
    made = await books(http, {"tea": (None, None)})
    order = await made.order("1987-05-05T12:00:00Z", {"tea": 2})
    for moment, found in ((datetime(1999, 1, 1, tzinfo=UTC), None), (before, None), (now(), "1987-05-05T12:00:00Z")):
        seen = await read(http, order["aggregateId"], asOf=moment.isoformat(), token=order["token"])
        assert (seen and seen["placedAt"]) == found
    page = await history(http, order["aggregateId"])
    (entry,) = [edge["node"] for edge in page["edges"]]
    assert (entry["event"], entry["happenedAt"]) == ("PastOrderRecorded", "1987-05-05T12:00:00Z")
    assert datetime.fromisoformat(entry["at"]) > before


@pytest.mark.parametrize("as_of", ["now", "2400-01-01T00:00:00Z"])
async def test_a_version_or_a_token_that_is_not_reached_is_told(
    closed: Installation, database: asyncpg.Connection, as_of: str
) -> None:
    """Whatever the moment: until the view is there, nobody knows that nothing more was recorded by then."""
    async with as_someone(closed, "operator", "clerk") as clerk:
        made = await books(clerk, {"tea": (None, None)})
        placed = await made.order("2020-01-01T12:00:00Z", {"tea": 2})
        order, first = placed["aggregateId"], await read(clerk, placed["aggregateId"], token=placed["token"])
        then = await recorded(clerk, order, token=placed["token"])
        async with database.transaction():
            await database.execute("select from read.checkpoints where view = 'order_history' for update")
            back = await made.take_back(order, "2020-02-01T12:00:00Z", 1, 1)
            said = {"asOf": now().isoformat() if as_of == "now" else as_of, "ms": 50}
            told = {"__typename": "Processing", "expectedVersion": None, "currentVersion": 1, "parked": False}
            assert await read(clerk, order, token=back["token"], **said) == told
            assert await read(clerk, order, version=2, **said) == told | {"expectedVersion": 2}
            assert await read(clerk, order, version=2, token=back["token"], **said) == told | {"expectedVersion": 2}
            assert await read(clerk, order, token=back["token"], asOf=then[0].isoformat(), ms=50) == told
            assert await read(clerk, order, version=1, token=placed["token"], **said) == first
            assert await read(clerk, order, **said) == first, "without either it is as far as it is"
        second = await read(clerk, order, version=2, token=back["token"])
        assert second["items"][0]["returned"] == 1
        assert await read(clerk, order, version=2, token=back["token"], asOf=said["asOf"]) == second
        assert await read(clerk, order, version=2, token=back["token"], asOf=then[0].isoformat()) == first


async def test_whoever_waits_is_answered_when_it_is_there(closed: Installation, database: asyncpg.Connection) -> None:
    async with as_someone(closed, "operator", "clerk") as clerk:
        made = await books(clerk, {"tea": (None, None)})
        placed = await made.order("2020-01-01T12:00:00Z", {"tea": 2})
        order = placed["aggregateId"]
        await read(clerk, order, token=placed["token"], asOf=now().isoformat())
        async with database.transaction():
            await database.execute("select from read.checkpoints where view = 'order_history' for update")
            back = await made.take_back(order, "2020-02-01T12:00:00Z", 1, 1)
            asked = [
                asyncio.create_task(read(clerk, order, asOf="2400-01-01T00:00:00Z", **said))
                for said in ({"version": 2}, {"token": back["token"]})
            ]
            await asyncio.sleep(0.3)
            assert not any(each.done() for each in asked)
        assert [(await each)["version"] for each in asked] == [2, 2]


async def test_it_was_whose_it_is(closed: Installation, life: Life) -> None:
    versions = []
    for role, subject in (("customer", life.owner), ("operator", "pat"), ("admin", "pat")):
        async with as_someone(closed, role, subject) as http:
            versions.append((await read(http, life.order, asOf=life.moments[3].isoformat()))["version"])
    assert versions == [3, 3, 3]
    async with as_someone(closed, "operator", "clerk") as clerk:
        stranger = (await step_in(clerk)).owner
    async with as_someone(closed, "customer", stranger) as http:
        for moment in life.moments:
            assert await read(http, life.order, asOf=moment.isoformat()) is None
    async with httpx.AsyncClient(base_url=closed.url) as nobody:
        asked = f'{{ order(id: "{life.order}", asOf: "2400-01-01T00:00:00Z") {{ __typename }} }}'
        assert code_of(await ask(nobody, asked)) == "UNAUTHENTICATED"


async def step_in(http: httpx.AsyncClient) -> Life:
    """Somebody with an order of their own."""
    owner = await person(http, "Lee")
    goods = (await books(http, {"tea": (None, None)})).products
    other = Life(owner, "")
    await step(other, http, "placeOrder", {"customerId": owner, "items": [{"productId": goods["tea"], "quantity": 1}]})
    return other


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"id": "customer_01k00000000000000000000000"}, "MALFORMED_ID"),
        ({"version": 0}, "INVALID_VALUE"),
        ({"token": "?"}, "MALFORMED_TOKEN"),
        ({"ms": -1}, "INVALID_VALUE"),
        ({"asOf": "yesterday"}, "BAD_REQUEST"),
        ({"asOf": "2026-01-01T00:00:00"}, "BAD_REQUEST"),
        ({"asOf": "0001-01-01T00:00:00+14:00"}, "BAD_REQUEST"),
    ],
    ids=str,
)
async def test_bad_input_is_told(http: httpx.AsyncClient, life: Life, wrong: dict[str, Any], code: str) -> None:
    given = {"id": life.order, "asOf": now().isoformat()} | wrong
    assert code_of(await ask(http, READ, given)) == code
