"""What the small shop has written down of everything that it accepted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from uuid import UUID

from app.kernel.messages import Command
from app.kernel.values import Address
from write_model.devices.commands import Measurement


@dataclass
class Customer:
    """A customer; what orders call a buyer."""

    customer_id: UUID
    name: str
    email: str | None
    address: Address
    registered_at: datetime
    tier: str = "STANDARD"
    version: int = 1


@dataclass
class Product:
    """A product and its stock; what orders call an offer. `changed_at`: when the log took down its last change."""

    product_id: UUID
    sku: str
    name: str
    description: str
    categories: tuple[str, ...]
    vendor: str | None
    price: Decimal
    currency: str
    added_at: datetime
    on_hand: int = 0
    discontinued: bool = False
    changed_at: datetime | None = None
    version: int = 1

    @property
    def category(self) -> str | None:
        """The first."""
        return self.categories[0] if self.categories else None


@dataclass
class Line:
    """Pieces of a product, as it was when they were sold; `back` says when how many of them came back."""

    product_id: UUID | None
    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    category: str | None
    vendor: str | None
    back: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def returned(self) -> int:
        """All that came back."""
        return sum(quantity for _, quantity in self.back)


@dataclass
class Order:
    """An order with all that became of it; `history` holds status, moment, actor and reason."""

    order_id: UUID
    reference: str | None
    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    currency: str
    lines: list[Line]
    charges: list[tuple[str, str, Decimal]]
    shipping_address: Address
    billing_address: Address
    payment_method: str
    placed_at: datetime
    history: list[tuple[str, datetime, str, str | None]]
    tracking_code: str | None = None
    version: int = 1

    @property
    def status(self) -> str:
        """Where it stands."""
        return self.history[-1][0]

    @property
    def goods(self) -> Decimal:
        """What the goods cost."""
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Goods and charges."""
        return self.goods + sum(amount for *_, amount in self.charges)

    @property
    def refunded(self) -> Decimal:
        """What the pieces that came back had cost."""
        return sum((line.returned * line.unit_price for line in self.lines), Decimal(0))


@dataclass
class Past:
    """An order as a command left it."""

    order: Order
    command: Command


@dataclass
class CreditNote:
    """A credit note of no known order."""

    credit_note_id: UUID
    customer_id: UUID | None
    country: str
    currency: str
    credited_at: datetime
    lines: list[Line]


@dataclass
class ProductView:
    """That someone looked at a product."""

    customer_id: UUID | None
    product_id: UUID
    viewed_at: datetime


@dataclass
class Booked:
    """What happened on an account: `amount` is what was added to it, `other` the other account of a transfer."""

    kind: str
    at: datetime
    amount: Decimal | None
    other: UUID | None
    text: str | None
    sent_by: str
    command: str
    command_id: UUID
    recorded_at: datetime


@dataclass
class Account:
    """An account with all that happened on it, one event a version."""

    account_id: UUID
    owner_id: UUID
    currency: str
    limit: Decimal
    status: str = "OPEN"
    entries: list[Booked] = field(default_factory=list)

    def held(self, version: int) -> Decimal:
        """What it held at a version."""
        return sum((each.amount for each in self.entries[:version] if each.amount is not None), Decimal(0))

    @property
    def version(self) -> int:
        """The latest."""
        return len(self.entries)


@dataclass
class Device:
    """A device, and by its number everything that it said."""

    device_id: UUID
    kind: str
    site: str
    metadata: Mapping[str, str]
    registered_at: datetime
    last_seen_at: datetime
    said: dict[int, Measurement] = field(default_factory=dict)
    reports: int = 0
    retired_at: datetime | None = None
    version: int = 1


@dataclass
class Threshold:
    """A rule of one device or of a site."""

    rule_id: UUID
    site: str
    device_id: UUID | None
    metric: str
    above: bool
    raise_at: Decimal
    clear_at: Decimal
    defined_at: datetime
    dropped_at: datetime | None = None


@dataclass
class Alarm:
    """A reading that was beyond a threshold, and how that ended: when, by what, and with which reading."""

    threshold: Threshold
    device: Device
    reading: Measurement
    end: tuple[datetime, str, Decimal | None] | None = None


@dataclass
class Accepted:
    """A command that was carried out, the aggregate's version after it, and its events.

    Of each event, the aggregate, the version that it made, and its name.
    """

    command_id: UUID
    type: str
    actor: str
    aggregate_type: str
    aggregate_id: UUID
    version: int
    recorded_at: datetime
    events: tuple[tuple[UUID, int, str], ...]


@dataclass
class Shop:
    """Everything that is written, and the time zone in which the shop's days begin.

    `versions` counts the events of each aggregate. `positions` tells where in the log the event stands that made an
    aggregate's version, and `past` how orders were at each of theirs.
    """

    zone: tzinfo
    customers: dict[UUID, Customer] = field(default_factory=dict)
    products: dict[UUID, Product] = field(default_factory=dict)
    orders: dict[UUID, Order] = field(default_factory=dict)
    notes: dict[UUID, CreditNote] = field(default_factory=dict)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    views: list[ProductView] = field(default_factory=list)
    devices: dict[UUID, Device] = field(default_factory=dict)
    thresholds: dict[UUID, Threshold] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    versions: Counter[UUID] = field(default_factory=Counter)
    past: dict[tuple[UUID, int], Past] = field(default_factory=dict)
    positions: dict[tuple[UUID, int], int] = field(default_factory=dict)

    def day(self, moment: datetime) -> date:
        """The business day."""
        return moment.astimezone(self.zone).date()
