"""The commands that enter the books. Each raises a Refusal for values that no command can hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.kernel.values import Address, Money
from app.online_retail.books import Line
from app.online_retail.goods import Product, is_goods, sku_of
from app.online_retail.papers import Paper
from app.online_retail.steps import aggregate_id
from write_model.catalog.commands import ReceiveStock, RecordPastProduct, RecordPastStockCorrection
from write_model.customers.commands import RecordPastCustomer
from write_model.orders.commands import (
    CreditLine,
    PastCharge,
    PastItem,
    RecordCreditNote,
    RecordPastOrder,
    RecordPastReturn,
    ReturnedPieces,
)

CURRENCY = "GBP"

Ids = Mapping[str, UUID]
"""By sku, customer or invoice number, the id of what was made for it."""


def product_of(product: Product) -> RecordPastProduct:
    """The product, dated by its first line."""
    return RecordPastProduct(
        at=product.first,
        product_id=aggregate_id(f"product/{product.sku}", product.first),
        sku=product.sku,
        name=product.name,
        price=Money(product.price, CURRENCY),
    )


def opening_stock(product: Product, product_id: UUID) -> ReceiveStock:
    """Enough pieces for everything that the books take out, and some to sell."""
    return ReceiveStock(at=product.first, product_id=product_id, pieces=product.opening)


def customer_of(paper: Paper, number: str) -> RecordPastCustomer:
    """The customer as the first paper shows them: no name, and of the address the country."""
    return RecordPastCustomer(
        at=paper.minute,
        customer_id=aggregate_id(f"customer/{number}", paper.minute),
        name=f"Customer {number}",
        address=_address(paper),
    )


def order_of(
    paper: Paper, goods: Sequence[Line], charges: Sequence[Line], products: Ids, customer_id: UUID | None
) -> RecordPastOrder:
    """The order that an invoice tells of."""
    return RecordPastOrder(
        at=paper.minute,
        order_id=order_id(paper),
        reference=paper.number,
        customer_id=customer_id,
        items=tuple(
            PastItem(product_id=products[sku_of(line.code)], quantity=line.quantity, unit_price=line.price)
            for line in goods
        ),
        charges=tuple(_charge(line) for line in charges),
        currency=CURRENCY,
        address=_address(paper),
    )


def order_id(paper: Paper) -> UUID:
    """The id of the order that an invoice tells of."""
    return aggregate_id(f"order/{paper.number}", paper.minute)


def return_of(at: datetime, order: UUID, pieces: Mapping[int, int]) -> RecordPastReturn:
    """A return of pieces, by line of the order."""
    items = tuple(ReturnedPieces(line=line, quantity=pieces[line]) for line in sorted(pieces))
    return RecordPastReturn(at=at, order_id=order, items=items)


def credit_note_of(
    paper: Paper, credited: Sequence[tuple[Line, int]], products: Ids, customer_id: UUID | None
) -> RecordCreditNote:
    """The credit note for so many pieces of each of these lines."""
    return RecordCreditNote(
        at=paper.minute,
        credit_note_id=aggregate_id(f"credit/{paper.number}", paper.minute),
        reference=paper.number,
        customer_id=customer_id,
        country=paper.country,
        currency=CURRENCY,
        items=tuple(_credit_line(line, pieces, products) for line, pieces in credited),
    )


def correction_of(line: Line, product_id: UUID) -> RecordPastStockCorrection:
    """The correction that a clerk noted, with the remark as the reason."""
    reason = line.description or "No remark"
    return RecordPastStockCorrection(at=line.minute, product_id=product_id, change=line.quantity, reason=reason)


def _charge(line: Line) -> PastCharge:
    amount: Decimal = line.price * line.quantity
    return PastCharge(code=sku_of(line.code), description=line.description or line.code, amount=amount)


def _credit_line(line: Line, pieces: int, products: Ids) -> CreditLine:
    return CreditLine(
        product_id=products[sku_of(line.code)] if is_goods(line.code) else None,
        description=line.description or line.code,
        quantity=pieces,
        unit_price=line.price,
    )


def _address(paper: Paper) -> Address:
    return Address(street=None, city=None, postal_code=None, country=paper.country)
