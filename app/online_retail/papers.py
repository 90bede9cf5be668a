"""The invoices and credit notes that the lines make up, and what each of their lines is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.online_retail.books import Line
from app.online_retail.goods import Product, is_goods, sku_of
from app.online_retail.kinds import Kind

Names = Mapping[str, frozenset[str]]
"""By sku, the descriptions that it has on lines with a price."""

ON_ORDERS = frozenset({Kind.ORDERED, Kind.GUEST_ORDERED, Kind.FREE, Kind.REPEATED, Kind.CHARGED})
ON_CREDIT_NOTES = frozenset({Kind.CREDITED, Kind.GUEST_CREDITED, Kind.CHARGE_CREDITED})
CORRECTIONS = frozenset({Kind.FOUND, Kind.LOST})


@dataclass(frozen=True, slots=True)
class Sorted:
    """A line and its kind; a refused one says why."""

    line: Line
    kind: Kind
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """All lines of one invoice number: its earliest minute, its first line's customer and country."""

    number: str
    minute: datetime
    customer: str | None
    country: str
    lines: tuple[Sorted, ...]

    def of(self, kinds: Iterable[Kind]) -> list[Line]:
        """The lines of these kinds."""
        return [entry.line for entry in self.lines if entry.kind in kinds]


def sorted_papers(lines: Sequence[Line]) -> list[Paper]:
    """The papers in the order of their first lines."""
    names = _names(lines)
    by_number: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_number[line.invoice].append(line)
    return [_paper(number, found, names) for number, found in by_number.items()]


def products(papers: Iterable[Paper]) -> dict[str, Product]:
    """By sku, every product that one of the papers sells, credits or corrects, in the order of the books."""
    known: dict[str, Product] = {}
    for paper in papers:
        for entry in paper.lines:
            if entry.kind is not Kind.REFUSED and entry.kind is not Kind.NO_EFFECT:
                _survey(entry, paper, known)
    return known


def _survey(entry: Sorted, paper: Paper, known: dict[str, Product]) -> None:
    line = entry.line
    if not is_goods(line.code):
        return
    sku = sku_of(line.code)
    product = known.get(sku) or known.setdefault(sku, Product(sku, paper.minute))
    if entry.kind in CORRECTIONS:
        product.corrected(line.quantity)
    else:
        product.sold(line)


def _names(lines: Iterable[Line]) -> Names:
    names: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.price:
            names[sku_of(line.code)].add(line.description)
    return {sku: frozenset(found) for sku, found in names.items()}


def _paper(number: str, lines: Sequence[Line], names: Names) -> Paper:
    first = lines[0]
    if number.startswith("C"):
        entries = tuple(_credited(line, first) for line in lines)
    else:
        entries = tuple(_invoiced(lines, first, names))
    return Paper(number, min(line.minute for line in lines), first.customer, first.country, entries)


def _credited(line: Line, first: Line) -> Sorted:
    if line.quantity >= 0:
        return Sorted(line, Kind.REFUSED, "a credit note takes back, so its pieces must be below zero")
    if reason := _unbookable(line, first):
        return Sorted(line, Kind.REFUSED, reason)
    if not is_goods(line.code):
        return Sorted(line, Kind.CHARGE_CREDITED)
    return Sorted(line, Kind.CREDITED if line.customer else Kind.GUEST_CREDITED)


def _invoiced(lines: Sequence[Line], first: Line, names: Names) -> Iterable[Sorted]:
    is_order = any(_sells(line, names) for line in lines)
    seen: set[tuple[object, ...]] = set()
    for line in lines:
        yield _on_invoice(line, first, is_order, seen)


def _sells(line: Line, names: Names) -> bool:
    """Money, a customer, or the product's own name instead of a clerk's remark: marks of an order."""
    return bool(line.price or line.customer or line.description in names.get(sku_of(line.code), ()))


def _on_invoice(line: Line, first: Line, is_order: bool, seen: set[tuple[object, ...]]) -> Sorted:
    if reason := _unbookable(line, first):
        return Sorted(line, Kind.REFUSED, reason)
    if is_order and line.quantity > 0:
        return Sorted(line, _ordered(line, seen))
    if line.price:
        return Sorted(line, Kind.REFUSED, "a price on pieces that nobody bought")
    if line.quantity == 0 or not is_goods(line.code):
        return Sorted(line, Kind.NO_EFFECT)
    return Sorted(line, Kind.FOUND if line.quantity > 0 else Kind.LOST)


def _ordered(line: Line, seen: set[tuple[object, ...]]) -> Kind:
    content = line[1:]
    if content in seen:
        return Kind.REPEATED
    seen.add(content)
    if not is_goods(line.code):
        return Kind.CHARGED
    if not line.price:
        return Kind.FREE
    return Kind.ORDERED if line.customer else Kind.GUEST_ORDERED


def _unbookable(line: Line, first: Line) -> str:
    if not line.invoice.lstrip("C").isdigit():
        return "neither an invoice nor a credit note: an unknown kind of number"
    if line.price < 0:
        return "a price below zero"
    if (line.customer, line.country) != (first.customer, first.country):
        return "another customer or country than on the first line of its invoice"
    return ""
