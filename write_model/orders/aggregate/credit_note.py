"""A credit note of older books, an aggregate of its own that nothing follows."""

from collections.abc import Mapping
from datetime import tzinfo
from uuid import UUID

from write_model.orders.aggregate.order import business_day
from write_model.orders.commands import CreditLine, RecordCreditNote
from write_model.orders.events import CreditedItem, CreditNoteRecorded
from write_model.orders.ports import Offer


def credit(command: RecordCreditNote, offers: Mapping[UUID, Offer], *, zone: tzinfo) -> CreditNoteRecorded:
    """A credit note of older books; of goods it tells what the catalog knows of them."""
    return CreditNoteRecorded(
        credit_note_id=command.credit_note_id,
        reference=command.reference,
        customer_id=command.customer_id,
        country=command.country,
        currency=command.currency,
        items=tuple(_credited(item, offers[item.product_id] if item.product_id else None) for item in command.items),
        credited_at=command.at,
        credited_on=business_day(command.at, zone),
    )


def _credited(item: CreditLine, offer: Offer | None) -> CreditedItem:
    return CreditedItem(
        product_id=item.product_id,
        description=item.description,
        quantity=item.quantity,
        unit_price=item.unit_price,
        category=offer.category if offer else None,
        vendor=offer.vendor if offer else None,
    )
