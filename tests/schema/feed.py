"""People of a feed, each through a client of their own, for the tests of its GraphQL face."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.kernel import typeid
from app.kernel.clock import new_id
from tests.support.installation import Installation

RECEIPT = "__typename ... on CommandAccepted { aggregateId version token } ... on CommandRejected { code field }"


@dataclass(frozen=True)
class Person:
    """Somebody with a token, and with a profile once they have joined."""

    shop: Installation
    subject: str
    handle: str
    profile_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return self.shop.bearer("customer", subject=self.subject)

    async def does(self, name: str, **given: Any) -> Any:
        """What comes of a mutation."""
        kind = f"{name[0].upper()}{name[1:]}Input"
        text = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {RECEIPT} }} }}"
        return (await self.shop.query(text, self.headers, input=given))[name]

    async def accepted(self, name: str, **given: Any) -> Any:
        """The receipt of a mutation, which must be accepted."""
        receipt = await self.does(name, **given)
        assert receipt["__typename"] == "CommandAccepted", receipt
        return receipt

    async def sees(self, text: str, **variables: Any) -> Any:
        """The data of a query."""
        return await self.shop.query(text, self.headers, **variables)


async def joined(shop: Installation, name: str) -> Person:
    """A person who has just made a profile."""
    subject = typeid.encode("customer", new_id())
    person = Person(shop, subject, f"{name.lower()}_{uuid4().hex[:12]}")
    receipt = await person.accepted("changeProfile", handle=person.handle, displayName=name)
    return Person(shop, subject, person.handle, receipt["aggregateId"])
