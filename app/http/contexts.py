"""What a request makes of itself: who asks, how fresh the answer must be, and what it belongs to."""

from dataclasses import dataclass
from uuid import UUID

from app.http.authentication import Authentication
from app.kernel.clock import new_id_text
from app.kernel.messages import Principal
from app.logs import correlation
from schema.context import CORRELATION_HEADER, Installation, RequestContext, ResponseHeaders


@dataclass(frozen=True, slots=True)
class Contexts:
    """Makes the contexts of requests to an installation, and checks who sends them."""

    installation: Installation
    authentication: Authentication

    def of(
        self,
        principal: Principal | None,
        token: str | None,
        correlation_id: str | None,
        response_headers: ResponseHeaders | None,
    ) -> RequestContext:
        """The context of a request with these headers; whatever is logged of it bears its correlation id."""
        belongs_to = new_id_text() if correlation_id is None else _correlation(correlation_id)
        if response_headers is not None:
            response_headers[CORRELATION_HEADER] = belongs_to
        correlation.set(belongs_to)
        return RequestContext(self.installation, principal, belongs_to, token, response_headers)


def _correlation(header: str) -> str:
    """The caller's correlation id, or a fresh one where it is none."""
    try:
        return str(UUID(header))
    except ValueError:
        return new_id_text()
