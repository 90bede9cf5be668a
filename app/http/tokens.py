"""Access tokens: JWTs signed with HS256."""

from collections.abc import Sequence
from datetime import timedelta

import jwt

from app.kernel import clock

ALGORITHM = "HS256"
ISSUER = "counterfoil"


def mint(key: str, *, subject: str, roles: Sequence[str], hours: float, scopes: Sequence[str] = ()) -> str:
    """A token for `subject`, valid from now on for a number of hours."""
    now = clock.now()
    claims = {
        "iss": ISSUER,
        "sub": subject,
        "roles": list(roles),
        "iat": now,
        "exp": now + timedelta(hours=hours),
    }
    if scopes:
        claims["scope"] = " ".join(scopes)
    return jwt.encode(claims, key, algorithm=ALGORITHM)
