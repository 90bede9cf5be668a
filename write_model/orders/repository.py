"""Orders in their normalized tables."""

from collections.abc import Mapping
from typing import assert_never
from uuid import UUID

import asyncpg

from app.infra.db import Connection
from app.infra.unit_of_work import Work
from app.kernel.values import Address
from write_model.orders.aggregate import Item, Order, Status, evolve
from write_model.orders.errors import CreditNoteAlreadyRecorded, OrderNotFound
from write_model.orders.events import (
    CreditNoteRecorded,
    ItemsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)

_LOAD = "select order_id, customer_id, status, version from write.orders where order_id = $1 for no key update"
_ITEMS = """
select line, product_id, quantity, returned, unit_price from write.order_items where order_id = $1 order by line
"""
_PLACE = """
with placed as (
    insert into write.orders (order_id, customer_id, reference, status, currency, payment_method, placed_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, 1)
), addressed as (
    insert into write.order_addresses (order_id, kind, street, city, postal_code, country)
    select $1, * from unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
), charged as (
    insert into write.order_charges (order_id, line, code, description, amount)
    select $1, line, code, description, amount
    from unnest($13::text[], $14::text[], $15::numeric[]) with ordinality as c (code, description, amount, line)
)
insert into write.order_items (order_id, line, product_id, quantity, unit_price)
select $1, * from unnest($16::int[], $17::uuid[], $18::bigint[], $19::numeric[])
"""
_TAKE_BACK = """
update write.order_items set returned = returned + back.quantity
from unnest($2::int[], $3::bigint[]) as back (line, quantity)
where order_id = $1 and order_items.line = back.line
"""
_CREDIT = """
with note as (
    insert into write.credit_notes (credit_note_id, reference, customer_id, country, currency, credited_at, version)
    values ($1, $2, $3, $4, $5, $6, 1)
)
insert into write.credit_note_items (credit_note_id, line, product_id, description, quantity, unit_price)
select $1, line, product_id, description, quantity, unit_price
from unnest($7::uuid[], $8::text[], $9::bigint[], $10::numeric[])
    with ordinality as i (product_id, description, quantity, unit_price, line)
"""


class Orders:
    """Loads and saves orders within one command's transaction."""

    def __init__(self, work: Work) -> None:
        self._work, self._connection = work, work.connection

    async def load(self, order_id: UUID) -> Order | None:
        """The order, locked until the transaction ends, at the version expected. A stranger's is not there."""
        row = await self._connection.fetchrow(_LOAD, order_id)
        if row is not None and not self._work.actor.owns(row["customer_id"]):
            raise OrderNotFound(order_id)
        self._work.expect(order_id, row["version"] if row else 0)
        return _order(row, await self._connection.fetch(_ITEMS, order_id)) if row else None

    async def save(self, order_id: UUID, order: Order | None, events: list[OrderEvent]) -> None:
        """Writes what the events say to the tables, and hands them to the log."""
        version = order.version if order else 0
        for event in events:
            order = evolve(order, event)
            await self._write(order, event)
        self._work.record("order", order_id, version, events)

    async def _write(self, order: Order, event: OrderEvent) -> None:
        match event:
            case OrderPlaced():
                await _place(self._connection, event)
            case OrderPaid() | OrderShipped() | OrderDelivered() | OrderCancelled():
                await self._set_status(order)
            case ItemsReturned():
                back = {item.line: item.quantity for item in event.items}
                await self._connection.execute(_TAKE_BACK, order.order_id, list(back), list(back.values()))
                await self._set_status(order)
            case _:
                assert_never(event)

    async def _set_status(self, order: Order) -> None:
        await self._connection.execute(
            "update write.orders set status = $2, version = $3 where order_id = $1",
            order.order_id,
            order.status.value,
            order.version,
        )


class CreditNotes:
    """Saves credit notes within one command's transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def save(self, event: CreditNoteRecorded) -> None:
        """Writes the note to the tables, and hands its event to the log. Raises CreditNoteAlreadyRecorded."""
        try:
            await self._insert(event)
        except asyncpg.UniqueViolationError:
            raise CreditNoteAlreadyRecorded(event.credit_note_id) from None
        self._work.record("credit_note", event.credit_note_id, 0, [event])

    async def _insert(self, event: CreditNoteRecorded) -> None:
        await self._work.connection.execute(
            _CREDIT,
            event.credit_note_id,
            event.reference,
            event.customer_id,
            event.country,
            event.currency,
            event.credited_at,
            [item.product_id for item in event.items],
            [item.description for item in event.items],
            [item.quantity for item in event.items],
            [item.unit_price for item in event.items],
        )


async def _place(connection: Connection, event: OrderPlaced) -> None:
    await connection.execute(
        _PLACE,
        event.order_id,
        event.customer_id,
        event.reference,
        event.INITIAL_STATUS,
        event.currency,
        event.payment_method,
        event.placed_at,
        *_addresses({"SHIPPING": event.shipping_address, "BILLING": event.billing_address}),
        [charge.code for charge in event.charges],
        [charge.description for charge in event.charges],
        [charge.amount for charge in event.charges],
        [item.line for item in event.items],
        [item.product_id for item in event.items],
        [item.quantity for item in event.items],
        [item.unit_price for item in event.items],
    )


def _addresses(addresses: Mapping[str, Address]) -> tuple[list[str | None], ...]:
    values = list(addresses.values())
    return (
        list(addresses),
        [address.street for address in values],
        [address.city for address in values],
        [address.postal_code for address in values],
        [address.country for address in values],
    )


def _order(row: asyncpg.Record, items: list[asyncpg.Record]) -> Order:
    return Order(
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        status=Status(row["status"]),
        items=tuple(Item(**item) for item in items),
        version=row["version"],
    )
