"""Consistency tokens: which log, and how far it reached. Opaque to clients."""

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from app.kernel.errors import Refusal, excerpt

_VERSION = b"\x01"
_LENGTH = 1 + 16 + 8
_LONGEST_KEPT = 64
"""Characters; base 64 may be full of others that mean nothing, and such a text is not worth remembering."""


class MalformedToken(Refusal):
    """A text that should be a consistency token is not one."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{excerpt(text)} is not a consistency token.", field="token")


class UnknownLog(Refusal):
    """The token is from another log: another installation, or this one before it was restored."""

    def __init__(self) -> None:
        super().__init__(
            "This token is from another log, perhaps from before a restore. Drop it and read again.", field="token"
        )


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A position in one log."""

    log_id: UUID
    position: int

    def token(self) -> str:
        """URL-safe base 64 of a version byte, the log's id and the position (8 bytes, big endian)."""
        raw = _VERSION + self.log_id.bytes + self.position.to_bytes(8)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parse(token: str, log_id: UUID) -> int:
    """The position in a token of this log. Raises MalformedToken or UnknownLog."""
    return (_parsed if len(token) <= _LONGEST_KEPT else _parsed.__wrapped__)(token, log_id)


@lru_cache(maxsize=1_024)
def _parsed(token: str, log_id: UUID) -> int:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedToken(token) from None
    if len(raw) != _LENGTH or raw[:1] != _VERSION:
        raise MalformedToken(token)
    if raw[1:17] != log_id.bytes:
        raise UnknownLog
    position = int.from_bytes(raw[17:])
    if position >= 1 << 63:
        raise MalformedToken(token)
    return position
