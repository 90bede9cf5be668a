"""The types of the Strawberry controls, with those fields of the product's that the bench asks for.

Amounts and moments are the texts that they are shown as.
"""

import strawberry


@strawberry.type
class Money:
    amount: str
    currency: str


@strawberry.type
class Address:
    street: str | None
    city: str | None


@strawberry.type
class OrderItem:
    product_id: strawberry.ID
    name: str
    quantity: int
    unit_price: Money


@strawberry.type
class Order:
    id: strawberry.ID
    version: int
    customer_name: str
    customer_email: str | None
    status: str
    total: Money
    item_count: int
    payment_method: str
    placed_at: str
    shipping_address: Address
    items: list[OrderItem]


@strawberry.type
class Product:
    id: strawberry.ID
    version: int
    sku: str
    name: str
    description: str
    categories: list[str]
    vendor: str | None
    price: Money
    on_hand: int
    discontinued: bool
    added_at: str
    updated_at: str
