"""The views tell what the write model's tables hold: compared by SQL, not by the folds that made them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from tests.support.installation import installation
from tests.support.projecting import project
from tests.write_model.days import some_more_days
from tests.write_model.floor import Floor

PRODUCTS = (
    """select product_id, sku, name, description, array_to_json(categories)::text, vendor, price, currency, on_hand,
              discontinued, version
       from (select p.*, on_hand, array(select category from write.product_categories c
                                        where c.product_id = p.product_id order by ordinal) as categories
             from write.products p join write.stock using (product_id)) as p order by 1""",
    """select product_id, sku, name, description, array_to_json(array(
              select jsonb_array_elements_text(categories)))::text, vendor, price, currency, on_hand, discontinued,
              version
       from read.product__1 order by 1""",
)
SEARCHED = (
    """select product_id, sku, name, array_to_json(array(select category from write.product_categories c
              where c.product_id = p.product_id order by ordinal))::text, vendor, price, currency, on_hand,
              discontinued, version,
              (select coalesce(sum(quantity - returned), 0) from write.order_items join write.orders o using (order_id)
               where product_id = p.product_id and o.status <> 'CANCELLED')
              - (select coalesce(sum(quantity), 0) from write.credit_note_items where product_id = p.product_id)
       from write.products p join write.stock using (product_id) order by 1""",
    """select product_id, sku, name, array_to_json(array(select jsonb_array_elements_text(categories)))::text, vendor,
              price, currency, on_hand, discontinued, version, popularity
       from read.product_search__1 order by 1""",
)
CUSTOMERS = (
    """select customer_id, name, email, tier, version, city, country
       from write.customers join write.customer_addresses using (customer_id) order by 1""",
    """select customer_id, name, email, tier, version, address ->> 'city', address ->> 'country'
       from read.customer_profile__1 order by 1""",
)
_ORDERS = """
select order_id, customer_id, status, version, sum(quantity), sum(quantity * unit_price), sum(returned * unit_price),
       city
from write.orders join write.order_items using (order_id) join write.order_addresses using (order_id)
where kind = 'SHIPPING' group by order_id, city order by 1
"""
SUMMARIES = (
    _ORDERS,
    """select order_id, customer_id, status, version, item_count, total, refunded, city
       from read.order_summary__1 order by 1""",
)
DETAILS = (
    _ORDERS,
    """select order_id, customer_id, status, version, item_count, total, refunded, shipping_address ->> 'city'
       from read.order_details__1 order by 1""",
)
CONTENTS = (
    """select order_id, product_id from write.order_items group by 1, 2 order by 1, 2""",
    """select order_id, jsonb_array_elements_text(products)::uuid from read.order_contents__1 order by 1, 2""",
)
LINES = (
    "select order_id, line, product_id, quantity, returned, unit_price from write.order_items order by 1, 2",
    """select order_id, (i ->> 'line')::int, (i ->> 'product_id')::uuid, (i ->> 'quantity')::bigint,
              (i ->> 'returned')::bigint, (i ->> 'unit_price')::numeric
       from read.order_details__1, jsonb_array_elements(items) as i order by 1, 2""",
)
COMMANDS = (
    """select command_id, type, actor, aggregate_type, aggregate_id, version, position
       from write.commands order by 1""",
    """select command_id, type, actor, aggregate_type, aggregate_id, aggregate_version, log_position
       from read.accepted_commands__1 order by 1""",
)
HISTORIES = (
    """select aggregate_id, version, type, recorded_at, metadata ->> 'actor', metadata ->> 'command',
              metadata ->> 'command_id', metadata ->> 'correlation_id', metadata ->> 'causation_id'
       from write.events where aggregate_type = 'order' order by 1, 2""",
    """select order_id, order_version, event, recorded_at, actor, command, command_id::text, correlation_id::text,
              causation_id::text
       from read.order_history__1 order by 1, 2""",
)
LAST_SNAPSHOTS = (
    """select order_id, status, version, item_count::text, total, refunded from read.order_details__1 order by 1""",
    """select distinct on (order_id) order_id, snapshot ->> 'status', order_version, snapshot ->> 'item_count',
              (snapshot ->> 'total')::numeric, (snapshot ->> 'refunded')::numeric
       from read.order_history__1 order by 1, order_version desc""",
)


@pytest.fixture(scope="module")
async def busy(servers: Servers) -> AsyncIterator[Floor]:
    """The seeded shop after some more days, projected."""
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=2) as db:
        await made.seed()
        async with bootstrap.commands(made.settings) as side:
            floor = Floor(made, side, db)
            await some_more_days(floor)
        await project(made)
        yield floor


@pytest.mark.parametrize(
    ("written", "shown"),
    [PRODUCTS, SEARCHED, CUSTOMERS, SUMMARIES, CONTENTS, DETAILS, LINES, COMMANDS, HISTORIES, LAST_SNAPSHOTS],
    ids=[
        "products",
        "searched",
        "customers",
        "summaries",
        "contents",
        "details",
        "lines",
        "commands",
        "histories",
        "last snapshots",
    ],
)
async def test_a_view_shows_what_is_written(busy: Floor, written: str, shown: str) -> None:
    expected = [tuple(row) for row in await busy.db.fetch(written)]
    assert len(expected) >= 5
    assert [tuple(row) for row in await busy.db.fetch(shown)] == expected
