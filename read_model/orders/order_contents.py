"""What an order holds, to be searched: written once, because its two indexes cost more than a change of status may."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from app.infra.event_log import encode
from app.infra.freshness import ReadModels
from app.infra.text_search import Words, beginnings, searchable
from app.kernel.messages import Recorded
from app.kernel.structs import Struct
from app.kernel.view import View, own_key
from write_model.orders.events import OrderPlaced, PastOrderRecorded

FEW: Final = 2_000
"""So many orders are found by their ids in a few milliseconds, however they are then sorted and counted."""


class OrderContents(Struct, frozen=True, kw_only=True):
    """One order's products, each once, and the words of their names and SKUs, its reference and its customer's name."""

    order_id: UUID
    products: tuple[UUID, ...]
    words: Words


def evolve(_: OrderContents | None, recorded: Recorded[Any], order_id: UUID) -> OrderContents:
    """The contents, which nothing changes later."""
    event: OrderPlaced = recorded.event
    return OrderContents(
        order_id=order_id,
        products=tuple(dict.fromkeys(item.product_id for item in event.items)),
        words=searchable(_texts(event)),
    )


def _texts(event: OrderPlaced) -> Iterator[str]:
    yield event.reference or ""
    yield event.customer_name
    for item in event.items:
        yield item.sku
        yield item.name


VIEW = View(
    name="order_contents",
    row=OrderContents,
    handles=(OrderPlaced, PastOrderRecorded),
    keys=own_key,
    evolve=evolve,
    indexes=("using gin (products jsonb_path_ops)", "using gin (words)"),
)


def tests(product_id: UUID | None, text: str | None) -> list[tuple[str, Any]]:
    """What orders must hold: SQL conditions that lack their parameter, and the parameters."""
    given = [
        ("products @> {}", encode([product_id]).decode() if product_id is not None else None),
        ("words @@ {}", beginnings(text) if text is not None else None),
    ]
    return [(test, value) for test, value in given if value is not None]


async def few(reads: ReadModels, product_id: UUID | None, text: str | None) -> tuple[UUID, ...] | None:
    """The orders that hold both, or None where there are more than a few, or nothing is asked."""
    held = tests(product_id, text)
    if not held:
        return None
    where = " and ".join(test.format(f"${n}") for n, (test, _) in enumerate(held, 1))
    orders = f"select order_id from {reads.table(VIEW).table} where {where} limit {FEW + 1}"
    found = await reads.fetchval(f"select array({orders})", *(value for _, value in held))
    return tuple(found) if len(found) <= FEW else None
