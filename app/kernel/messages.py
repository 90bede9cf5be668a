"""Commands order, events state facts; an envelope says who asks, and a receipt what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

from app.kernel.errors import Forbidden
from app.kernel.structs import Struct


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order to one aggregate, named by the field that `target` names.

    One that also decides on others names their fields in `also_on`; commands that have an aggregate in common wait for
    one another.
    Values of fields marked `generated` are chosen by the server, so two sendings of one command may differ in them.
    A `dated` command enters older books: its `at` is the date written there, so it is content.
    Commands `for_operators`, or even `for_admins`, are refused to everyone else; for the others the handler looks at
    who owns what.
    """

    target: ClassVar[str]
    also_on: ClassVar[tuple[str, ...]] = ()
    dated: ClassVar[bool] = False
    for_operators: ClassVar[bool] = False
    for_admins: ClassVar[bool] = False
    at: datetime = field(metadata={"generated": True})

    @property
    def aggregate_id(self) -> UUID:
        """The aggregate that the command is for."""
        value = getattr(self, self.target)
        assert isinstance(value, UUID)
        return value

    @property
    def aggregate_ids(self) -> tuple[UUID, ...]:
        """All that it decides on, its own first."""
        return (self.aggregate_id, *(getattr(self, name) for name in self.also_on))

    def content(self) -> dict[str, Any]:
        """What the client said: every field but the generated ones."""
        kind: Any = type(self)
        said = {name: getattr(self, name) for name in _said(kind)}
        return said | ({"at": self.at} if self.dated else {})


@cache
def _said(command: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(command) if "generated" not in f.metadata)


def generated_id() -> Any:
    """The field of an id that the server chooses when the aggregate is made."""
    return field(metadata={"generated": True})


class Event(Struct, frozen=True, kw_only=True):
    """A fact about one aggregate. `SCHEMA_VERSION` grows when the stored shape changes; upcasters lead to it."""

    SCHEMA_VERSION: ClassVar[int] = 1


E_co = TypeVar("E_co", bound=Event, covariant=True)

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the stored data of one schema version into that of the next."""

Upcasters = Mapping[tuple[str, int], Upcaster]
"""By event type and the schema version that it reads."""


class Role(StrEnum):
    """What a principal may do at all; ownership is checked besides."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    ADMIN = "admin"


_OPERATING: Final = frozenset({Role.OPERATOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, while their token is valid: its subject (a customer's own id, for customers) and its roles.

    A scope is a part of what there is that the bearer may reach, as a kind and a name: `site:leeds`.
    """

    subject: str
    roles: frozenset[Role]
    customer_id: UUID | None = None
    expires_at: datetime | None = field(default=None, compare=False)
    scopes: frozenset[str] = frozenset()

    @property
    def is_operator(self) -> bool:
        """True for those who run the shop."""
        return not self.roles.isdisjoint(_OPERATING)

    def require_operator(self) -> None:
        """Raises Forbidden for anyone who does not run the shop."""
        if not self.is_operator:
            raise Forbidden("Only an operator of the shop may do this.")

    def require_admin(self) -> None:
        """Raises Forbidden for anyone who does not administer the installation."""
        if Role.ADMIN not in self.roles:
            raise Forbidden("Only an administrator may do this.")

    def owns(self, customer_id: UUID | None) -> bool:
        """True for an operator, and for the customer whose record this is."""
        return self.is_operator or (customer_id is not None and customer_id == self.customer_id)

    def reaches(self, kind: str, name: str) -> bool:
        """True for an operator, and for who has the scope of this kind and name."""
        return self.is_operator or f"{kind}:{name}" in self.scopes

    def reached(self, kind: str) -> frozenset[str]:
        """The names of this kind in the scopes; an operator, who reaches all, needs none."""
        prefix = f"{kind}:"
        return frozenset(scope.removeprefix(prefix) for scope in self.scopes if scope.startswith(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How a command was sent: its id, who sent it, what it belongs to and what made it."""

    command_id: UUID
    actor: Principal
    correlation_id: UUID
    causation_id: UUID | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an accepted command did: the aggregate's version after it, and the log position of its last event."""

    command_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    version: int
    position: int


class Recorded(Struct, Generic[E_co], frozen=True):
    """An event as the log holds it."""

    position: int
    aggregate_type: str
    aggregate_id: UUID
    version: int
    event: E_co
    metadata: Mapping[str, Any]
    recorded_at: datetime
