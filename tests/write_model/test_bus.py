"""One command, one transaction, one receipt: sent once or ten times, accepted, refused or cut off in the middle."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.kernel.clock import new_id, now
from app.kernel.errors import CommandIdReused, Forbidden, Refusal, VersionConflict
from app.kernel.messages import Command, Principal, Receipt, Role
from tests.write_model.floor import LYON, Floor, addition, order_of, registration
from write_model.catalog.commands import CorrectStock, ReceiveStock
from write_model.catalog.errors import SkuAlreadyUsed, StockWouldGoNegative
from write_model.customers.commands import ChangeAddress, Tier, UpgradeCustomer
from write_model.customers.errors import CustomerNotFound, EmailAlreadyRegistered
from write_model.orders.commands import CancelOrder, PayOrder, RecordCreditNote
from write_model.orders.errors import BuyerNotFound, CreditNoteAlreadyRecorded, OrderNotFound

NOBODY = Principal("nobody", frozenset())


def customer_principal(customer_id: UUID) -> Principal:
    return Principal(str(customer_id), frozenset({Role.CUSTOMER}), customer_id)


async def assert_refused(floor: Floor, command: Command, refusal: type[Exception], **said: Any) -> None:
    """Refused, and nothing happened."""
    before = await floor.contents()
    with pytest.raises((Refusal, VersionConflict)) as refused:
        await floor.send(command, **said)
    assert type(refused.value) is refusal
    assert await floor.contents() == before


class TestWhatIsWritten:
    async def test_events_carry_who_asked_and_what_for(self, floor: Floor) -> None:
        product = await floor.product()
        said = {"command_id": new_id(), "correlation_id": new_id(), "causation_id": new_id()}
        receipt = await floor.send(ReceiveStock(at=now(), product_id=product, pieces=3), **said)
        event = (await floor.events_of(product))[-1]
        assert msgspec.json.decode(event["metadata"]) == {
            "command": "ReceiveStock",
            "actor": "operator",
            **{name: str(value) for name, value in said.items()},
        }
        assert (event["type"], event["schema_version"], event["aggregate_type"]) == ("StockReceived", 1, "product")
        assert receipt == Receipt(said["command_id"], "product", product, event["version"], event["position"])

    async def test_the_commands_own_record_is_kept_beside_them(self, floor: Floor) -> None:
        command_id, product = new_id(), addition()
        receipt = await floor.send(product, command_id=command_id)
        record = await floor.db.fetchrow("select * from write.commands where command_id = $1", command_id)
        assert record is not None
        kept = {name: record[name] for name in ("type", "actor", "aggregate_id", "version", "position")}
        assert kept == {
            "type": "AddProduct",
            "actor": "operator",
            "aggregate_id": product.product_id,
            "version": 1,
            "position": receipt.position,
        }


class TestSentAgain:
    async def test_the_same_content_gives_the_first_receipt_and_does_nothing(self, floor: Floor) -> None:
        product, command_id = await floor.product(), new_id()
        command = ReceiveStock(at=now(), product_id=product, pieces=3)
        first = await floor.send(command, command_id=command_id)
        before = await floor.contents()
        later = replace(command, at=command.at + timedelta(hours=1))
        assert await floor.send(later, command_id=command_id) == first
        assert await floor.contents() == before

    async def test_ids_that_the_server_chose_do_not_matter(self, floor: Floor) -> None:
        command_id, command = new_id(), registration()
        first = await floor.send(command, command_id=command_id)
        assert await floor.send(replace(command, customer_id=new_id()), command_id=command_id) == first

    async def test_other_content_is_rejected(self, floor: Floor) -> None:
        product, command_id = await floor.product(), new_id()
        command = ReceiveStock(at=now(), product_id=product, pieces=3)
        await floor.send(command, command_id=command_id)
        others: list[tuple[Command, dict[str, Any]]] = [
            (replace(command, pieces=4), {}),
            (CorrectStock(at=now(), product_id=product, change=3, reason="counted"), {}),
            (command, {"expected_version": 2}),
            (command, {"actor": Principal("someone else", frozenset({Role.OPERATOR}))}),
        ]
        for other, said in others:
            await assert_refused(floor, other, CommandIdReused, command_id=command_id, **said)

    async def test_a_past_date_is_content(self, floor: Floor) -> None:
        command_id = new_id()
        line = {"product_id": None, "description": "Manual", "quantity": 1, "unit_price": "1.00"}
        note = msgspec.convert(
            {"at": now(), "credit_note_id": new_id(), "reference": "C1", "customer_id": None, "items": [line]}
            | {"country": "France", "currency": "GBP"},
            RecordCreditNote,
            strict=False,
        )
        first = await floor.send(note, command_id=command_id)
        assert await floor.send(note, command_id=command_id) == first
        moved = replace(note, at=note.at + timedelta(days=1))
        await assert_refused(floor, moved, CommandIdReused, command_id=command_id)
        await assert_refused(floor, note, CreditNoteAlreadyRecorded)

    async def test_a_refused_id_is_decided_anew(self, floor: Floor) -> None:
        product, command_id = await floor.product(), new_id()
        command = CorrectStock(at=now(), product_id=product, change=-1, reason="broken")
        await assert_refused(floor, command, StockWouldGoNegative, command_id=command_id)
        await floor.send(ReceiveStock(at=now(), product_id=product, pieces=1))
        assert (await floor.send(command, command_id=command_id)).version == 3


class TestSentTenTimesAtOnce:
    async def at_once(self, floor: Floor, commands: Sequence[Command], **said: Any) -> None:
        """All answer one receipt, and the command was carried out once."""
        events = await floor.db.fetchval("select count(*) from write.events")
        command_id = new_id()
        answers = await asyncio.gather(*(floor.try_to(each, command_id=command_id, **said) for each in commands))
        assert isinstance(answers[0], Receipt), answers[0]
        assert answers == [answers[0]] * len(answers)
        assert await floor.db.fetchval("select count(*) from write.events") == events + 1

    async def test_an_order_for_the_last_pieces(self, floor: Floor) -> None:
        product = await floor.product(3)
        order = order_of(await floor.customer(), [(product, 3)])
        await self.at_once(floor, [replace(order, order_id=new_id()) for _ in range(10)])
        assert await floor.on_hand(product) == 0

    async def test_a_payment(self, floor: Floor) -> None:
        product = await floor.product(1)
        order = await floor.send(order_of(await floor.customer(), [(product, 1)]))
        await self.at_once(floor, [PayOrder(at=now(), order_id=order.aggregate_id)] * 10)

    async def test_a_product_with_its_sku(self, floor: Floor) -> None:
        added = addition()
        await self.at_once(floor, [replace(added, product_id=new_id()) for _ in range(10)])

    async def test_a_customer_with_their_email(self, floor: Floor) -> None:
        registered = registration()
        await self.at_once(floor, [replace(registered, customer_id=new_id()) for _ in range(10)])

    async def test_a_change_to_the_version_expected(self, floor: Floor) -> None:
        moved = ChangeAddress(at=now(), customer_id=await floor.customer(), address=LYON)
        await self.at_once(floor, [moved] * 10, expected_version=1)


class TestRefusals:
    async def test_an_unexpected_version_is_a_conflict_with_both(self, floor: Floor) -> None:
        customer = await floor.customer()
        command = UpgradeCustomer(at=now(), customer_id=customer, tier=Tier.GOLD)
        for expected in (0, 2, 2**70):
            await assert_refused(floor, command, VersionConflict, expected_version=expected)
        conflict = await floor.try_to(command, expected_version=7)
        assert isinstance(conflict, VersionConflict)
        assert (conflict.aggregate_id, conflict.expected, conflict.actual) == (customer, 7, 1)
        assert (await floor.send(command, expected_version=1)).version == 2

    async def test_of_ten_who_expect_one_version_one_is_carried_out(self, floor: Floor) -> None:
        product = await floor.product()
        command = ReceiveStock(at=now(), product_id=product, pieces=1)
        answers = await asyncio.gather(*(floor.try_to(command, expected_version=1) for _ in range(10)))
        accepted = [each for each in answers if isinstance(each, Receipt)]
        conflicts = [each for each in answers if isinstance(each, VersionConflict)]
        assert [each.version for each in accepted] == [2]
        assert [(each.expected, each.actual) for each in conflicts] == [(1, 2)] * 9

    async def test_what_is_taken_stays_taken(self, floor: Floor) -> None:
        someone, something = registration(), addition()
        await floor.send(someone)
        await floor.send(something)
        shouted = replace(registration(), email=someone.email.upper())
        await assert_refused(floor, shouted, EmailAlreadyRegistered)
        await assert_refused(floor, replace(addition(), sku=something.sku), SkuAlreadyUsed)

    async def test_commands_for_operators_are_refused_to_everyone_else(self, floor: Floor) -> None:
        customer = await floor.customer()
        for command in (addition(), registration(), UpgradeCustomer(at=now(), customer_id=customer, tier=Tier.GOLD)):
            for actor in (NOBODY, customer_principal(customer)):
                await assert_refused(floor, command, Forbidden, actor=actor)

    async def test_a_customer_reaches_what_is_theirs_and_does_not_learn_of_the_rest(self, floor: Floor) -> None:
        mine, theirs, product = await floor.customer(), await floor.customer(), await floor.product(5)
        me = customer_principal(mine)
        order = (await floor.send(order_of(theirs, [(product, 1)]))).aggregate_id
        await assert_refused(floor, order_of(theirs, [(product, 1)]), BuyerNotFound, actor=me)
        await assert_refused(floor, PayOrder(at=now(), order_id=order), OrderNotFound, actor=me, expected_version=9)
        await assert_refused(floor, CancelOrder(at=now(), order_id=order), OrderNotFound, actor=me)
        moving = ChangeAddress(at=now(), customer_id=theirs, address=LYON)
        await assert_refused(floor, moving, CustomerNotFound, actor=me)
        await assert_refused(floor, order_of(mine, [(product, 1)]), Forbidden, actor=NOBODY)
        own = await floor.send(order_of(mine, [(product, 1)]), actor=me)
        assert (await floor.send(CancelOrder(at=now(), order_id=own.aggregate_id), actor=me)).version == 2
