"""What the catalog context refuses."""

from uuid import UUID

from app.kernel.errors import Refusal, excerpt


class ProductNotFound(Refusal):
    """There is no such product."""

    def __init__(self, product_id: UUID) -> None:
        super().__init__("There is no such product.", field="productId")
        self.product_id = product_id


class ProductAlreadyAdded(Refusal):
    """This product id is taken."""

    def __init__(self, product_id: UUID) -> None:
        super().__init__("This product is already in the catalog.", field="productId")
        self.product_id = product_id


class SkuAlreadyUsed(Refusal):
    """Another product has this sku."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"Another product has the sku {excerpt(sku)}.", field="sku")
        self.sku = sku


class ProductAlreadyDiscontinued(Refusal):
    """A discontinued product is neither revised, priced nor discontinued again."""

    def __init__(self, product_id: UUID) -> None:
        super().__init__("This product is discontinued.", field="productId")
        self.product_id = product_id


class PriceUnchanged(Refusal):
    """The product has this price already."""

    def __init__(self) -> None:
        super().__init__("The product has this price already.", field="price")


class ProductUnchanged(Refusal):
    """The revision says nothing new."""

    def __init__(self) -> None:
        super().__init__("The revision changes nothing.")


class StockWouldGoNegative(Refusal):
    """A correction takes away more than there is."""

    def __init__(self, *, on_hand: int, change: int) -> None:
        super().__init__(f"Only {on_hand} on hand; cannot correct by {change}.", field="change")
        self.on_hand, self.change = on_hand, change


class ViewerNotFound(Refusal):
    """The view names a customer who does not exist, or who is not the asker."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__("There is no such customer.", field="customerId")
        self.customer_id = customer_id
