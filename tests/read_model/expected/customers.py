"""What the customers' views must show."""

from app.kernel.view import Key
from read_model.customers.customer_profile import CustomerProfile
from tests.read_model.expected.rows import Rows
from tests.read_model.world.records import Shop


def customer_profile(shop: Shop) -> Rows:
    """Every customer as they are."""
    shown: dict[Key, CustomerProfile] = {}
    for key, each in shop.customers.items():
        town = " ".join(filter(None, (each.address.postal_code, each.address.city)))
        shown[key] = CustomerProfile(
            customer_id=key,
            name=each.name,
            email=each.email,
            tier=each.tier,
            address=each.address,
            display_address=", ".join(filter(None, (each.address.street, town, each.address.country))),
            registered_at=each.registered_at,
        )
    return shown
