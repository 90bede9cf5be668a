"""Responses as bytes."""

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encode(response: dict[str, Any]) -> bytes:
    """The response as JSON, in UTF-8; in ASCII where it holds what UTF-8 cannot say, or a number beyond 64 bits."""
    try:
        return _encode(response)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return json.dumps(response).encode()
