"""The shop's customers, products and orders as rows of the CRUD control's tables."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.bench.catalog import Article, Buyer, Placed
from app.bench.controls.crud.tables import Address, Customer, Order, OrderAddress, OrderItem, Product, Rows, Stock
from app.kernel import typeid

_PLENTY = 1_000_000_000


def rows(articles: Sequence[Article], buyers: Sequence[Buyer], orders: Sequence[Placed], currency: str) -> Rows:
    """What `tables.fill` takes."""
    return {
        Address: [{"id": number, **_address(buyer)} for number, buyer in enumerate(buyers)],
        Customer: [_customer(number, buyer) for number, buyer in enumerate(buyers)],
        Product: [{"id": _product(each), "name": each.name, "price": each.price} for each in articles],
        Stock: [{"product_id": _product(each), "on_hand": _PLENTY} for each in articles],
        Order: [_order(each, currency) for each in orders],
        OrderItem: [item for each in orders for item in _items(each)],
        OrderAddress: [
            {"order_id": _id(each), "kind": kind, **_address(each.buyer)}
            for each in orders
            for kind in ("shipping", "billing")
        ],
    }


def _address(buyer: Buyer) -> Mapping[str, Any]:
    home = buyer.address
    return {"street": home.street, "city": home.city, "postal_code": home.postal_code, "country": home.country}


def _customer(number: int, buyer: Buyer) -> Mapping[str, Any]:
    id_ = typeid.encode("customer", buyer.customer_id)
    return {"id": id_, "name": buyer.name, "email": buyer.email, "address_id": number}


def _order(placed: Placed, currency: str) -> Mapping[str, Any]:
    return {
        "id": _id(placed),
        "version": 2 if placed.paid else 1,
        "customer_id": typeid.encode("customer", placed.buyer.customer_id),
        "status": placed.status,
        "total": placed.total,
        "currency": currency,
        "payment_method": "CARD",
        "placed_at": placed.at,
    }


def _items(placed: Placed) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "order_id": _id(placed),
            "line": line,
            "product_id": _product(article),
            "quantity": pieces,
            "unit_price": Decimal(article.price),
        }
        for line, (article, pieces) in enumerate(placed.items, 1)
    ]


def _id(placed: Placed) -> str:
    return typeid.encode("order", placed.order_id)


def _product(article: Article) -> str:
    return typeid.encode("product", article.product_id)
