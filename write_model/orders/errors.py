"""What the orders context refuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which an order wants more than there is."""

    product_id: UUID
    sku: str
    wanted: int
    on_hand: int


class OrderNotFound(Refusal):
    """There is no such order, or it is not the asker's to know of."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__("There is no such order.", field="orderId")
        self.order_id = order_id


class OrderAlreadyPlaced(Refusal):
    """This order id is taken."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__("This order was already placed.", field="orderId")
        self.order_id = order_id


class BuyerNotFound(Refusal):
    """The order names a customer who does not exist, or who is not the asker."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__("There is no such customer.", field="customerId")
        self.customer_id = customer_id


class EmptyOrder(Refusal):
    """An order needs a line."""

    def __init__(self) -> None:
        super().__init__("An order needs at least one item.", field="items")


class TooManyLines(Refusal):
    """An order has an upper bound of lines."""

    def __init__(self, *, lines: int, at_most: int) -> None:
        super().__init__(f"{lines} items in one order; at most {at_most} are allowed.", field="items")
        self.lines, self.at_most = lines, at_most


class ProductNotForSale(Refusal):
    """The order names a product that is unknown or discontinued."""

    def __init__(self, product_id: UUID, *, sku: str | None = None) -> None:
        what = f"{sku} is discontinued" if sku else "There is no such product"
        super().__init__(f"{what}; nothing was ordered.", field="items")
        self.product_id = product_id


class InsufficientStock(Refusal):
    """The order cannot be filled; every product that is short is named."""

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        short = "; ".join(f"{s.sku}: wanted {s.wanted}, on hand {s.on_hand}" for s in shortages)
        super().__init__(f"Not enough in stock: {short}.", field="items")
        self.shortages = tuple(shortages)


class ShippingAddressMissing(Refusal):
    """Neither the order nor the customer's record tells the whole address to send to."""

    def __init__(self) -> None:
        super().__init__("Say where to ship to: the customer's own address is incomplete.", field="shippingAddress")


class StatusTransitionNotAllowed(Refusal):
    """An order moves only along the allowed ways."""

    def __init__(self, *, status: str, wanted: str) -> None:
        super().__init__(f"An order that is {status} cannot become {wanted}.")
        self.status, self.wanted = status, wanted


class OrderNotPending(Refusal):
    """Only an order that waits for its money expires."""

    def __init__(self, *, status: str) -> None:
        super().__init__(f"An order that is {status} does not wait for its money.")
        self.status = status


class CreditNoteAlreadyRecorded(Refusal):
    """This credit note id is taken."""

    def __init__(self, credit_note_id: UUID) -> None:
        super().__init__("This credit note was already recorded.")
        self.credit_note_id = credit_note_id


class LineNotReturnable(Refusal):
    """A return names a line that the order has not, or more pieces than are still with the customer."""

    def __init__(self, *, line: int, wanted: int, left: int) -> None:
        super().__init__(f"Line {line}: {wanted} to return, but {left} can be.", field="items")
        self.line, self.wanted, self.left = line, wanted, left
