"""The rules of customers: registered once, moved, raised to a higher tier and never lowered."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.kernel import structs
from app.kernel.clock import new_id
from app.kernel.errors import InvalidValue
from app.kernel.values import Address
from tests.write_model.scenario import Scenario
from write_model.customers.aggregate import Customer, decide, evolve
from write_model.customers.commands import (
    ChangeAddress,
    RecordPastCustomer,
    RegisterCustomer,
    Tier,
    UpgradeCustomer,
)
from write_model.customers.errors import (
    AddressUnchanged,
    CustomerAlreadyInTier,
    CustomerAlreadyRegistered,
    CustomerNotFound,
)
from write_model.customers.events import AddressChanged, CustomerRegistered, CustomerUpgraded

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = new_id()
LONDON = Address(street="12 Analytical Row", city="London", postal_code="EC1A 1BB", country="United Kingdom")
LYON = Address(street="27 rue des Écoles", city="Lyon", postal_code="69002", country="France")

REGISTER = RegisterCustomer(at=AT, customer_id=ADA, name="Ada Byrne", email="ada@example.com", address=LONDON)
RECORD = RecordPastCustomer(at=AT, customer_id=ADA, name="Ada Byrne", address=LONDON)
REGISTERED = CustomerRegistered(
    customer_id=ADA, name="Ada Byrne", email="ada@example.com", address=LONDON, registered_at=AT
)
MOVE = ChangeAddress(at=AT, customer_id=ADA, address=LYON)
MOVED = AddressChanged(customer_id=ADA, address=LYON, changed_at=AT)

customer = Scenario[Customer](decide, evolve)


def upgrade(tier: Tier) -> UpgradeCustomer:
    return UpgradeCustomer(at=AT, customer_id=ADA, tier=tier)


def upgraded(tier: Tier) -> CustomerUpgraded:
    return CustomerUpgraded(customer_id=ADA, tier=tier.value, upgraded_at=AT)


def test_a_customer_is_registered() -> None:
    customer.when(REGISTER).then(REGISTERED)


def test_a_customer_of_older_books_has_no_email() -> None:
    customer.when(RECORD).then(structs.replace(REGISTERED, email=None))


@pytest.mark.parametrize("command", [REGISTER, RECORD])
def test_an_id_is_registered_once(command: RegisterCustomer | RecordPastCustomer) -> None:
    customer.given(REGISTERED).when(command).then_refused(CustomerAlreadyRegistered, customer_id=ADA)


def test_a_customer_moves_but_not_to_where_they_live() -> None:
    customer.given(REGISTERED).when(MOVE).then(MOVED)
    customer.given(REGISTERED, MOVED).when(MOVE).then_refused(AddressUnchanged)
    back = ChangeAddress(at=AT, customer_id=ADA, address=LONDON)
    customer.given(REGISTERED, MOVED).when(back).then(AddressChanged(customer_id=ADA, address=LONDON, changed_at=AT))


@pytest.mark.parametrize(("had", "wanted"), list(itertools.product(Tier, Tier)))
def test_an_upgrade_leads_upwards_only(had: Tier, wanted: Tier) -> None:
    past = [REGISTERED] if had is Tier.STANDARD else [REGISTERED, upgraded(had)]
    asked = customer.given(*past).when(upgrade(wanted))
    if list(Tier).index(wanted) > list(Tier).index(had):
        asked.then(upgraded(wanted))
    else:
        asked.then_refused(CustomerAlreadyInTier, tier=had)


@pytest.mark.parametrize("command", [MOVE, upgrade(Tier.GOLD)])
def test_nothing_happens_to_someone_unknown(command: Any) -> None:
    customer.when(command).then_refused(CustomerNotFound, customer_id=ADA)


def test_the_fold_counts_versions_and_keeps_what_was_said_last() -> None:
    state = customer.given(REGISTERED, MOVED, upgraded(Tier.GOLD)).state
    assert state == Customer(
        customer_id=ADA, name="Ada Byrne", email="ada@example.com", tier=Tier.GOLD, address=LYON, version=3
    )


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "a@b@c.d"])
def test_an_email_looks_like_one(email: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        replace(REGISTER, email=email)
    assert refused.value.field == "email"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "\x00"])
def test_a_name_can_be_stored_and_read(name: str) -> None:
    for command in (REGISTER, RECORD):
        with pytest.raises(InvalidValue):
            replace(command, name=name)
