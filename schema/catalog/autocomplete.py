"""`autocomplete`: for everyone who is signed in."""

from functools import partial

import strawberry

from app.infra.keyset import MAX_PAGE
from app.infra.tables import Stored
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from read_model.catalog.autocomplete import complete
from read_model.catalog.product_search import VIEW, ListedProduct
from schema.catalog.product_search import searched
from schema.context import Info
from schema.reading import Token, WaitMs, listed


@strawberry.type(description="A product that somebody who is typing may mean.")
class Completion:
    id: strawberry.ID
    name: str
    sku: str

    @classmethod
    def of(cls, stored: Stored[ListedProduct]) -> "Completion":
        """The product as clients see it."""
        row = stored.row
        return cls(id=strawberry.ID(typeid.encode("product", row.product_id)), name=row.name, sku=row.sku)


@strawberry.type
class AutocompleteQuery:
    @strawberry.field(
        description="Products on sale whose names have words that begin with the words typed so far, what sells best "
        "first. Typing errors are forgiven only where no name has such words."
    )
    async def autocomplete(
        self, info: Info, prefix: str, first: int = 10, token: Token = None, wait_ms: WaitMs = None
    ) -> list[Completion] | None:
        info.context.asker()
        typed = searched(prefix, "prefix")
        if not 0 <= first <= MAX_PAGE:
            raise InvalidValue(f"first must be between 0 and {MAX_PAGE}.", field="first")
        found = await listed(info, (VIEW,), token, wait_ms, partial(complete, info.context.reads, typed or "", first))
        return [Completion.of(stored) for stored in found.found]
