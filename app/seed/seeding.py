"""Dispatching it all, and what the example operations may name of it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from app.bootstrap import commands as command_side
from app.config import Settings
from app.infra.bus import Bus
from app.kernel import typeid
from app.kernel.clock import new_id
from app.kernel.errors import Refusal
from app.kernel.messages import Command, Envelope, Principal, Role
from app.seed import accounts, devices, feed, shop
from app.seed.names import command_id, seeded_id
from app.web.operations import Example, load

_SEEDER: Final = Principal("seed", frozenset({Role.OPERATOR}))

NAMES: Final[Mapping[str, Collection[str]]] = {
    "customer": shop.CUSTOMERS,
    "product": shop.PRODUCTS,
    "order": shop.ORDERS,
    "account": accounts.ACCOUNTS,
    "post": feed.POSTS,
    "device": devices.DEVICES,
    "rule": devices.RULES,
}
"""What the examples may name, by the kind of id."""


def examples() -> list[Example]:
    """The example operations, with the seeded ids filled in."""
    return load(seeded_names())


def seeded_names() -> Mapping[str, str]:
    """The id of everything that is seeded, as clients write it, by kind and name."""
    named = {(kind, name): seeded_id(kind, name) for kind, names in NAMES.items() for name in names}
    named |= {("profile", name): feed.profile_id(name) for name in feed.PEOPLE}
    return {f"{kind}.{name}": typeid.encode(kind, key) for (kind, name), key in named.items()}


async def seed(settings: Settings, progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
    """Dispatches what the shop is made of. Returns how many commands there were; those accepted before do nothing."""
    steps = [(command, _envelope(name)) for name, command in _steps(settings.shop_currency)]
    async with command_side(settings) as side:
        accepted = await side.bus.accepted(steps)
        for done, (command, envelope) in enumerate(steps, 1):
            if envelope.command_id not in accepted:
                await _dispatch(side.bus, command, envelope)
            progress(done, len(steps))
    return len(steps)


def _steps(currency: str) -> Iterator[tuple[str, Command]]:
    yield from shop.steps(currency)
    yield from accounts.steps(currency)
    yield from feed.steps()
    yield from devices.steps()


async def _dispatch(bus: Bus, command: Command, envelope: Envelope) -> None:
    """A refusal means that people changed the seeded shop before it was complete: theirs is left as it is."""
    try:
        await bus.dispatch(command, envelope)
    except Refusal:
        return


def _envelope(step: str) -> Envelope:
    return Envelope(command_id=command_id(step), actor=_SEEDER, correlation_id=new_id())
