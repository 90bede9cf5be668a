"""Who and what there is in the small shop: few enough that histories meet, with days that begin at awkward moments."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kernel.values import Address
from app.kernel.view import View

CONTEXTS = ("catalog", "customers", "devices", "ledger", "orders")
"""Whose commands the small shop takes; other contexts have tests of their own."""

ZONES = (ZoneInfo("Europe/London"), ZoneInfo("Pacific/Auckland"))
CURRENCY = "GBP"

CUSTOMERS = tuple(UUID(int=0xC0 + n) for n in range(3))
PRODUCTS = tuple(UUID(int=0xA0 + n) for n in range(4))
ACCOUNTS = tuple(UUID(int=0xB0 + n) for n in range(3))
DEVICES = tuple(UUID(int=0x2E0 + n) for n in range(2))
RULES = tuple(UUID(int=0x2F0 + n) for n in range(3))
STRANGER = UUID(int=0xFF)
"""An id that nothing has."""

LEEDS = Address(street="1 High Street", city="Leeds", postal_code="LS1", country="United Kingdom")
LYON = Address(street="27 rue des Écoles", city="Lyon", postal_code="69002", country="France")
HULL = Address(street="3 Quay", city="Hull", postal_code=None, country="United Kingdom")
SOMEWHERE = Address(street=None, city=None, postal_code=None, country="France")
MISWRITTEN = Address(street=None, city=None, postal_code=None, country="France|Lyon")

CATEGORIES = ("Kitchen", "Tea", "Garden")
VENDORS = ("Potters & Co", "Brightside", None)
NAMES = ("Tea", "Teapot", "Café lamp")
PRICES = tuple(map(Decimal, ("2.50", "0.01", "9.9", "0.3333", "24")))
FREE = Decimal(0)
AMOUNTS = tuple(map(Decimal, ("0.01", "2.5", "10", "24")))
LIMITS = (Decimal(0), Decimal(20))

_DAYS = (date(2026, 3, 29), date(2026, 4, 1), date(2026, 4, 5))
"""London's clocks go forward on the first, a month begins with the second, Auckland's clocks go back on the third."""

_MIDNIGHTS = [datetime.combine(day, time(), zone).astimezone(UTC) for day in _DAYS for zone in ZONES]
MOMENTS = tuple(
    sorted(
        {midnight - timedelta(microseconds=1) for midnight in _MIDNIGHTS}
        | set(_MIDNIGHTS)
        | {datetime.combine(day, time(), UTC) for day in _DAYS}
        | {datetime.combine(day, time(13, 30), UTC) for day in _DAYS}
    )
)
"""Just before midnight and at midnight in each zone, at midnight in UTC and at noon."""


def is_of_the_shop(kind: type) -> bool:
    """Whether a command or an event is of one of its contexts."""
    return kind.__module__.split(".")[1] in CONTEXTS


def shows_the_shop(view: View[Any]) -> bool:
    """Whether a view follows events of the shop; the one of operators' requests does, as the shop has none of these."""
    others = {kind.__module__.split(".")[1] for kind in view.handles} - {*CONTEXTS, "operations"}
    return not others or any(map(is_of_the_shop, view.handles))
