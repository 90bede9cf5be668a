"""The operations that are measured, and requests made of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

_ORDER_FIELDS = """
    ... on Order {
      id version customerName customerEmail status total { amount currency } itemCount paymentMethod placedAt
      shippingAddress { street city }
      items { productId name quantity unitPrice { amount } }
    }
"""
"""12 scalars, and 4 fields of every item."""

ORDER = f"query Order($id: ID!) {{ order(id: $id) {{ {_ORDER_FIELDS} }} }}"
ORDER_AT_VERSION = (
    f"query Order($id: ID!, $version: Int!) {{ order(id: $id, minVersion: $version) {{ {_ORDER_FIELDS} }} }}"
)

PRODUCT = """query Product($id: ID!) {
  product(id: $id) {
    ... on Product {
      id version sku name description categories vendor price { amount currency } onHand discontinued addedAt updatedAt
    }
  }
}"""

ORDERS = """query Orders($country: String!) {
  orders(filter: { country: $country }, first: 50) {
    edges { node { id customerName status total { amount currency } itemCount city placedAt } }
  }
}"""
"""8 scalars of 50 orders."""

SEARCH = """query Search($text: String!) {
  products(text: $text, first: 20) {
    edges { node { id sku name vendor price { amount currency } onHand } }
    facets { categories { value count } vendors { value count } priceBands { count } inStock outOfStock }
  }
}"""

PLACE_ORDER = """mutation Place($input: PlaceOrderInput!) {
  placeOrder(input: $input) { __typename ... on CommandAccepted { aggregateId version token } }
}"""

PLACE_ORDER_PLAINLY = "mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) }"
"""As a server without receipts has it: the answer is the order's id."""

CHANGE_PRICE = """mutation Change($input: ChangePriceInput!) {
  changePrice(input: $input) { __typename ... on CommandAccepted { aggregateId version token } }
}"""

Variables = Mapping[str, Any]


def request(
    query: str, variables: Variables, *, path: str = "/graphql", headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP request with an operation and its variables."""
    body = msgspec.json.encode({"query": query, "variables": variables})
    said = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
