"""The small shop in memory is the shop: it decides as the real one does, and what it tries covers what there is."""

import copy
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings

from app import bootstrap, registry
from app.infra.embedded import Servers
from app.kernel.errors import Refusal
from app.kernel.messages import Envelope, Event, Principal, Role
from tests.read_model.world.commands import Sent, histories
from tests.read_model.world.delivery import Delivery, deliveries
from tests.read_model.world.facts import CURRENCY, ZONES, is_of_the_shop
from tests.read_model.world.records import Shop
from tests.read_model.world.shop import CARRIED_OUT, carry_out, opened
from tests.support.installation import Installation, installation
from tests.support.replay import whole_log

_WRITTEN = "select format('write.%I', tablename) from pg_tables where schemaname = 'write' and tablename <> 'log'"


@dataclass(frozen=True)
class RealShop:
    """The shop with its tables."""

    made: Installation
    side: bootstrap.Commands
    db: asyncpg.Connection

    async def empty(self) -> None:
        tables = [row[0] for row in await self.db.fetch(_WRITTEN)]
        await self.db.execute(f"truncate {', '.join(tables)} restart identity cascade")

    async def accepts(self, sent: Sent) -> bool:
        envelope = Envelope(
            command_id=sent.command_id,
            actor=Principal(sent.actor, frozenset({Role.OPERATOR})),
            correlation_id=sent.command_id,
        )
        try:
            await self.side.bus.dispatch(sent.command, envelope)
        except Refusal:
            return False
        return True


@pytest.fixture(scope="module")
async def real(servers: Servers) -> AsyncIterator[RealShop]:
    async with installation(servers) as made, bootstrap.commands(made.settings) as side:
        db = await asyncpg.connect(made.database_url)
        yield RealShop(made, side, db)
        await db.close()


@given(history=histories())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_it_decides_as_the_real_shop_does(real: RealShop, history: list[Sent]) -> None:
    await real.empty()
    shop = Shop(ZONES[0])
    for sent in history:
        assert bool(carry_out(shop, sent)) == await real.accepts(sent), sent.command
    _, happened = opened(history, ZONES[0])
    assert [
        (each.aggregate_type, each.aggregate_id, each.version, each.event)
        for each in await whole_log(real.made.database_url)
    ] == [(each.aggregate_type, each.aggregate_id, each.version, each.event) for each in happened]
    on_hand = await real.db.fetch("select product_id, on_hand from write.stock")
    assert {row["product_id"]: row["on_hand"] for row in on_hand} == {
        key: product.on_hand for key, product in shop.products.items()
    }


@given(history=histories())
@settings(max_examples=20, deadline=None)
def test_a_refusal_writes_nothing(history: list[Sent]) -> None:
    shop = Shop(ZONES[1])
    for sent in history:
        before = copy.deepcopy(shop)
        assert carry_out(shop, sent) or shop == before, sent.command


def of_the_shop(kinds: Iterable[type]) -> set[type]:
    """Without what is of other contexts, which change nothing in the shop."""
    return {kind for kind in kinds if is_of_the_shop(kind)}


def test_every_command_that_there_is_can_be_carried_out() -> None:
    assert of_the_shop(registry.handlers(CURRENCY, ZONES[0])) == CARRIED_OUT


def test_the_histories_try_everything_and_are_often_refused() -> None:
    events: Counter[type[Event]] = Counter()
    outcomes: Counter[bool] = Counter()

    @given(history=histories())
    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    def tried(history: list[Sent]) -> None:
        shop = Shop(ZONES[0])
        for sent in history:
            happened = carry_out(shop, sent)
            outcomes[bool(happened)] += 1
            events.update(type(each.event) for each in happened)

    tried()
    assert events.keys() == of_the_shop(registry.EVENT_TYPES)
    assert outcomes[True] > outcomes[False] > 100


@given(delivery=deliveries())
@settings(max_examples=50, deadline=None)
def test_a_log_keeps_the_order_of_each_aggregate_and_what_comes_of_what(delivery: Delivery) -> None:
    log = delivery.log
    assert [each.position for each in log] == list(range(1, len(log) + 1))
    versions: Counter[object] = Counter()
    for each in log:
        versions[each.aggregate_id] += 1
        assert each.version == versions[each.aggregate_id]
        items = getattr(each.event, "items", ())
        named = {getattr(one, "product_id", None) for one in items} | {getattr(each.event, "customer_id", None)}
        assert named - {None} <= versions.keys()


@given(delivery=deliveries())
@settings(max_examples=50, deadline=None)
def test_every_event_is_delivered_in_the_end_and_none_before_those_ahead_of_it(delivery: Delivery) -> None:
    reached = 0
    for part in delivery.parts:
        assert not part or part[0].position <= reached + 1
        reached = max([reached, *(each.position for each in part)])
    assert reached == len(delivery.log)
