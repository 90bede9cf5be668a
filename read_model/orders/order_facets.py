"""What a search of orders could be narrowed to: the orders by status and by country, counted in one pass."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.infra.freshness import ReadModels
from app.infra.text_search import folded
from read_model.orders.order_summary import VIEW, OrderFilter, passing

MOST_COUNTRIES = 250


@dataclass(frozen=True, slots=True)
class Facet:
    """A value to choose, and how many orders would then be found."""

    value: str
    orders: int


@dataclass(frozen=True, slots=True)
class OrderFacets:
    """Commonest first; each leaves out its own condition of the filter. Countries are told apart without case."""

    statuses: list[Facet]
    countries: list[Facet]


@dataclass(frozen=True, slots=True)
class _Cell:
    status: str
    country: str
    orders: int

    def has(self, statuses: tuple[str, ...] | None) -> bool:
        return statuses is None or self.status in statuses

    def lies_in(self, country: str | None) -> bool:
        return country is None or folded(self.country) == folded(country)


async def count(reads: ReadModels, wanted: OrderFilter) -> OrderFacets:
    """The facets of the orders that pass the filter."""
    where, parameters = passing(reads, replace(wanted, status=None, country=None))
    counted = f"select status, country, count(*) from {reads.table(VIEW).table} {where} group by status, country"
    cells = [_Cell(*row) for row in await reads.fetch(counted, *parameters)]
    return OrderFacets(
        statuses=_by_status(cell for cell in cells if cell.lies_in(wanted.country)),
        countries=_by_country(cell for cell in cells if cell.has(wanted.status))[:MOST_COUNTRIES],
    )


def _by_status(cells: Iterable[_Cell]) -> list[Facet]:
    orders: Counter[str] = Counter()
    for cell in cells:
        orders[cell.status] += cell.orders
    return _commonest_first(orders)


def _by_country(cells: Iterable[_Cell]) -> list[Facet]:
    """A country is named as most of its orders spell it."""
    spelt: Counter[str] = Counter()
    for cell in cells:
        spelt[cell.country] += cell.orders
    names: dict[str, str] = {}
    orders: Counter[str] = Counter()
    for facet in _commonest_first(spelt):
        orders[names.setdefault(folded(facet.value), facet.value)] += facet.orders
    return _commonest_first(orders)


def _commonest_first(orders: Counter[str]) -> list[Facet]:
    return sorted((Facet(*each) for each in orders.items()), key=lambda facet: (-facet.orders, facet.value))
