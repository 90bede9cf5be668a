"""The connection is lost just before a command is committed, or just before anyone hears of it: it is done once."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import pytest

from app import bootstrap
from app.kernel.messages import Receipt
from tests.write_model.floor import Floor, order_of

SOCKET = ".s.PGSQL.5432"
ONE_ROW, INSERTED, COMMITTED = b"s\x00\x00\x00\x04Z", b"INSERT 0 1\x00", b"COMMIT\x00"
"""How answers end: one row was asked for and is there, and no transaction is open; many inserts; a transaction."""

COMMIT = b"COMMIT;\x00"
"""What is asked last."""


@dataclass
class Line:
    """Connections to PostgreSQL, of which one is cut instead of passing on certain words of a question or an answer."""

    postgres: Path
    words: bytes | None = None
    cut: int = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_unix_connection(self.postgres)
        asking = asyncio.create_task(self._pass_on(reader, their_writer))
        await self._pass_on(their_reader, writer)
        await asking

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if self.words and self.words in data:
                    self.words, self.cut = None, self.cut + 1
                    break
                writer.write(data)
        writer.close()


@asynccontextmanager
async def over_a_line(floor: Floor) -> AsyncIterator[tuple[Floor, Line]]:
    """The floor as a process reaches it over such a line."""
    url = urlsplit(floor.made.database_url)
    line = Line(Path(parse_qs(url.query)["host"][0]) / SOCKET)
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.start_unix_server(line.connected, Path(folder) / SOCKET)
        through = urlunsplit(url._replace(query=f"host={folder}"))
        async with server, bootstrap.commands(floor.made.settings.model_copy(update={"database_url": through})) as side:
            yield replace(floor, side=side), line


@pytest.mark.parametrize(("orders", "words"), [(1, ONE_ROW), (6, INSERTED), (6, COMMIT), (6, COMMITTED)])
async def test_it_is_done_once_and_the_receipts_are_true(floor: Floor, orders: int, words: bytes) -> None:
    product, customer = await floor.product(10), await floor.customer()
    async with over_a_line(floor) as (process, line):
        await process.send(order_of(customer, [(product, 1)]))
        line.words = words
        sent = [order_of(customer, [(product, 1)]) for _ in range(orders)]
        answers = await asyncio.gather(*(process.try_to(each) for each in sent))
    assert line.cut == 1
    receipts = [each for each in answers if isinstance(each, Receipt)]
    assert [receipt.aggregate_id for receipt in receipts] == [each.order_id for each in sent]
    events = [event for each in sent for event in await floor.events_of(each.order_id)]
    assert [event["position"] for event in events] == [receipt.position for receipt in receipts]
    assert await floor.on_hand(product) == 9 - orders
