"""Commands to customers."""

from datetime import datetime

import strawberry

from app.kernel.clock import new_id, now
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.customers.enums import Tier
from schema.reading import decode_id
from schema.values import AddressInput, PastAddressInput
from write_model.customers import commands


@strawberry.input
class RegisterCustomerInput(CommandInput):
    name: str
    email: str
    address: AddressInput

    def command(self) -> commands.RegisterCustomer:
        return commands.RegisterCustomer(
            at=now(), customer_id=new_id(), name=self.name, email=self.email, address=self.address.value()
        )


@strawberry.input
class RecordPastCustomerInput(CommandInput):
    name: str
    address: PastAddressInput
    registered_at: datetime

    def command(self) -> commands.RecordPastCustomer:
        return commands.RecordPastCustomer(
            at=self.registered_at, customer_id=new_id(), name=self.name, address=self.address.value()
        )


@strawberry.input
class ChangeAddressInput(ChangeInput):
    customer_id: strawberry.ID
    address: AddressInput

    def command(self) -> commands.ChangeAddress:
        customer_id = decode_id("customer", self.customer_id, "customerId")
        return commands.ChangeAddress(at=now(), customer_id=customer_id, address=self.address.value())


@strawberry.input
class UpgradeCustomerInput(ChangeInput):
    customer_id: strawberry.ID
    tier: Tier

    def command(self) -> commands.UpgradeCustomer:
        customer_id = decode_id("customer", self.customer_id, "customerId")
        return commands.UpgradeCustomer(at=now(), customer_id=customer_id, tier=self.tier)


@strawberry.type
class CustomersMutation:
    @strawberry.mutation(description="Make someone a customer. For operators.")
    async def register_customer(self, info: Info, input: RegisterCustomerInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Enter a customer from older books. For operators.")
    async def record_past_customer(self, info: Info, input: RecordPastCustomerInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Move a customer to another address. Customers move themselves alone.")
    async def change_address(self, info: Info, input: ChangeAddressInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Raise a customer to a higher tier. For operators.")
    async def upgrade_customer(self, info: Info, input: UpgradeCustomerInput) -> CommandResult:
        return await dispatch(info, input, input.command)
