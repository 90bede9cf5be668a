"""Load, decide, save: what the commands to customers do."""

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.customers.aggregate import decide
from write_model.customers.commands import (
    ChangeAddress,
    RecordPastCustomer,
    RegisterCustomer,
    UpgradeCustomer,
)
from write_model.customers.errors import CustomerNotFound
from write_model.customers.repository import Customers


async def register_customer(command: RegisterCustomer | RecordPastCustomer, work: Work) -> None:
    """Makes someone a customer."""
    customers = Customers(work)
    customer = await customers.fresh(command.customer_id)
    customers.save(command.customer_id, customer, decide(customer, command))


async def change_customer(command: ChangeAddress | UpgradeCustomer, work: Work) -> None:
    """Carries out any command to one customer; a customer reaches their own record alone."""
    if not work.actor.owns(command.customer_id):
        raise CustomerNotFound(command.customer_id)
    customers = Customers(work)
    customer = await customers.load(command.customer_id)
    customers.save(command.customer_id, customer, decide(customer, command))


HANDLERS: Handlers = {
    RegisterCustomer: register_customer,
    RecordPastCustomer: register_customer,
    ChangeAddress: change_customer,
    UpgradeCustomer: change_customer,
}
