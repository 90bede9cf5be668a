"""Orders in their normalized tables."""

from typing import assert_never
from uuid import UUID

import asyncpg

from app.infra.event_log import as_json
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

_LOCK = """
select order_id from write.orders where order_id = any($1::uuid[]) order by order_id for no key update {waiting}
"""
_LOAD = """
select order_id, customer_id, status, version,
       array(select (line, product_id, quantity, returned, unit_price) from write.order_items i
             where i.order_id = o.order_id order by line) as items
from write.orders o where order_id = any($1::uuid[])
"""
_PLACE = """
insert into write.orders (order_id, customer_id, reference, status, currency, payment_method, placed_at, version)
values ($1, $2, $3, $4, $5, $6, $7, 1)
"""
_ADDRESS = """
insert into write.order_addresses (order_id, kind, street, city, postal_code, country)
values ($1, 'SHIPPING', $2, $3, $4, $5), ($1, 'BILLING', $6, $7, $8, $9)
"""
_CHARGE = """
insert into write.order_charges (order_id, line, code, description, amount)
select $1, line, code, description, amount
from unnest($2::text[], $3::text[], $4::numeric[]) with ordinality as c (code, description, amount, line)
"""
_LIST = """
insert into write.order_items (order_id, line, product_id, quantity, unit_price)
select $1, * from json_to_recordset($2::json)
    as i (line int, product_id uuid, quantity bigint, unit_price numeric)
"""
_SET_STATUS = "update write.orders set status = $2, version = $3 where order_id = $1"
_TAKE_BACK = """
update write.order_items set returned = returned + back.quantity
from unnest($2::int[], $3::bigint[]) as back (line, quantity)
where order_id = $1 and order_items.line = back.line
"""
_CREDIT = """
insert into write.credit_notes (credit_note_id, reference, customer_id, country, currency, credited_at, version)
values ($1, $2, $3, $4, $5, $6, 1)
"""
_LIST_CREDITED = """
insert into write.credit_note_items (credit_note_id, line, product_id, description, quantity, unit_price)
select $1, line, product_id, description, quantity, unit_price
from unnest($2::uuid[], $3::text[], $4::bigint[], $5::numeric[])
    with ordinality as i (product_id, description, quantity, unit_price, line)
"""


class Orders:
    """Loads and saves orders within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def fresh(self, order_id: UUID) -> Order | None:
        """None, as for an id that was just made; if the tables knew better when it was written, the order."""
        return await self.load(order_id) if self._work.locking else None

    async def load(self, order_id: UUID) -> Order | None:
        """The order, at the version expected. A stranger's is not there."""
        await self._work.lock(_LOCK, [order_id])
        row = await self._work.row(_LOAD, order_id)
        if row and not self._work.actor.owns(row["customer_id"]):
            raise OrderNotFound(order_id)
        self._work.expect(order_id, row["version"] if row else 0)
        return _order(row) if row else None

    def save(self, order_id: UUID, order: Order | None, events: list[OrderEvent]) -> None:
        """Queues what the events say for the tables, and hands them to the log."""
        version = order.version if order else 0
        for event in events:
            order = evolve(order, event)
            self._write(order, event)
        self._work.record("order", order_id, version, events)

    def _write(self, order: Order, event: OrderEvent) -> None:
        match event:
            case OrderPlaced():
                _place(self._work, event)
            case OrderPaid() | OrderShipped() | OrderDelivered() | OrderCancelled():
                self._set_status(order)
            case ItemsReturned():
                self._set_status(order)
                back = {item.line: item.quantity for item in event.items}
                self._work.write(_TAKE_BACK, order.order_id, list(back), list(back.values()))
            case _:
                assert_never(event)

    def _set_status(self, order: Order) -> None:
        self._work.write(_SET_STATUS, order.order_id, order.status.value, order.version)


class CreditNotes:
    """Saves credit notes within one command's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def save(self, event: CreditNoteRecorded) -> None:
        """Queues the note for the tables, and hands its event to the log; a second of its id is refused."""
        self._work.write(
            _CREDIT,
            event.credit_note_id,
            event.reference,
            event.customer_id,
            event.country,
            event.currency,
            event.credited_at,
        )
        self._work.write(
            _LIST_CREDITED,
            event.credit_note_id,
            [item.product_id for item in event.items],
            [item.description for item in event.items],
            [item.quantity for item in event.items],
            [item.unit_price for item in event.items],
        )
        self._work.refuse_if_taken("credit_notes_pkey", CreditNoteAlreadyRecorded(event.credit_note_id))
        self._work.record("credit_note", event.credit_note_id, 0, [event])


def _place(work: Work, event: OrderPlaced) -> None:
    work.write(
        _PLACE,
        event.order_id,
        event.customer_id,
        event.reference,
        event.INITIAL_STATUS,
        event.currency,
        event.payment_method,
        event.placed_at,
    )
    work.write(_ADDRESS, event.order_id, *_columns(event.shipping_address), *_columns(event.billing_address))
    if event.charges:
        work.write(
            _CHARGE,
            event.order_id,
            [charge.code for charge in event.charges],
            [charge.description for charge in event.charges],
            [charge.amount for charge in event.charges],
        )
    work.write(_LIST, event.order_id, as_json(event.items))


def _columns(address: Address) -> tuple[str | None, str | None, str | None, str]:
    return address.street, address.city, address.postal_code, address.country


def _order(row: asyncpg.Record) -> Order:
    return Order(
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        status=Status(row["status"]),
        items=tuple(
            Item(line=line, product_id=product_id, quantity=quantity, returned=returned, unit_price=unit_price)
            for line, product_id, quantity, returned, unit_price in row["items"]
        ),
        version=row["version"],
    )
