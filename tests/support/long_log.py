"""A long log in no time: orders that were dispatched, copied under other ids, many of them under way at a time."""

import asyncpg

COPIED = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), p.aggregate_type, made.id, p.version, p.type, p.schema_version,
       case when p.version = 1 then jsonb_set(p.data, '{order_id}', to_jsonb(made.id)) else p.data end,
       jsonb_set(p.metadata, '{command_id}', to_jsonb(gen_random_uuid()))
from (select n, gen_random_uuid() as id from generate_series(1, $1::integer) n) as made
join (select dense_rank() over (order by aggregate_id) - 1 as number, e.*
      from write.events e where aggregate_type = 'order') as p
  on p.number = made.n % (select count(distinct aggregate_id) from write.events where aggregate_type = 'order')
order by made.n + 50 * p.version, p.version
"""


async def copy_orders(database_url: str, orders: int) -> None:
    """Appends so many orders with all that became of them."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(COPIED, orders)
    finally:
        await connection.close()
