"""Commands to the catalog."""

from datetime import datetime

import strawberry

from app.kernel.clock import new_id, now
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.reading import decode_id, decode_optional_id
from schema.values import MoneyInput
from write_model.catalog import commands


@strawberry.input
class AddProductInput(CommandInput):
    sku: str
    name: str
    description: str = ""
    categories: list[str] = strawberry.field(default_factory=list)
    vendor: str | None = None
    price: MoneyInput

    def command(self) -> commands.AddProduct:
        return commands.AddProduct(
            at=now(),
            product_id=new_id(),
            sku=self.sku,
            name=self.name,
            description=self.description,
            categories=tuple(self.categories),
            vendor=self.vendor,
            price=self.price.value(),
        )


@strawberry.input
class RecordPastProductInput(CommandInput):
    sku: str
    name: str
    description: str = ""
    categories: list[str] = strawberry.field(default_factory=list)
    vendor: str | None = None
    price: MoneyInput
    added_at: datetime

    def command(self) -> commands.RecordPastProduct:
        return commands.RecordPastProduct(
            at=self.added_at,
            product_id=new_id(),
            sku=self.sku,
            name=self.name,
            description=self.description,
            categories=tuple(self.categories),
            vendor=self.vendor,
            price=self.price.value(),
        )


@strawberry.input
class ReviseProductInput(ChangeInput):
    product_id: strawberry.ID
    name: str
    description: str = ""
    categories: list[str] = strawberry.field(default_factory=list)
    vendor: str | None = None

    def command(self) -> commands.ReviseProduct:
        return commands.ReviseProduct(
            at=now(),
            product_id=decode_id("product", self.product_id, "productId"),
            name=self.name,
            description=self.description,
            categories=tuple(self.categories),
            vendor=self.vendor,
        )


@strawberry.input
class ChangePriceInput(ChangeInput):
    product_id: strawberry.ID
    price: MoneyInput

    def command(self) -> commands.ChangePrice:
        product_id = decode_id("product", self.product_id, "productId")
        return commands.ChangePrice(at=now(), product_id=product_id, price=self.price.value())


@strawberry.input
class DiscontinueProductInput(ChangeInput):
    product_id: strawberry.ID

    def command(self) -> commands.DiscontinueProduct:
        return commands.DiscontinueProduct(at=now(), product_id=decode_id("product", self.product_id, "productId"))


@strawberry.input
class ReceiveStockInput(ChangeInput):
    product_id: strawberry.ID
    pieces: int

    def command(self) -> commands.ReceiveStock:
        product_id = decode_id("product", self.product_id, "productId")
        return commands.ReceiveStock(at=now(), product_id=product_id, pieces=self.pieces)


@strawberry.input
class CorrectStockInput(ChangeInput):
    product_id: strawberry.ID
    change: int = strawberry.field(description="Pieces found (above zero) or lost (below).")
    reason: str

    def command(self) -> commands.CorrectStock:
        product_id = decode_id("product", self.product_id, "productId")
        return commands.CorrectStock(at=now(), product_id=product_id, change=self.change, reason=self.reason)


@strawberry.input
class RecordPastStockCorrectionInput(ChangeInput):
    product_id: strawberry.ID
    change: int
    reason: str
    corrected_at: datetime

    def command(self) -> commands.RecordPastStockCorrection:
        product_id = decode_id("product", self.product_id, "productId")
        return commands.RecordPastStockCorrection(
            at=self.corrected_at, product_id=product_id, change=self.change, reason=self.reason
        )


@strawberry.input
class ViewProductInput(CommandInput):
    product_id: strawberry.ID
    customer_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who looked: yourself if not given, or, where an operator gives none, a visitor not signed in.",
    )

    def command(self) -> commands.ViewProduct:
        return commands.ViewProduct(
            at=now(),
            view_id=new_id(),
            product_id=decode_id("product", self.product_id, "productId"),
            customer_id=decode_optional_id("customer", self.customer_id, "customerId"),
        )


@strawberry.type
class CatalogMutation:
    @strawberry.mutation(description="Put a product into the catalog. For operators.")
    async def add_product(self, info: Info, input: AddProductInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter a product from older books. For operators.")
    async def record_past_product(self, info: Info, input: RecordPastProductInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Say anew what a product is called and where it belongs. For operators.")
    async def revise_product(self, info: Info, input: ReviseProductInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Sell a product at another price from now on. For operators.")
    async def change_price(self, info: Info, input: ChangePriceInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Sell a product no longer. For operators.")
    async def discontinue_product(self, info: Info, input: DiscontinueProductInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Put pieces that came in on the shelf. For operators.")
    async def receive_stock(self, info: Info, input: ReceiveStockInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Set a stock count right, with the reason. For operators.")
    async def correct_stock(self, info: Info, input: CorrectStockInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter a stock correction from older books. For operators.")
    async def record_past_stock_correction(self, info: Info, input: RecordPastStockCorrectionInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Report that a product was looked at: by yourself, or, for operators, by anyone.")
    async def view_product(self, info: Info, input: ViewProductInput) -> CommandResult:
        return await dispatch(info, input, input.command)
