"""Ids that derive from names: so seeding twice changes nothing, and the example operations can name what is there."""

import hashlib
import uuid
from typing import Final
from uuid import UUID

from app.kernel.clock import id_at

_NAMESPACE: Final = UUID("6b1f6c1e-3f0e-5d0e-9c1c-1d2f6a0c7e11")
_EPOCH_MS: Final = 1_767_225_600_000  # 2026-01-01, so that seeded ids sort before everything later


def seeded_id(kind: str, name: str) -> UUID:
    """The id of something that is seeded, such as a customer, an order or a post."""
    return id_at(_EPOCH_MS, int.from_bytes(hashlib.sha256(f"{kind}/{name}".encode()).digest()[:10]))


def command_id(step: str) -> UUID:
    """The id under which a step of the seeding is dispatched; every step has a name of its own."""
    return uuid.uuid5(_NAMESPACE, step)
