"""What the customers context refuses."""

from uuid import UUID

from app.kernel.errors import Refusal, excerpt


class CustomerNotFound(Refusal):
    """There is no such customer, or it is not the asker's to know of."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__("There is no such customer.", field="customerId")
        self.customer_id = customer_id


class CustomerAlreadyRegistered(Refusal):
    """This customer id is taken."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__("This customer is already registered.", field="customerId")
        self.customer_id = customer_id


class EmailAlreadyRegistered(Refusal):
    """Another customer has this e-mail address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{excerpt(email)} belongs to another customer.", field="email")
        self.email = email


class CustomerAlreadyInTier(Refusal):
    """An upgrade leads to a higher tier; this customer has it, or a higher one."""

    def __init__(self, tier: str) -> None:
        super().__init__(f"The customer is already {tier}; an upgrade leads to a higher tier.", field="tier")
        self.tier = tier


class AddressUnchanged(Refusal):
    """The customer lives there already."""

    def __init__(self) -> None:
        super().__init__("This is the customer's address already.", field="address")
