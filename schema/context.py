"""What a resolver is given: who asks, how fresh the answers must be, and the two sides of the system."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import strawberry

from app.infra import consistency_token
from app.infra.bus import Bus
from app.infra.consistency_token import LogPosition
from app.infra.dead_letter_box import DeadLetterBox
from app.infra.freshness import ReadModels
from app.infra.view_status import ViewStatus
from app.infra.wanted import Wanted
from app.kernel.clock import now
from app.kernel.errors import InvalidValue, Refusal, Unauthenticated
from app.kernel.messages import Principal
from app.plans.trusted import TrustedDocuments

TOKEN_HEADER = "Consistency-Token"  # noqa: S105
CORRELATION_HEADER = "Correlation-Id"


class ResponseHeaders(Protocol):
    """Headers of a response that is not sent yet."""

    def get(self, key: str, /) -> str | None:
        """The header, if it is set."""

    def __setitem__(self, key: str, value: str, /) -> None:
        """Sets it."""


class CommandsElsewhere(Refusal):
    """This process answers queries only."""


class QueriesElsewhere(Refusal):
    """This process takes commands only."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a read waits for what it was asked, in milliseconds: unless it says, and at most."""

    default_ms: int
    at_most_ms: int


@dataclass(frozen=True, slots=True)
class Shop:
    """Whose figures these are: the currency of its prices (ISO 4217), and where its days begin and end."""

    currency: str
    zone: ZoneInfo

    def business_day(self) -> date:
        """The business day that it is now."""
        return now().astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the commands that came to a process: how many, by type, outcome and a refusal's code.

    `counts` goes on counting; `since` is when it began.
    """

    process: str
    since: datetime
    counts: Mapping[tuple[str, str, str], int]


@dataclass(frozen=True, slots=True)
class Installation:
    """What all requests of a process share; one side is None where the process serves the other alone."""

    log_id: UUID
    waiting: Waiting
    shop: Shop
    bus: Bus | None
    reads: ReadModels | None
    status: ViewStatus | None
    dead_letters: DeadLetterBox | None = None
    outcomes: Outcomes | None = None
    documents: TrustedDocuments = field(default_factory=TrustedDocuments)


class RequestContext(msgspec.Struct):
    """One request's, or one websocket connection's, context."""

    installation: Installation
    principal: Principal | None
    correlation: str
    header_token: str | None = None
    response_headers: ResponseHeaders | None = None
    connection_params: dict[str, Any] = {}

    @property
    def correlation_id(self) -> UUID:
        """What the request and all that it leads to belong to."""
        return UUID(self.correlation)

    @property
    def bus(self) -> Bus:
        """The write side. Raises CommandsElsewhere."""
        if self.installation.bus is None:
            raise CommandsElsewhere("This process answers queries only; send mutations to one that takes commands.")
        return self.installation.bus

    @property
    def reads(self) -> ReadModels:
        """The read side. Raises QueriesElsewhere."""
        if self.installation.reads is None:
            raise QueriesElsewhere("This process takes commands only; send queries to one that answers them.")
        return self.installation.reads

    @property
    def shop(self) -> Shop:
        """Whose figures these are."""
        return self.installation.shop

    @property
    def status(self) -> ViewStatus:
        """How far the views are. Raises QueriesElsewhere."""
        if self.installation.status is None:
            raise QueriesElsewhere("This process takes commands only; send queries to one that answers them.")
        return self.installation.status

    @property
    def dead_letters(self) -> DeadLetterBox:
        """What could not be applied. Raises QueriesElsewhere."""
        if self.installation.dead_letters is None:
            raise QueriesElsewhere("This process takes commands only; send queries to one that answers them.")
        return self.installation.dead_letters

    def asker(self) -> Principal:
        """Who asks. Raises Unauthenticated for someone without a token, or whose token has run out meanwhile."""
        if self.principal is None:
            raise Unauthenticated("Say who you are: send a bearer token in the Authorization header.")
        if self.principal.expires_at is not None and self.principal.expires_at <= now():
            raise Unauthenticated("Your token has run out; connect again with a new one.")
        return self.principal

    def wanted(self, *, min_version: int | None = None, token: str | None = None, wait_ms: int | None = None) -> Wanted:
        """What a read was asked for; the header's token holds where the argument gives none. Raises a Refusal."""
        if min_version is not None and min_version < 1:
            raise InvalidValue("Versions count from 1.", field="minVersion")
        token = token if token is not None else self.header_token
        position = consistency_token.parse(token, self.installation.log_id) if token is not None else None
        return Wanted(version=min_version, position=position, wait_s=self._wait_s(wait_ms))

    def _wait_s(self, wait_ms: int | None) -> float:
        waiting = self.installation.waiting
        if wait_ms is not None and wait_ms < 0:
            raise InvalidValue("waitMs must not be below zero.", field="waitMs")
        return min(waiting.default_ms if wait_ms is None else wait_ms, waiting.at_most_ms) / 1000

    def token(self, position: int) -> str:
        """The consistency token of a position, noted for the response's header as well when it is the furthest."""
        token = LogPosition(self.installation.log_id, position).token()
        if self.response_headers is not None:
            noted = self.response_headers.get(TOKEN_HEADER)
            if noted is None or consistency_token.parse(noted, self.installation.log_id) <= position:
                self.response_headers[TOKEN_HEADER] = token
        return token


Info = strawberry.Info[RequestContext, None]
