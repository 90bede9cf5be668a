"""What an order's page must show."""

from read_model.orders.order_details import DetailedItem, OrderDetails, StatusChange
from tests.read_model.world.records import Line, Order
from write_model.orders.events import Charge


def details(order: Order) -> OrderDetails:
    """The order as its page shows it."""
    return OrderDetails(
        order_id=order.order_id,
        reference=order.reference,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        status=order.status,
        currency=order.currency,
        total=order.total,
        refunded=order.refunded,
        item_count=sum(line.quantity for line in order.lines),
        items=tuple(_item(number, line) for number, line in enumerate(order.lines, 1)),
        charges=tuple(Charge(code=code, description=text, amount=amount) for code, text, amount in order.charges),
        shipping_address=order.shipping_address,
        billing_address=order.billing_address,
        payment_method=order.payment_method,
        tracking_code=order.tracking_code,
        placed_at=order.placed_at,
        history=tuple(
            StatusChange(status=status, at=at, actor=actor, reason=reason)
            for status, at, actor, reason in order.history
        ),
    )


def _item(number: int, line: Line) -> DetailedItem:
    assert line.product_id
    return DetailedItem(
        line=number,
        product_id=line.product_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        returned=line.returned,
        unit_price=line.unit_price,
        amount=line.quantity * line.unit_price,
    )
