"""Consistency tokens: a position of this log and of no other."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infra.consistency_token import LogPosition, MalformedToken, UnknownLog, parse

LOG = UUID("019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b")


@given(st.uuids(), st.integers(0, 2**63 - 1))
def test_a_token_tells_the_position_to_its_own_log(log_id: UUID, position: int) -> None:
    token = LogPosition(log_id, position).token()
    assert parse(token, log_id) == position
    assert token.isascii()
    with pytest.raises(UnknownLog):
        parse(token, LOG)


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "é",
        "\ud800",
        "a" * 1_000_000,
        packed(b"\x01" + LOG.bytes + bytes(7)),
        packed(b"\x02" + LOG.bytes + bytes(8)),
        packed(b"\x01" + LOG.bytes + b"\xff" * 8),
    ],
)
def test_anything_else_is_malformed(token: str) -> None:
    with pytest.raises(MalformedToken) as refused:
        parse(token, LOG)
    assert len(refused.value.message) < 400


@given(st.one_of(st.text(max_size=60), st.binary(max_size=40).map(packed)))
def test_no_text_makes_it_fail_otherwise(token: str) -> None:
    with pytest.raises((MalformedToken, UnknownLog)):
        parse(token, LOG)
