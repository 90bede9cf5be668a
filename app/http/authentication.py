"""Who is asking: bearer tokens to principals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import jwt

from app.http.tokens import ALGORITHM, ISSUER
from app.kernel import typeid
from app.kernel.errors import MalformedId, Unauthenticated
from app.kernel.messages import Principal, Role

OPEN_PRINCIPAL = Principal("open", frozenset({Role.OPERATOR, Role.ADMIN}))
"""Who asks without a token on an open installation."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """Checks tokens signed with `key`; without a key none is valid. Where it `is_open`, no token makes an
    operator and administrator."""

    key: str | None
    is_open: bool

    def principal(self, authorization: str | None) -> Principal | None:
        """Who the Authorization header names; None for nobody in particular. Raises Unauthenticated."""
        if authorization is None or not authorization.strip():
            return OPEN_PRINCIPAL if self.is_open else None
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("The Authorization header must be: Bearer, a space, and a token.")
        return self._verified(token.strip())

    def _verified(self, token: str) -> Principal:
        if self.key is None:
            raise Unauthenticated("This installation has no key, so no token can be valid.")
        try:
            claims = jwt.decode(
                token, self.key, algorithms=[ALGORITHM], issuer=ISSUER, options={"require": ["exp", "sub"]}
            )
        except (jwt.PyJWTError, UnicodeEncodeError) as error:
            raise Unauthenticated(f"The token is not valid: {error}.") from None
        return _principal(claims["sub"], claims, _moment(claims["exp"]))


def _moment(seconds: float) -> datetime | None:
    """When a token runs out; None when that is beyond all calendars."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _principal(subject: str, claims: Mapping[str, object], expires_at: datetime | None) -> Principal:
    roles, scopes = claims.get("roles", []), _scopes(claims.get("scope", ""))
    if not isinstance(roles, list) or not (roles or scopes):
        raise Unauthenticated("The token names no roles.")
    try:
        known = frozenset(Role(role) for role in roles)
    except ValueError:
        raise Unauthenticated("The token names a role that does not exist.") from None
    customer_id = _customer_id(subject) if Role.CUSTOMER in known else None
    return Principal(subject, known, customer_id, expires_at, scopes)


def _scopes(said: object) -> frozenset[str]:
    """A `scope` claim as RFC 8693 has it: a text, in which spaces divide them."""
    if not isinstance(said, str):
        raise Unauthenticated("The token's scope must be a text.")
    return frozenset(said.split())


def _customer_id(subject: str) -> UUID:
    try:
        return typeid.decode("customer", subject)
    except MalformedId:
        raise Unauthenticated("A customer's token must have the customer's id as its subject.") from None
