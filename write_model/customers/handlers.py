"""Load, decide, save: what the commands to customers do."""

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.customers.aggregate import CustomerCommand, decide
from write_model.customers.commands import (
    ChangeAddress,
    RecordPastCustomer,
    RegisterCustomer,
    UpgradeCustomer,
)
from write_model.customers.errors import CustomerNotFound
from write_model.customers.repository import Customers


async def change_customer(command: CustomerCommand, work: Work) -> None:
    """Carries out any command to one customer; a customer reaches their own record alone."""
    if not work.actor.owns(command.customer_id):
        raise CustomerNotFound(command.customer_id)
    customers = Customers(work)
    customer = await customers.load(command.customer_id)
    await customers.save(command.customer_id, customer, decide(customer, command))


HANDLERS: Handlers = {
    RegisterCustomer: change_customer,
    RecordPastCustomer: change_customer,
    ChangeAddress: change_customer,
    UpgradeCustomer: change_customer,
}
