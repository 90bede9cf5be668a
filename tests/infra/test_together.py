"""What is asked for at the same time is done together, and each is told what became of theirs."""

import asyncio
from collections.abc import Sequence

import pytest

from app.infra.together import Together


class Mill:
    """Doubles numbers, a go at a time. Does not take 13, and breaks at 0."""

    def __init__(self) -> None:
        self.goes: list[list[int]] = []
        self.together = Together(self.grind)

    async def grind(self, asked: Sequence[int]) -> Sequence[int | Exception]:
        self.goes.append(list(asked))
        await asyncio.sleep(0.01)
        if 0 in asked:
            raise ZeroDivisionError
        return [ValueError(number) if number == 13 else 2 * number for number in asked]


async def test_what_is_asked_in_one_turn_goes_together() -> None:
    mill = Mill()
    assert await asyncio.gather(*(mill.together.ask(number) for number in range(1, 6))) == [2, 4, 6, 8, 10]
    assert mill.goes == [[1, 2, 3, 4, 5]]


async def test_what_is_asked_during_a_go_waits_for_the_next_and_goes_together() -> None:
    mill = Mill()
    first = asyncio.create_task(mill.together.ask(1))
    await asyncio.sleep(0.005)
    later = [asyncio.create_task(mill.together.ask(number)) for number in (2, 3)]
    assert [await task for task in (first, *later)] == [2, 4, 6]
    assert mill.goes == [[1], [2, 3]]


async def test_one_alone_is_told_of_their_own_error() -> None:
    mill = Mill()
    answers = await asyncio.gather(*(mill.together.ask(number) for number in (12, 13, 14)), return_exceptions=True)
    assert (answers[0], type(answers[1]), answers[2]) == (24, ValueError, 28)


async def test_a_go_that_fails_fails_for_all_and_the_next_one_does_not() -> None:
    mill = Mill()
    answers = await asyncio.gather(*(mill.together.ask(number) for number in (0, 1, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ZeroDivisionError] * 3
    assert await mill.together.ask(4) == 8


async def test_somebody_who_gave_up_holds_up_nobody() -> None:
    mill = Mill()
    tasks = [asyncio.create_task(mill.together.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert await tasks[1] == 4
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert await mill.together.ask(3) == 6
