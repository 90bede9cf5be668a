import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from app.kernel.errors import Busy, CommandIdReused
from app.kernel.messages import Command, Envelope, Receipt
from app.online_retail import run as run_module
from app.online_retail.account import Account
from app.online_retail.books import BookError, read
from app.online_retail.kinds import Kind
from app.online_retail.plan import Refused, plan
from app.online_retail.progress import Bar
from app.online_retail.run import run
from app.online_retail.steps import command_id
from tests.app.online_retail.book import Entry, written

BOOK = (
    Entry("536365", quantity=6),
    Entry("536366", customer="", code="POST", description="POSTAGE"),
    Entry("C536367", quantity=-4),
    Entry("C536368", quantity=-4),
)
KEYS = {
    "customer/17850",
    "product/22423",
    "stock/22423",
    "order/536365",
    "order/536366",
    "return/C536367/536365",
    "return/C536368/536365",
    "credit/C536368",
}
LINES = {
    Kind.ORDERED: 1,
    Kind.CHARGED: 1,
    Kind.RETURNED: 1,
    Kind.PARTLY_RETURNED: 1,
}


class Killed(Exception):
    """The process ended."""


@dataclass
class RecordingBus:
    """Accepts commands as the real one does by their ids, and can be told to fail."""

    sent: dict[UUID, Command] = field(default_factory=dict)
    order: list[UUID] = field(default_factory=list)
    fails: dict[UUID, list[Exception]] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0

    async def dispatch(self, command: Command, envelope: Envelope) -> Receipt:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if errors := self.fails.get(envelope.command_id):
            raise errors.pop(0)
        if self.sent.setdefault(envelope.command_id, command) != command:
            raise CommandIdReused(envelope.command_id)
        self.order.append(envelope.command_id)
        return Receipt(envelope.command_id, "any", command.aggregate_id, 1, len(self.order))

    async def accepted(self, commands: Sequence[tuple[Command, Envelope]]) -> set[UUID]:
        return {envelope.command_id for command, envelope in commands if self.sent.get(envelope.command_id) == command}


@dataclass
class Told:
    """Remembers the phases that a run tells of: title, total, and lines done."""

    phases: list[list[Any]] = field(default_factory=list)

    def begin(self, title: str, total: int | None = None) -> None:
        self.phases.append([title, total, 0])

    def advance(self, lines: int) -> None:
        self.phases[-1][2] += lines


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def write(*entries: Entry) -> Path:
        file = tmp_path / "book.csv"
        file.write_text(written(entries), encoding="utf-8")
        return file

    return write


async def imported(file: Path, bus: RecordingBus, told: Told | None = None) -> Account:
    async def caught_up() -> None:
        assert bus.at_once == 0

    return await run(file, bus, bus.accepted, caught_up, told or Told())


def settled(lines: dict[Kind, int], *refused: Refused, resumed: int = 0) -> Account:
    return Account({kind: lines.get(kind, 0) for kind in Kind}, refused, len(KEYS), resumed)


async def test_all_steps_are_dispatched_after_what_they_need(book: Callable[..., Path]) -> None:
    bus = RecordingBus()
    assert await imported(book(*BOOK), bus) == settled(LINES)
    assert set(bus.order) == {command_id(key) for key in KEYS}
    done: set[UUID] = set()
    needs = {step.command_id: set(step.needs) for step in plan(read(book(*BOOK))).steps}
    for sent in bus.order:
        assert needs[sent] <= done
        done.add(sent)


async def test_steps_run_side_by_side_but_no_more_than_allowed(book: Callable[..., Path]) -> None:
    bus = RecordingBus()
    await imported(book(*(Entry(str(number), customer="", code="POST") for number in range(60))), bus)
    assert bus.most_at_once == run_module.AT_ONCE


async def test_a_second_run_dispatches_nothing(book: Callable[..., Path]) -> None:
    bus = RecordingBus()
    await imported(book(*BOOK), bus)
    bus.order.clear()
    assert await imported(book(*BOOK), bus) == settled(LINES, resumed=len(KEYS))
    assert bus.order == []


async def test_after_a_kill_the_rest_is_dispatched(book: Callable[..., Path]) -> None:
    bus = RecordingBus(fails={command_id("return/C536367/536365"): [Killed()]})
    with pytest.raises(Killed):
        await imported(book(*BOOK), bus)
    before = set(bus.sent)
    bus.order.clear()
    assert await imported(book(*BOOK), bus) == settled(LINES, resumed=len(before))
    assert set(bus.order) == {command_id(key) for key in KEYS} - before


async def test_a_changed_invoice_is_refused_and_the_rest_goes_on(book: Callable[..., Path]) -> None:
    bus = RecordingBus()
    await imported(book(*BOOK), bus)
    changed = Entry("536366", customer="", code="POST", description="POSTAGE", price="9")
    reused = CommandIdReused(command_id("order/536366"))
    assert await imported(book(BOOK[0], changed, *BOOK[2:]), bus) == settled(
        LINES | {Kind.CHARGED: 0, Kind.REFUSED: 1},
        Refused("order/536366", "COMMAND_ID_REUSED", reused.message, (3,)),
        resumed=len(KEYS) - 1,
    )


async def test_a_line_in_two_commands_is_refused_when_one_of_them_is(book: Callable[..., Path]) -> None:
    error = CommandIdReused(command_id("credit/C536368"))
    bus = RecordingBus(fails={command_id("credit/C536368"): [error]})
    assert await imported(book(*BOOK), bus) == settled(
        LINES | {Kind.PARTLY_RETURNED: 0, Kind.REFUSED: 1},
        Refused("credit/C536368", "COMMAND_ID_REUSED", error.message, (5,)),
    )


async def test_a_busy_shop_is_asked_again(book: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_PAUSE_WHEN_BUSY_S", 0)
    bus = RecordingBus(fails={command_id("order/536365"): [Busy("Busy."), Busy("Busy.")]})
    assert await imported(book(*BOOK), bus) == settled(LINES)


async def test_progress_counts_every_line_once(book: Callable[..., Path]) -> None:
    told = Told()
    unmoved = Entry("536369", customer="", code="POST", description="Unknown", price="0")
    await imported(book(*BOOK, unmoved), RecordingBus(), told)
    assert told.phases == [
        ["Reading the books", None, 0],
        ["Looking up what is there", 4, 4],
        ["Importing", 5, 5],
        ["Waiting for the views", None, 0],
    ]


async def test_unreadable_books_write_nothing(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(written(BOOK) + "536370,22423", encoding="utf-8")
    bus = RecordingBus()
    with pytest.raises(BookError, match="line 6"):
        await imported(file, bus)
    assert bus.sent == {}


def test_the_account_is_shown_and_adds_up() -> None:
    refused = Refused("order/536366", "BUSY", "Busy.", (3,))
    account = settled(LINES | {Kind.CHARGED: 0, Kind.REFUSED: 1}, refused)
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(account.table())
    shown = console.export_text()
    assert "ordered by customers" in shown
    assert "order/536366: Busy." in shown
    assert account.total == 4
    assert account.as_json()["refused"] == [{"key": "order/536366", "code": "BUSY", "message": "Busy.", "lines": (3,)}]


def test_the_bar_shows_lines_and_phases() -> None:
    out = io.StringIO()
    with Bar(Console(file=out, width=120, force_terminal=True)) as bar:
        bar.begin("Reading the books")
        bar.begin("Importing", 10)
        bar.advance(10)
    assert "Reading the books" in out.getvalue()
    assert "10/10" in out.getvalue()
