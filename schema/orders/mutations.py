"""Commands to orders."""

from datetime import datetime
from decimal import Decimal

import strawberry

from app.kernel.clock import new_id, now
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.orders.enums import PaymentMethod
from schema.reading import decode_id, decode_optional_id
from schema.values import AddressInput, PastAddressInput
from write_model.orders import commands


@strawberry.input
class OrderItemInput:
    product_id: strawberry.ID
    quantity: int

    def value(self) -> commands.WantedItem:
        product_id = decode_id("product", self.product_id, "items.productId")
        return commands.WantedItem(product_id=product_id, quantity=self.quantity)


@strawberry.input
class PlaceOrderInput(CommandInput):
    customer_id: strawberry.ID
    items: list[OrderItemInput]
    payment_method: PaymentMethod = PaymentMethod.CARD
    shipping_address: AddressInput | None = None
    billing_address: AddressInput | None = None

    def command(self) -> commands.PlaceOrder:
        return commands.PlaceOrder(
            at=now(),
            order_id=new_id(),
            customer_id=decode_id("customer", self.customer_id, "customerId"),
            items=tuple(item.value() for item in self.items),
            payment_method=self.payment_method,
            shipping_address=self.shipping_address.value() if self.shipping_address else None,
            billing_address=self.billing_address.value() if self.billing_address else None,
        )


@strawberry.input
class PayOrderInput(ChangeInput):
    order_id: strawberry.ID

    def command(self) -> commands.PayOrder:
        return commands.PayOrder(at=now(), order_id=decode_id("order", self.order_id, "orderId"))


@strawberry.input
class ShipOrderInput(ChangeInput):
    order_id: strawberry.ID
    tracking_code: str | None = None

    def command(self) -> commands.ShipOrder:
        order_id = decode_id("order", self.order_id, "orderId")
        return commands.ShipOrder(at=now(), order_id=order_id, tracking_code=self.tracking_code)


@strawberry.input
class DeliverOrderInput(ChangeInput):
    order_id: strawberry.ID

    def command(self) -> commands.DeliverOrder:
        return commands.DeliverOrder(at=now(), order_id=decode_id("order", self.order_id, "orderId"))


@strawberry.input
class CancelOrderInput(ChangeInput):
    order_id: strawberry.ID
    reason: str = ""

    def command(self) -> commands.CancelOrder:
        order_id = decode_id("order", self.order_id, "orderId")
        return commands.CancelOrder(at=now(), order_id=order_id, reason=self.reason)


@strawberry.input(description="Pieces of one line, counted from 1 as the order shows it.")
class ReturnedItemInput:
    line: int
    quantity: int

    def value(self) -> commands.ReturnedPieces:
        return commands.ReturnedPieces(line=self.line, quantity=self.quantity)


@strawberry.input
class ReturnItemsInput(ChangeInput):
    order_id: strawberry.ID
    items: list[ReturnedItemInput]

    def command(self) -> commands.ReturnItems:
        return commands.ReturnItems(
            at=now(),
            order_id=decode_id("order", self.order_id, "orderId"),
            items=tuple(item.value() for item in self.items),
        )


@strawberry.input
class PastItemInput:
    product_id: strawberry.ID
    quantity: int
    unit_price: Decimal

    def value(self) -> commands.PastItem:
        product_id = decode_id("product", self.product_id, "items.productId")
        return commands.PastItem(product_id=product_id, quantity=self.quantity, unit_price=self.unit_price)


@strawberry.input(description="An amount that is not goods.")
class PastChargeInput:
    code: str
    description: str
    amount: Decimal

    def value(self) -> commands.PastCharge:
        return commands.PastCharge(code=self.code, description=self.description, amount=self.amount)


@strawberry.input
class RecordPastOrderInput(CommandInput):
    reference: str
    customer_id: strawberry.ID | None = None
    items: list[PastItemInput]
    charges: list[PastChargeInput] = strawberry.field(default_factory=list)
    currency: str
    address: PastAddressInput
    placed_at: datetime

    def command(self) -> commands.RecordPastOrder:
        return commands.RecordPastOrder(
            at=self.placed_at,
            order_id=new_id(),
            reference=self.reference,
            customer_id=decode_optional_id("customer", self.customer_id, "customerId"),
            items=tuple(item.value() for item in self.items),
            charges=tuple(charge.value() for charge in self.charges),
            currency=self.currency,
            address=self.address.value(),
        )


@strawberry.input
class RecordPastReturnInput(ChangeInput):
    order_id: strawberry.ID
    items: list[ReturnedItemInput]
    returned_at: datetime

    def command(self) -> commands.RecordPastReturn:
        return commands.RecordPastReturn(
            at=self.returned_at,
            order_id=decode_id("order", self.order_id, "orderId"),
            items=tuple(item.value() for item in self.items),
        )


@strawberry.input(description="A line of a credit note; without a product it is money alone.")
class CreditLineInput:
    product_id: strawberry.ID | None = None
    description: str
    quantity: int
    unit_price: Decimal

    def value(self) -> commands.CreditLine:
        return commands.CreditLine(
            product_id=decode_optional_id("product", self.product_id, "items.productId"),
            description=self.description,
            quantity=self.quantity,
            unit_price=self.unit_price,
        )


@strawberry.input
class RecordCreditNoteInput(CommandInput):
    reference: str
    customer_id: strawberry.ID | None = None
    country: str
    currency: str
    items: list[CreditLineInput]
    credited_at: datetime

    def command(self) -> commands.RecordCreditNote:
        return commands.RecordCreditNote(
            at=self.credited_at,
            credit_note_id=new_id(),
            reference=self.reference,
            customer_id=decode_optional_id("customer", self.customer_id, "customerId"),
            country=self.country,
            currency=self.currency,
            items=tuple(item.value() for item in self.items),
        )


@strawberry.type
class OrdersMutation:
    @strawberry.mutation(description="Order goods at the catalog's prices. Refused at once if it cannot be filled.")
    async def place_order(self, info: Info, input: PlaceOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Note that the money came in.")
    async def pay_order(self, info: Info, input: PayOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Send the goods. For operators.")
    async def ship_order(self, info: Info, input: ShipOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Note that the goods arrived. For operators.")
    async def deliver_order(self, info: Info, input: DeliverOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Give an order up before it is shipped; its goods go back into stock.")
    async def cancel_order(self, info: Info, input: CancelOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Take delivered goods back, line by line, into stock.")
    async def return_items(self, info: Info, input: ReturnItemsInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter an order from older books. For operators.")
    async def record_past_order(self, info: Info, input: RecordPastOrderInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter a return from older books. For operators.")
    async def record_past_return(self, info: Info, input: RecordPastReturnInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter a credit note that belongs to no known order. For operators.")
    async def record_credit_note(self, info: Info, input: RecordCreditNoteInput) -> CommandResult:
        return await dispatch(info, input, input.command)
