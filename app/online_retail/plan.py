"""The plan: from the lines of the books to commands. Pure; nothing is read or written here."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.errors import Refusal
from app.kernel.messages import Command
from app.online_retail import entries
from app.online_retail.books import Line
from app.online_retail.goods import Product, is_goods, sku_of
from app.online_retail.kinds import Kind
from app.online_retail.papers import CORRECTIONS, ON_CREDIT_NOTES, ON_ORDERS, Paper, products, sorted_papers
from app.online_retail.returns import Found, Sales
from app.online_retail.steps import Step, command_id


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be entered, with its lines and the rule that it breaks."""

    key: str
    code: str
    message: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order of the books, the kind of each line by its number, and what no command holds."""

    steps: tuple[Step, ...]
    kinds: dict[int, Kind]
    refused: tuple[Refused, ...]

    def lines(self) -> dict[Kind, tuple[int, ...]]:
        """The numbers of the lines of each kind that occurs."""
        found: dict[Kind, list[int]] = defaultdict(list)
        for number, kind in self.kinds.items():
            found[kind].append(number)
        return {kind: tuple(found[kind]) for kind in Kind if kind in found}


def plan(lines: Sequence[Line]) -> Plan:
    """Says for every line which commands carry it."""
    papers = sorted_papers(lines)
    planner = _Planner(products(papers))
    for paper in papers:
        planner.enter(paper)
    return Plan(tuple(planner.steps), dict(sorted(planner.kinds.items())), tuple(planner.refused))


class _Planner:
    """Enters paper after paper; whatever a step needs is entered just before it."""

    def __init__(self, known: dict[str, Product]) -> None:
        self.steps: list[Step] = []
        self.kinds: dict[int, Kind] = {}
        self.refused: list[Refused] = []
        self._known = known
        self._sales = Sales()
        self._products: dict[str, UUID] = {}
        self._customers: dict[str, UUID] = {}
        self._orders: dict[str, UUID] = {}
        # By key, the step that the next one on the same product, customer or order has to wait for.
        self._latest: dict[str, UUID] = {}

    def enter(self, paper: Paper) -> None:
        self._note(paper)
        if ordered := paper.of(ON_ORDERS):
            self._enter_order(paper, ordered)
        if credited := paper.of(ON_CREDIT_NOTES):
            self._enter_credits(paper, credited)
        for number, line in enumerate(paper.of(CORRECTIONS), 1):
            self._enter_correction(f"correction/{paper.number}/{number}", paper, line)

    def _note(self, paper: Paper) -> None:
        for entry in paper.lines:
            self.kinds[entry.line.number] = entry.kind
            if entry.kind is Kind.REFUSED:
                self._refuse(f"paper/{paper.number}", "UNCLEAR_LINE", entry.reason, (entry.line.number,))

    def _enter_order(self, paper: Paper, ordered: list[Line]) -> None:
        goods = [line for line in ordered if is_goods(line.code)]
        charges = [line for line in ordered if not is_goods(line.code)]
        needs = self._parties(paper, goods)
        customer = self._customer_id(paper)
        self._orders[paper.number] = entries.order_id(paper)
        if self._step(
            f"order/{paper.number}",
            lambda: entries.order_of(paper, goods, charges, self._products, customer),
            needs,
            ordered,
        ):
            self._sell(paper, goods)

    def _sell(self, paper: Paper, goods: list[Line]) -> None:
        if paper.customer:
            self._sales.add(paper.number, goods)

    def _enter_correction(self, key: str, paper: Paper, line: Line) -> None:
        needs = self._parties(paper, [line])
        product_id = self._products[sku_of(line.code)]
        self._step(key, lambda: entries.correction_of(line, product_id), needs, [line])

    def _enter_credits(self, paper: Paper, credited: list[Line]) -> None:
        taken: dict[str, list[tuple[Line, Found]]] = defaultdict(list)
        rest: list[tuple[Line, int]] = []
        for line in credited:
            left = -line.quantity
            for found in self._take_back(line):
                taken[found.order].append((line, found))
                left -= found.quantity
            if left:
                rest.append((line, left))
        for order, pieces in taken.items():
            self._enter_return(paper, order, pieces)
        if rest:
            self._enter_credit_note(paper, rest)

    def _take_back(self, line: Line) -> list[Found]:
        if not line.customer or not is_goods(line.code):
            return []
        found = self._sales.take_back(line)
        if found:
            whole = sum(part.quantity for part in found) == -line.quantity
            self.kinds[line.number] = Kind.RETURNED if whole else Kind.PARTLY_RETURNED
        return found

    def _enter_return(self, paper: Paper, order: str, taken: list[tuple[Line, Found]]) -> None:
        pieces: Counter[int] = Counter()
        for _, found in taken:
            pieces[found.line] += found.quantity
        key, order_key = f"return/{paper.number}/{order}", f"order/{order}"
        order_id = self._orders[order]
        lines = dict.fromkeys(line for line, _ in taken)
        needs = (self._latest[order_key],)
        if self._step(key, lambda: entries.return_of(paper.minute, order_id, pieces), needs, lines):
            self._latest[order_key] = command_id(key)

    def _enter_credit_note(self, paper: Paper, rest: list[tuple[Line, int]]) -> None:
        lines = [line for line, _ in rest]
        needs = self._parties(paper, [line for line in lines if is_goods(line.code)])
        customer = self._customer_id(paper)
        self._step(
            f"credit/{paper.number}",
            lambda: entries.credit_note_of(paper, rest, self._products, customer),
            needs,
            lines,
        )

    def _parties(self, paper: Paper, goods: Iterable[Line]) -> tuple[UUID, ...]:
        """Makes sure of the customer and the products, and returns the steps that enter them."""
        keys = [self._customer_key(paper)] if paper.customer else []
        keys += dict.fromkeys(self._product_key(line) for line in goods)
        return tuple(self._latest[key] for key in keys if key in self._latest)

    def _customer_key(self, paper: Paper) -> str:
        number = paper.customer or ""
        key = f"customer/{number}"
        if number not in self._customers:
            command = self._step(key, lambda: entries.customer_of(paper, number))
            self._customers[number] = command.aggregate_id if command else command_id(key)
        return key

    def _customer_id(self, paper: Paper) -> UUID | None:
        return self._customers[paper.customer] if paper.customer else None

    def _product_key(self, line: Line) -> str:
        sku = sku_of(line.code)
        key = f"product/{sku}"
        if sku not in self._products:
            self._enter_product(key, self._known[sku])
        return key

    def _enter_product(self, key: str, product: Product) -> None:
        command = self._step(key, lambda: entries.product_of(product))
        product_id = self._products[product.sku] = command.aggregate_id if command else command_id(key)
        if command and product.opening:
            stock, needs = f"stock/{product.sku}", (command_id(key),)
            if self._step(stock, lambda: entries.opening_stock(product, product_id), needs):
                self._latest[key] = command_id(stock)

    def _step(
        self,
        key: str,
        build: Callable[[], Command],
        needs: tuple[UUID, ...] = (),
        carried: Iterable[Line] = (),
    ) -> Command | None:
        lines = tuple(line.number for line in carried)
        try:
            command = build()
        except Refusal as refusal:
            self._refuse(key, refusal.code, refusal.message, lines)
            return None
        self._latest[key] = command_id(key)
        self.steps.append(Step(key, self._latest[key], command, needs, lines))
        return command

    def _refuse(self, key: str, code: str, message: str, lines: tuple[int, ...]) -> None:
        self.refused.append(Refused(key, code, message, lines))
        self.kinds.update(dict.fromkeys(lines, Kind.REFUSED))
