"""What was read of the log serves everybody who stands within it, and is read once."""

import asyncio

import pytest

from app import registry
from app.infra.log_history import LogHistory
from app.infra.stretches import Logged, Stretch


class Log:
    """Of so many events; tells what was read of it, ten at a time."""

    def __init__(self, number: int) -> None:
        self.number, self.readings = number, list[int]()
        self.broken = False

    async def read(self, position: int) -> Stretch:
        self.readings.append(position)
        await asyncio.sleep(0.001)
        if self.broken:
            raise ConnectionError
        events = [_event(n) for n in range(position + 1, min(position + 10, self.number) + 1)]
        return Stretch(events, events[-1].position if events else position, self.number, position)


def _event(position: int) -> Logged:
    row = {"position": position, "type": "T", "recorded_at": None, "data": None, "metadata": None}
    return Logged(registry.EVENTS, row)  # type: ignore[arg-type]


def positions(stretch: Stretch) -> list[int]:
    return [event.position for event in stretch.events]


async def test_all_who_ask_at_once_are_given_one_reading() -> None:
    log, history = Log(10), LogHistory()
    given = await asyncio.gather(*(history.after(0, log.read) for _ in range(5)))
    assert [positions(each) for each in given] == [list(range(1, 11))] * 5
    assert log.readings == [0]


async def test_whoever_comes_later_is_given_the_rest_of_it() -> None:
    log, history = Log(20), LogHistory()
    await history.after(5, log.read)
    for position in range(5, 15):
        rest = await history.after(position, log.read)
        assert (positions(rest), rest.upto, rest.since) == (list(range(position + 1, 16)), 15, position)
    assert log.readings == [5]


async def test_a_stretch_says_nothing_of_what_is_before_it() -> None:
    log, history = Log(20), LogHistory()
    await history.after(5, log.read)
    assert positions(await history.after(0, log.read)) == list(range(1, 11))


async def test_what_is_read_ahead_is_given_to_whoever_gets_there() -> None:
    log, history = Log(30), LogHistory()
    await history.after(0, log.read)
    history.ahead(10, log.read)
    assert positions(await history.after(10, log.read)) == list(range(11, 21))
    assert log.readings == [0, 10]


async def test_a_reading_that_led_nowhere_is_read_again() -> None:
    log, history = Log(0), LogHistory()
    assert positions(await history.after(0, log.read)) == []
    log.number = 3
    assert positions(await history.after(0, log.read)) == [1, 2, 3]


async def test_a_reading_that_failed_fails_for_all_who_wait_and_is_read_again() -> None:
    log, history = Log(10), LogHistory()
    log.broken = True
    answers = await asyncio.gather(*(history.after(0, log.read) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    log.broken = False
    assert positions(await history.after(0, log.read)) == list(range(1, 11))


async def test_what_is_forgotten_is_read_again_though_it_was_under_way() -> None:
    """Of a restored backup the same positions may hold other events."""
    log, history = Log(10), LogHistory()
    waiting = asyncio.create_task(history.after(0, log.read))
    await asyncio.sleep(0)
    history.forget()
    assert positions(await waiting) == list(range(1, 11))
    await history.after(0, log.read)
    assert log.readings == [0, 0]


async def test_whoever_gives_up_waiting_takes_nothing_from_the_others() -> None:
    log, history = Log(10), LogHistory()
    impatient, patient = (asyncio.create_task(history.after(0, log.read)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert positions(await patient) == list(range(1, 11))
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_it_keeps_little() -> None:
    log, history = Log(1_000), LogHistory()
    for position in range(0, 500, 10):
        await history.after(position, log.read)
    assert len(history._reads) <= 2


async def test_nothing_is_under_way_once_it_was_ended() -> None:
    log, history = Log(10), LogHistory()
    history.ahead(0, log.read)
    history.end()
    await asyncio.sleep(0.01)
    assert not history._running
    assert positions(await history.after(0, log.read)) == list(range(1, 11))
