"""Histories: what is asked of the small shop, in the order of asking. Much of it is refused, as in a shop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from app.kernel.messages import Command
from app.kernel.values import Money
from tests.read_model.world.draws import numbers, shuffled
from tests.read_model.world.facts import (
    ACCOUNTS,
    AMOUNTS,
    CATEGORIES,
    CURRENCY,
    CUSTOMERS,
    DEVICES,
    FREE,
    HULL,
    LEEDS,
    LIMITS,
    LYON,
    MISWRITTEN,
    MOMENTS,
    NAMES,
    PRICES,
    PRODUCTS,
    RULES,
    SOMEWHERE,
    STRANGER,
    VENDORS,
)
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
from write_model.customers.commands import ChangeAddress, RecordPastCustomer, RegisterCustomer, Tier, UpgradeCustomer
from write_model.devices.commands import (
    DefineRule,
    Direction,
    DropRule,
    Measurement,
    RegisterDevice,
    ReportTelemetry,
    RetireDevice,
)
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
    CreditLine,
    DeliverOrder,
    ExpireOrder,
    PastCharge,
    PastItem,
    PaymentMethod,
    PayOrder,
    PlaceOrder,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnedPieces,
    ReturnItems,
    ShipOrder,
    WantedItem,
)

Drawn = TypeVar("Drawn")

Life = list[Command]
"""What is asked of one aggregate, in its order."""

_SOME_TIME = MOMENTS[0]
"""A history says when; until then a command has this."""

_ACTORS = ("operator", "clerk")


@dataclass(frozen=True)
class Sent:
    """A command, as it was sent, and when the log took it down if it was accepted."""

    command: Command
    actor: str
    command_id: UUID
    recorded_at: datetime


def _a(command: type[Command], **said: st.SearchStrategy[object]) -> st.SearchStrategy[Command]:
    return st.builds(command, at=st.just(_SOME_TIME), **said)


def _tuple(strategy: st.SearchStrategy[Drawn], least: int, most: int) -> st.SearchStrategy[tuple[Drawn, ...]]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def _life(*parts: st.SearchStrategy[Command | tuple[Command, ...]]) -> st.SearchStrategy[Life]:
    """The commands of all parts, one after the other."""
    return st.tuples(*parts).map(
        lambda drawn: [command for part in drawn for command in (part if isinstance(part, tuple) else (part,))]
    )


_WHOLE = st.sampled_from((LEEDS, LYON, HULL))
_ADDRESSES = st.sampled_from((LEEDS, LYON, HULL, SOMEWHERE, MISWRITTEN))
_CATEGORIES = st.sampled_from([(), *permutations(CATEGORIES, 1), *permutations(CATEGORIES, 2)])
_MONEY = st.sampled_from([Money(amount, CURRENCY) for amount in PRICES])
_PAST_PRICES = st.sampled_from((*PRICES, FREE))
_PIECES = st.sampled_from((1, 1, 2, 3))
_CURRENCIES = st.sampled_from((CURRENCY, CURRENCY, "EUR"))
_CUSTOMER = st.sampled_from((*CUSTOMERS * 4, STRANGER))
_PRODUCT = st.sampled_from((*PRODUCTS * 4, STRANGER))


def _customer_life(number: int) -> st.SearchStrategy[Life]:
    this, name, email = st.just(CUSTOMERS[number]), st.just(f"Customer {number}"), st.just(f"{number}@example.com")
    registered = _a(RegisterCustomer, customer_id=this, name=name, email=email, address=_WHOLE)
    recorded = _a(RecordPastCustomer, customer_id=this, name=name, address=_ADDRESSES)
    moved = _a(ChangeAddress, customer_id=this, address=_ADDRESSES)
    upgraded = _a(UpgradeCustomer, customer_id=this, tier=st.sampled_from(Tier))
    return _life(registered | registered | recorded, _tuple(moved | upgraded, 0, 2))


def _product_life(number: int) -> st.SearchStrategy[Life]:
    this, sku = st.just(PRODUCTS[number]), st.just(f"SKU-{number}")
    texts: dict[str, st.SearchStrategy[object]] = {
        "name": st.sampled_from(NAMES),
        "description": st.sampled_from(("", "For tea.")),
    }
    texts |= {"categories": _CATEGORIES, "vendor": st.sampled_from(VENDORS)}
    prices = st.sampled_from([Money(amount, CURRENCY) for amount in (*PRICES * 2, FREE)])
    added = _a(AddProduct, product_id=this, sku=sku, price=_MONEY, **texts)
    recorded = _a(RecordPastProduct, product_id=this, sku=sku, price=prices, **texts)
    received = _a(ReceiveStock, product_id=this, pieces=st.integers(3, 20))
    changes = {"change": st.sampled_from((3, -1, -4)), "reason": st.just("counted")}
    revised = _a(ReviseProduct, product_id=this, **texts)
    priced = _a(ChangePrice, product_id=this, price=_MONEY)
    corrected = _a(CorrectStock, product_id=this, **changes) | _a(RecordPastStockCorrection, product_id=this, **changes)
    discontinued = _a(DiscontinueProduct, product_id=this)
    later = st.one_of(revised, priced, corrected, revised, priced, corrected, received, discontinued)
    return _life(added | added | recorded, received, _tuple(later, 1, 3))


def _measured(number: int) -> Measurement:
    """What a device says under a number, whenever it says it."""
    value, at = (10, 35, 29, 20, 40)[number % 5], MOMENTS[number * 5 % len(MOMENTS)]
    metric = "temperature" if number % 3 else "humidity"
    return Measurement(sequence=number, metric=metric, value=Decimal(value), at=at + timedelta(seconds=number % 2))


_SITES = st.sampled_from(("leeds", "leeds", "york"))
_READINGS = _tuple(st.integers(1, 30).map(_measured), 1, 4)
_DEVICE = st.sampled_from((*DEVICES * 3, STRANGER))


def _device_life(number: int) -> st.SearchStrategy[Life]:
    this = st.just(DEVICES[number])
    metadata = st.sampled_from(({}, {"room": "Cellar"}))
    registered = _a(RegisterDevice, device_id=this, kind=st.just("thermometer"), site=_SITES, metadata=metadata)
    reported = _a(ReportTelemetry, device_id=this, readings=_READINGS)
    retired = _a(RetireDevice, device_id=this)
    return _life(registered, _tuple(reported, 2, 5), _tuple(retired, 0, 1), _tuple(reported, 0, 1))


def _rule_life(number: int) -> st.SearchStrategy[Life]:
    this = {"rule_id": st.just(RULES[number])}
    hot = {"direction": st.just(Direction.ABOVE), "raise_at": st.just(Decimal(30)), "clear_at": st.just(Decimal(28))}
    cold = {"direction": st.just(Direction.BELOW), "raise_at": st.just(Decimal(15)), "clear_at": st.just(Decimal(20))}
    metric = {"metric": st.sampled_from(("temperature", "temperature", "humidity"))}
    defined = [
        _a(DefineRule, **this, **of, **side, **metric)
        for of in ({"site": _SITES}, {"device_id": _DEVICE})
        for side in (hot, cold)
    ]
    return _life(st.one_of(*defined), _tuple(_a(DropRule, **this), 0, 2))


_ORDER = {"order_id": st.just(STRANGER)}
_RETURNED = _tuple(st.builds(ReturnedPieces, line=st.sampled_from((1, 1, 2)), quantity=_PIECES), 1, 2)
_STEPS: Mapping[str, st.SearchStrategy[Command]] = {
    "pay": _a(PayOrder, **_ORDER),
    "ship": _a(ShipOrder, tracking_code=st.sampled_from((None, "RM1")), **_ORDER),
    "deliver": _a(DeliverOrder, **_ORDER),
    "cancel": _a(CancelOrder, reason=st.sampled_from(("", "too late")), **_ORDER),
    "expire": _a(ExpireOrder, **_ORDER),
    "return": _a(ReturnItems, items=_RETURNED, **_ORDER),
    "record": _a(RecordPastReturn, items=_RETURNED, **_ORDER),
}
_WAYS = (
    "",
    "pay",
    "pay ship",
    "pay ship deliver",
    "pay ship deliver return return",
    "pay ship deliver return record return",
    "cancel",
    "pay cancel",
    "cancel pay return",
    "expire pay",
    "pay expire ship",
    "ship deliver pay pay ship cancel",
)
"""What people try with an order; a part of it is not allowed."""


def _way(steps: str) -> st.SearchStrategy[tuple[Command, ...]]:
    return st.tuples(*(_STEPS[step] for step in steps.split()))


def _past_item(
    kind: Callable[..., object], product: st.SearchStrategy[UUID | None], **said: st.SearchStrategy[object]
) -> st.SearchStrategy[object]:
    return st.builds(kind, product_id=product, quantity=_PIECES, unit_price=_PAST_PRICES, **said)


_PLACED = _a(
    PlaceOrder,
    **_ORDER,
    customer_id=_CUSTOMER,
    items=_tuple(st.builds(WantedItem, product_id=_PRODUCT, quantity=_PIECES), 1, 3),
    payment_method=st.sampled_from((PaymentMethod.CARD, PaymentMethod.INVOICE)),
    shipping_address=st.none() | _WHOLE,
    billing_address=st.none() | _ADDRESSES,
)
_POSTAGE = st.builds(PastCharge, code=st.just("POST"), description=st.just("Postage"), amount=_PAST_PRICES)
_RECORDED = _a(
    RecordPastOrder,
    **_ORDER,
    reference=st.just("I1"),
    customer_id=st.one_of(_CUSTOMER, _CUSTOMER, st.none()),
    items=_tuple(_past_item(PastItem, _PRODUCT), 1, 3),
    charges=_tuple(_POSTAGE, 0, 2),
    currency=_CURRENCIES,
    address=_ADDRESSES,
)
_ORDER_LIFE = _life(_PLACED, st.one_of(*map(_way, _WAYS))) | _life(
    _RECORDED, st.one_of(*map(_way, ("", "return", "record record", "return pay cancel")))
)
_NOTE_LIFE = _life(
    _a(
        RecordCreditNote,
        credit_note_id=st.just(STRANGER),
        reference=st.just("C1"),
        customer_id=_CUSTOMER | st.none(),
        country=st.sampled_from((LEEDS.country, LYON.country)),
        currency=_CURRENCIES,
        items=_tuple(
            _past_item(CreditLine, _PRODUCT, description=st.just("Faded"))
            | _past_item(CreditLine, st.none(), description=st.just("Discount")),
            1,
            2,
        ),
    )
)
_VIEW_LIFE = _life(
    _a(ViewProduct, view_id=st.just(STRANGER), product_id=_PRODUCT, customer_id=st.one_of(_CUSTOMER, st.none()))
)
_HELD = st.sampled_from((CURRENCY, CURRENCY, CURRENCY, "EUR"))
_MOVED = st.builds(Money, st.sampled_from(AMOUNTS), _HELD)
_REFERENCE = st.sampled_from((None, "Rent"))


def _account_life(number: int) -> st.SearchStrategy[Life]:
    this: dict[str, st.SearchStrategy[object]] = {"account_id": st.just(ACCOUNTS[number])}
    moved = {"amount": _MOVED, "reference": _REFERENCE}
    owner, limit = st.sampled_from((*CUSTOMERS * 4, STRANGER)), st.sampled_from(LIMITS)
    opened = _a(OpenAccount, owner_id=owner, currency=_HELD, overdraft_limit=limit, **this)
    deposited, withdrawn = _a(Deposit, **this, **moved), _a(Withdraw, **this, **moved)
    others = st.sampled_from((*(each for each in ACCOUNTS if each != ACCOUNTS[number]), STRANGER))
    sent = _a(Transfer, to_account_id=others, **this, **moved)
    frozen, unfrozen = _a(FreezeAccount, reason=st.just("Card lost"), **this), _a(UnfreezeAccount, **this)
    closed = _a(CloseAccount, **this)
    later = st.one_of(sent, deposited, withdrawn, frozen, unfrozen, closed)
    return _life(opened, deposited, _tuple(sent, 0, 2), _tuple(later, 0, 3))


_PEOPLE = st.tuples(*map(_customer_life, range(len(CUSTOMERS))))
_GOODS = st.tuples(*map(_product_life, range(len(PRODUCTS))))
_PAPERS = st.lists(st.one_of(*[_ORDER_LIFE] * 4, _NOTE_LIFE), min_size=4, max_size=9)
_BOOKS = st.tuples(*map(_account_life, range(len(ACCOUNTS))))
_VIEWS = st.lists(_VIEW_LIFE, min_size=2, max_size=8)
_DEVICES = st.tuples(*map(_device_life, range(len(DEVICES))))
_RULES = st.tuples(*map(_rule_life, range(len(RULES))))


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Customers come and products are stocked; then everybody's lives go on side by side."""
    people, goods, papers = draw(_PEOPLE), draw(_GOODS), draw(_PAPERS) + draw(_VIEWS)
    books, things, rules = draw(_BOOKS), draw(_DEVICES), draw(_RULES)
    opening = [life.pop(0) for life in (*people, *things)] + [life.pop(0) for life in goods for _ in range(2)]
    alone = (_of_its_own(number, life) for number, life in enumerate(papers))
    lives = [*people, *goods, *books, *things, *rules, *alone]
    turns = [number for number, life in enumerate(lives) for _ in life]
    commands = [*opening, *(lives[turns[n]].pop(0) for n in shuffled(draw, len(turns)))]
    told = _told(draw, commands)
    return [Sent(*each, UUID(int=0x1000 + n), MOMENTS[-1] + timedelta(seconds=n)) for n, each in enumerate(told)]


def _of_its_own(number: int, life: Life) -> Life:
    """The life of a paper under an id of its own."""
    own: dict[str, Any] = {life[0].target: UUID(int=0xD0 + number)}
    return [replace(command, **own) for command in life]


def _told(draw: st.DrawFn, commands: list[Command]) -> list[tuple[Command, str]]:
    """The commands with their moments, and who sends them: dated ones are of any time, for the others time goes on."""
    size = len(commands)
    clock, dates = sorted(numbers(draw, size, len(MOMENTS))), numbers(draw, size, len(MOMENTS))
    actors = numbers(draw, size, len(_ACTORS))
    return [
        (replace(command, at=MOMENTS[date if command.dated else at]), _ACTORS[actor])
        for command, at, date, actor in zip(commands, clock, dates, actors, strict=True)
    ]
