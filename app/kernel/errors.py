"""Refusals: what a command or a question can be answered with instead of being carried out.

A refusal is named after the rule that it keeps, carries its facts and knows no transport. Contexts
declare theirs in their own `errors` module; the schema turns each into data for the client.
"""

import re
from typing import ClassVar
from uuid import UUID

_SHOWN = 80


class Refusal(Exception):
    """A command or an argument breaks a rule: `code` names the rule, `field` the input at fault, if one is."""

    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class MalformedId(Refusal):
    """A text that should be a TypeID is not one, or is one of another type."""

    def __init__(self, *, text: str, expected: str = "order", field: str | None = None) -> None:
        super().__init__(f"{excerpt(text)} is not an id such as {expected}_01k….", field=field)


class InvalidValue(Refusal):
    """An input is outside what its field can hold."""


class CurrencyMismatch(Refusal):
    """Amounts of two currencies met where one was needed."""

    def __init__(self, *, expected: str, actual: str) -> None:
        super().__init__(f"Expected an amount in {expected}, got one in {excerpt(actual)}.", field="currency")


class CommandIdReused(Refusal):
    """A command id came again with another content."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(
            f"Command {command_id} was already accepted with other content; choose a fresh id.", field="commandId"
        )


class Unauthenticated(Refusal):
    """Nobody says who they are, or not in a way that is valid here."""


class Forbidden(Refusal):
    """Who asks may not do this."""


class Busy(Refusal):
    """The write model could not finish in time; nothing was written, and sending it again is safe."""


class VersionConflict(Exception):
    """The aggregate is not at the version that the client expected."""

    def __init__(self, *, aggregate_id: UUID, expected: int, actual: int) -> None:
        super().__init__(f"Expected version {expected}, found {actual}.")
        self.aggregate_id, self.expected, self.actual = aggregate_id, expected, actual


def excerpt(text: str) -> str:
    """A client's text, quoted and cut so that a message stays readable."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
