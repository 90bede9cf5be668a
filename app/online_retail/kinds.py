"""What a line of the books can become."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of lines, in the order of the account; the value is what the account calls them."""

    ORDERED = "ordered by customers"
    GUEST_ORDERED = "ordered by guests"
    FREE = "given free with an order"
    REPEATED = "exact repeats within an order"
    CHARGED = "charges on orders"
    RETURNED = "returned, the orders found"
    PARTLY_RETURNED = "returned, orders found for a part"
    CREDITED = "credited, no order found"
    GUEST_CREDITED = "credited to guests"
    CHARGE_CREDITED = "charges credited"
    FOUND = "stock corrected upwards"
    LOST = "stock corrected downwards"
    NO_EFFECT = "without effect"
    REFUSED = "refused"

    @property
    def became(self) -> str:
        """What holds such a line afterwards."""
        return _BECAME[self]


_BECAME = {
    Kind.ORDERED: "lines of orders",
    Kind.GUEST_ORDERED: "lines of orders without a customer",
    Kind.FREE: "lines of orders at price 0",
    Kind.REPEATED: "further lines of the order, kept",
    Kind.CHARGED: "charges of orders: postage, carriage, vouchers, manual entries",
    Kind.RETURNED: "returns of pieces of those orders",
    Kind.PARTLY_RETURNED: "returns, the rest on a credit note",
    Kind.CREDITED: "credit notes, the goods back in stock",
    Kind.GUEST_CREDITED: "credit notes without a customer, the goods back in stock",
    Kind.CHARGE_CREDITED: "credit notes, money alone",
    Kind.FOUND: "stock corrections with the clerk's remark",
    Kind.LOST: "stock corrections with the clerk's remark",
    Kind.NO_EFFECT: "nothing: no money, and no pieces of anything kept in stock",
    Kind.REFUSED: "nothing, for the reasons below",
}
