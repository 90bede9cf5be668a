"""The write model in memory: decides by the real rules, and writes down by hand what was asked, not what events say."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from app.kernel.errors import Refusal
from app.kernel.messages import Command, Event
from tests.read_model.world import catalog, customers, devices, ledger, orders
from tests.read_model.world.commands import Sent
from tests.read_model.world.records import Accepted, Past, Shop
from write_model.catalog.commands import (
    AddProduct,
    ChangePrice,
    CorrectStock,
    DiscontinueProduct,
    ReceiveStock,
    RecordPastProduct,
    RecordPastStockCorrection,
    ReviseProduct,
    ViewProduct,
)
from write_model.customers.commands import ChangeAddress, RecordPastCustomer, RegisterCustomer, UpgradeCustomer
from write_model.devices.commands import DefineRule, DropRule, RegisterDevice, ReportTelemetry, RetireDevice
from write_model.ledger.commands import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    OpenAccount,
    Transfer,
    UnfreezeAccount,
    Withdraw,
)
from write_model.orders.commands import (
    CancelOrder,
    DeliverOrder,
    ExpireOrder,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnItems,
    ShipOrder,
)

_NEEDED = ("customer_id", "product_id", "owner_id", "account_id", "to_account_id", "device_id")

Desk = Callable[[Shop, Any, Sent], list[Event]]

_CHANGING = (
    ReviseProduct,
    ChangePrice,
    DiscontinueProduct,
    ReceiveStock,
    CorrectStock,
    RecordPastStockCorrection,
)
_DESKS: Mapping[str, Mapping[type[Command], Desk]] = {
    "customer": dict.fromkeys((RegisterCustomer, RecordPastCustomer, ChangeAddress, UpgradeCustomer), customers.change),
    "product": {
        **dict.fromkeys((AddProduct, RecordPastProduct), catalog.add),
        **dict.fromkeys(_CHANGING, catalog.change),
    },
    "order": {
        PlaceOrder: orders.place,
        RecordPastOrder: orders.record,
        **dict.fromkeys(
            (PayOrder, ShipOrder, DeliverOrder, CancelOrder, ExpireOrder, ReturnItems, RecordPastReturn),
            orders.follow_up,
        ),
    },
    "credit_note": {RecordCreditNote: orders.credit},
    "product_view": {ViewProduct: catalog.look},
    "account": {
        OpenAccount: ledger.open_account,
        Transfer: ledger.transfer,
        **dict.fromkeys((Deposit, Withdraw, FreezeAccount, UnfreezeAccount, CloseAccount), ledger.change),
    },
    "device": dict.fromkeys((RegisterDevice, ReportTelemetry, RetireDevice), devices.change),
    "rule": {DefineRule: devices.define, DropRule: devices.drop},
}
"""By the aggregate's type, who carries a command out."""

CARRIED_OUT = frozenset(command for desk in _DESKS.values() for command in desk)


@dataclass(frozen=True)
class Happened:
    """An event that has no place in the log yet.

    `needs` are the aggregates that had to be there before it, `follows` those of which it knew the latest.
    """

    aggregate_type: str
    aggregate_id: UUID
    version: int
    event: Event
    metadata: Mapping[str, Any]
    recorded_at: datetime
    needs: frozenset[UUID]
    follows: frozenset[UUID]


def opened(history: Sequence[Sent], zone: tzinfo) -> tuple[Shop, list[Happened]]:
    """The shop after the history, and what happened in it."""
    shop = Shop(zone)
    return shop, [each for sent in history for each in carry_out(shop, sent)]


def carry_out(shop: Shop, sent: Sent) -> list[Happened]:
    """What the command leads to; nothing where it is refused, and then nothing is written."""
    command = sent.command
    [(aggregate_type, desk)] = [
        (kind, desks[type(command)]) for kind, desks in _DESKS.items() if type(command) in desks
    ]
    try:
        events = desk(shop, command, sent)
    except Refusal:
        return []
    happened = [_happened(shop, aggregate_type, event, sent) for event in events]
    shop.accepted.append(
        Accepted(
            command_id=sent.command_id,
            type=type(command).__name__,
            actor=sent.actor,
            aggregate_type=aggregate_type,
            aggregate_id=command.aggregate_id,
            version=shop.versions[command.aggregate_id],
            recorded_at=sent.recorded_at,
            events=tuple((each.aggregate_id, each.version, type(each.event).__name__) for each in happened),
        )
    )
    if aggregate_type == "order":
        order = copy.deepcopy(shop.orders[command.aggregate_id])
        shop.past[order.order_id, order.version] = Past(order, command)
    return happened


def _happened(shop: Shop, aggregate_type: str, event: Event, sent: Sent) -> Happened:
    """The event, as the next of its aggregate: of an account's, the one that it names."""
    aggregate_id: UUID = getattr(event, "account_id", sent.command.aggregate_id)
    shop.versions[aggregate_id] += 1
    return Happened(
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        version=shop.versions[aggregate_id],
        event=event,
        metadata=_metadata(sent),
        recorded_at=sent.recorded_at,
        needs=_needs(sent.command) - {aggregate_id},
        follows=frozenset(shop.devices) if isinstance(sent.command, DropRule) else frozenset(),
    )


def _metadata(sent: Sent) -> Mapping[str, Any]:
    said = {"command": type(sent.command).__name__, "command_id": str(sent.command_id), "actor": sent.actor}
    return said | {"correlation_id": str(sent.command_id), "causation_id": None}


def _needs(command: Command) -> frozenset[UUID]:
    """The customer, the products, the accounts and the device that the command names."""
    items = getattr(command, "items", ())
    named = [getattr(each, name, None) for each in (command, *items) for name in _NEEDED]
    return frozenset(key for key in named if key is not None) - {command.aggregate_id}
