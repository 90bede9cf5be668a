"""Whom a bearer token makes, and every way in which one can be wrong."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from app.http.authentication import OPEN_PRINCIPAL, Authentication
from app.http.tokens import ALGORITHM, ISSUER, mint
from app.kernel import typeid
from app.kernel.clock import new_id
from app.kernel.errors import Unauthenticated
from app.kernel.messages import Principal, Role

KEY = "a key for these tests, of more than 64 bytes, so that it would do for HS512 as well"
OTHER_KEY = KEY[::-1]
CUSTOMER = new_id()

closed = Authentication(KEY, is_open=False)
opened = Authentication(KEY, is_open=True)
keyless = Authentication(None, is_open=True)


def bearer(key: str = KEY, algorithm: str = ALGORITHM, **changes: Any) -> str:
    """The header of an operator, with changed claims; None leaves one out."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    claims = {"iss": ISSUER, "sub": "pat", "roles": ["operator"], "exp": expires} | changes
    said = {name: value for name, value in claims.items() if value is not None}
    return "Bearer " + jwt.encode(said, key, algorithm=algorithm)


def handmade(header: Any, claims: Any, signature: str = "") -> str:
    """A header of a token put together by hand."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return f"Bearer {'.'.join(parts)}.{signature}"


def ago(**span: int) -> datetime:
    """A moment in the past."""
    return datetime.now(UTC) - timedelta(**span)


def test_whom_a_token_makes() -> None:
    assert closed.principal(bearer()) == Principal("pat", frozenset({Role.OPERATOR}))
    assert closed.principal(bearer(roles=["admin", "operator"])) == Principal(
        "pat", frozenset({Role.ADMIN, Role.OPERATOR})
    )
    subject = typeid.encode("customer", CUSTOMER)
    minted = f"bearer  {mint(KEY, subject=subject, roles=['customer'], hours=1)} "
    assert closed.principal(minted) == Principal(subject, frozenset({Role.CUSTOMER}), CUSTOMER)


def test_what_a_token_reaches() -> None:
    scopes = frozenset({"site:leeds", "site:lyon"})
    minted = f"Bearer {mint(KEY, subject='gateway-7', roles=[], hours=1, scopes=sorted(scopes))}"
    gateway = closed.principal(minted)
    assert gateway == Principal("gateway-7", frozenset(), scopes=scopes)
    assert gateway.reaches("site", "leeds")
    assert not gateway.reaches("site", "lee")
    assert not gateway.reaches("shelf", "leeds")
    assert gateway.reached("site") == {"leeds", "lyon"}
    assert gateway.reached("shelf") == frozenset()
    operator = closed.principal(bearer())
    assert operator is not None
    assert operator.reaches("site", "leeds")
    with_role = closed.principal(bearer(scope="site:leeds"))
    assert with_role == Principal("pat", frozenset({Role.OPERATOR}), scopes=frozenset({"site:leeds"}))


@pytest.mark.parametrize("header", [None, "", "  "])
def test_without_a_token_only_an_open_installation_lets_anybody_in(header: str | None) -> None:
    assert closed.principal(header) is None
    assert opened.principal(header) == OPEN_PRINCIPAL
    assert OPEN_PRINCIPAL.roles == {Role.OPERATOR, Role.ADMIN}


CLAIMS = {"iss": ISSUER, "sub": "pat", "roles": ["operator"], "exp": 1 << 33}
BAD = {
    "of another key": bearer(OTHER_KEY),
    "expired": bearer(exp=ago(seconds=1)),
    "expired long ago": bearer(exp=ago(days=1_000)),
    "not valid yet": bearer(nbf=datetime.now(UTC) + timedelta(hours=1)),
    "never expiring": bearer(exp=None),
    "expiry a text": handmade({"alg": "HS256"}, CLAIMS | {"exp": "tomorrow"}),
    "of another issuer": bearer(iss="elsewhere"),
    "of no issuer": bearer(iss=None),
    "no subject": bearer(sub=None),
    "no roles": bearer(roles=None),
    "roles empty": bearer(roles=[]),
    "roles a text": bearer(roles="operator"),
    "neither roles nor scope": bearer(roles=[], scope=" "),
    "scope a list": bearer(scope=["site:leeds"]),
    "roles a text beside a scope": bearer(roles="operator", scope="site:leeds"),
    "an unknown role": bearer(roles=["operator", "root"]),
    "a role that is no text": bearer(roles=[{"operator": True}]),
    "a customer by name": bearer(roles=["customer"]),
    "a customer by another id": bearer(roles=["customer"], sub=typeid.encode("order", CUSTOMER)),
    "unsigned": "Bearer " + jwt.encode(CLAIMS, None, algorithm="none"),
    "unsigned in capitals": handmade({"alg": "NONE", "typ": "JWT"}, CLAIMS),
    "HS384": bearer(algorithm="HS384"),
    "HS512": bearer(algorithm="HS512"),
    "RS256 by name": handmade({"alg": "RS256"}, CLAIMS, "AAAA"),
    "no algorithm": handmade({"typ": "JWT"}, CLAIMS, "AAAA"),
    "a list of algorithms": handmade({"alg": ["HS256", "none"]}, CLAIMS, "AAAA"),
    "a header that is a list": handmade(["HS256"], CLAIMS, "AAAA"),
    "an unknown critical extension": handmade({"alg": "HS256", "crit": ["x"], "x": 1}, CLAIMS, "AAAA"),
    "claims that are a list": handmade({"alg": "HS256"}, [1], "AAAA"),
    "a signature cut short": bearer()[:-2],
    "claims exchanged": ".".join((bearer().split(".")[0], handmade({}, CLAIMS).split(".")[1], bearer().split(".")[2])),
    "no segments": "Bearer x",
    "empty segments": "Bearer ..",
    "too many segments": bearer() + ".x",
    "not base 64": "Bearer !.!.!",
    "no ASCII": "Bearer é.é.é",
    "a lone surrogate": "Bearer \udc80.\udc80.\udc80",
    "a megabyte": "Bearer " + "A" * 1_000_000,
    "two tokens": f"{bearer()}, {bearer()}",
    "no token": "Bearer",
    "another scheme": "Basic cGF0OnBhdA==",
    "no scheme": bearer().removeprefix("Bearer "),
}


@pytest.mark.parametrize("header", BAD.values(), ids=BAD)
def test_bad_tokens(header: str) -> None:
    for authentication in (closed, opened, keyless):
        with pytest.raises(Unauthenticated) as refused:
            authentication.principal(header)
        assert refused.value.code == "UNAUTHENTICATED"
        assert len(refused.value.message) < 300


def test_without_a_key_no_token_is_valid() -> None:
    with pytest.raises(Unauthenticated):
        keyless.principal(bearer())
