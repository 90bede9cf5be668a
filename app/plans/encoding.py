"""Responses as bytes."""

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encode(response: dict[str, Any]) -> bytes:
    """The response as JSON, in UTF-8; in ASCII where it holds what UTF-8 cannot say, or a number beyond 64 bits.

    Parts of it may be encoded already.
    """
    try:
        return _encode(response)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return json.dumps(response, default=_decoded).encode()


def _decoded(part: object) -> Any:
    if isinstance(part, msgspec.Raw):
        return json.loads(bytes(part))
    raise TypeError(f"{type(part).__name__} has no JSON")
