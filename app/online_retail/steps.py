"""Steps: commands with ids that come out the same on every run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

from app.kernel import clock
from app.kernel.messages import Command

_NAMESPACE = uuid5(NAMESPACE_URL, "https://archive.ics.uci.edu/dataset/352/online+retail")
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A command to dispatch once those that it needs are done, and the numbers of the lines in it."""

    key: str
    command_id: UUID
    command: Command
    needs: tuple[UUID, ...] = ()
    lines: tuple[int, ...] = ()


def command_id(key: str) -> UUID:
    """The id of the command with this key, such as `order/536365`."""
    return uuid5(_NAMESPACE, key)


def aggregate_id(key: str, made: datetime) -> UUID:
    """The UUIDv7 of an aggregate with this key, made at that historical moment."""
    epoch = datetime.fromtimestamp(0, made.tzinfo)
    return clock.id_at((made - epoch) // _MILLISECOND, int.from_bytes(sha256(key.encode()).digest()[:10]))
