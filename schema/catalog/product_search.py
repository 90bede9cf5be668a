"""`products`: for everyone who is signed in."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial

import strawberry

from app.infra.keyset import PageArguments
from app.infra.sheets import Entry
from app.infra.tables import Stored
from app.infra.wanted import Listed
from app.kernel import typeid
from app.kernel.errors import InvalidValue
from app.kernel.values import require_storable
from app.plans import composed, known_by, partly, shown
from read_model.catalog import product_facets, product_listing, product_results
from read_model.catalog.product_facets import price_bands
from read_model.catalog.product_results import Asked, Results
from read_model.catalog.product_search import VIEW, ListedProduct
from read_model.catalog.product_text import MOST_CHARACTERS
from schema.catalog.enums import ProductSort
from schema.context import Info
from schema.lists import ListPage, PageInfo
from schema.reading import Token, WaitMs, listed, selects
from schema.scalars import BigInt
from schema.values import Money

_MOST_VALUES = 100


@strawberry.type(description="One product in a list; `product(id)` has the rest.")
class ProductSummary:
    stored: strawberry.Private[Stored[ListedProduct]]
    row: strawberry.Private[ListedProduct]
    id: strawberry.ID = shown("row.product_id", by=partial(typeid.encode, "product"))
    version: int = shown(
        "stored.version", description="Of the product itself; orders that take from its stock leave it."
    )
    sku: str = shown("row.sku")
    name: str = shown("row.name")
    categories: list[str] = shown("row.categories")
    vendor: str | None = shown("row.vendor")
    price: Money = composed(Money, amount="row.price", currency="row.currency")
    on_hand: BigInt = shown("row.on_hand", description="Pieces in stock.")
    popularity: BigInt = shown("row.popularity", description="Pieces sold so far, less those cancelled and returned.")
    discontinued: bool = shown("row.discontinued")
    added_at: datetime = shown("row.added_at")


@known_by("told")
@strawberry.type
class ProductEdge:
    told: strawberry.Private[tuple[object, ...]]
    entry: strawberry.Private[Entry[ListedProduct]]
    cursor: str = shown("entry.cursor")

    @strawberry.field
    def node(self) -> ProductSummary:
        stored = self.entry.stored
        return ProductSummary(stored=stored, row=stored.row)


@strawberry.type(description="A category or a vendor, and how many products it would leave.")
class ProductChoice:
    value: str
    count: int = shown("products")


_BANDS = ", ".join(f"{lowest:f} to {highest:f}" for lowest, highest in price_bands() if highest is not None)


@strawberry.type(
    description=f"A range of prices, and how many products it would leave. {_BANDS}, and from there on without an end. "
    "Both bounds are inclusive, so that they can be put into the filter."
)
class PriceBand:
    min_price: Decimal
    max_price: Decimal | None
    count: int = shown("products")


@known_by("counted")
@strawberry.type(
    description="What the list could be narrowed to. Each facet counts the products that pass every condition but its "
    "own, so that it shows what else could be chosen. Of categories and vendors the 100 with the most products."
)
class ProductFacets:
    counted: strawberry.Private[str]
    categories: list[ProductChoice] = shown("found.categories")
    vendors: list[ProductChoice] = shown("found.vendors")
    price_bands: list[PriceBand] = shown("found.price_bands")
    in_stock: int = shown("found.in_stock")
    out_of_stock: int = shown("found.out_of_stock")

    @cached_property
    def found(self) -> product_facets.Facets:
        """The facets, once somebody looks at them."""
        return product_facets.read(self.counted)


@strawberry.type(description="A page of products.")
class ProductConnection(ListPage):
    edges: list[ProductEdge]
    results: strawberry.Private[Results]

    @strawberry.field(description="How many products the search finds, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await product_listing.count(info.context.reads, self.results.search)

    @strawberry.field(description="What the list could be narrowed to; worked out only when asked for.")
    async def facets(self, info: Info) -> ProductFacets:
        counted = self.results.facets
        if counted is None:
            counted = await product_facets.count(info.context.reads, self.results.search)
        return ProductFacets(counted=counted)


@strawberry.input(description="Every given condition must hold.")
class ProductFilter:
    categories: list[str] | None = strawberry.field(default=None, description="In any of these.")
    vendors: list[str] | None = strawberry.field(default=None, description="From any of these.")
    min_price: Decimal | None = strawberry.field(default=None, description="Inclusive.")
    max_price: Decimal | None = strawberry.field(default=None, description="Inclusive.")
    in_stock: bool | None = strawberry.field(default=None, description="With pieces in stock, or without any.")
    include_discontinued: bool = strawberry.field(default=False, description="Also what cannot be ordered any more.")

    def value(self) -> product_listing.ProductFilter:
        """The filter as the view takes it. Raises a Refusal."""
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidValue("minPrice must not be above maxPrice.", field="minPrice")
        return product_listing.ProductFilter(
            categories=_values(self.categories, "categories"),
            vendors=_values(self.vendors, "vendors"),
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock=self.in_stock,
            include_discontinued=self.include_discontinued,
        )


@strawberry.type
class ProductsQuery:
    @strawberry.field(
        description="Products by what they are called, of which kind and from whom they are, or by their sku; without "
        "a text, all products. Typing errors are forgiven where nothing is written so."
    )
    async def products(
        self,
        info: Info,
        text: str | None = None,
        filter: ProductFilter | None = None,
        sort: ProductSort = ProductSort.RELEVANCE,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        token: Token = None,
        wait_ms: WaitMs = None,
    ) -> ProductConnection | None:
        info.context.asker()
        wanted, text = (filter or ProductFilter()).value(), searched(text)
        arguments = PageArguments(first=first, after=after, last=last, before=before)
        asked = Asked(sort, arguments, whole=not partly(info), counting=selects(info, "facets"))
        search = partial(product_results.search, info.context.reads, text, wanted, asked)
        return _connection(await listed(info, (VIEW,), token, wait_ms, search))


def searched(text: str | None, field: str = "text") -> str | None:
    """The text that is looked for, None for none or a blank one. Raises InvalidValue."""
    if text is None or not text.strip():
        return None
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(f"{field} may have at most {MOST_CHARACTERS} characters.", field=field)
    require_storable(text, field)
    return text


def _values(values: list[str] | None, field: str) -> tuple[str, ...] | None:
    if values is None:
        return None
    if len(values) > _MOST_VALUES:
        raise InvalidValue(f"{field} may name at most {_MOST_VALUES}.", field=field)
    for value in values:
        require_storable(value, field)
    return tuple(values)


def _connection(listed: Listed[Results]) -> ProductConnection:
    page = listed.found.page
    edges = [ProductEdge(told=entry.told, entry=entry) for entry in page.nodes]
    around = PageInfo.around(page)
    return ProductConnection(edges=edges, page_info=around, seen=listed.freshness, results=listed.found)
