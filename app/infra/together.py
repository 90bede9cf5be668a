"""Doing together what is asked for at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Does in one go what is asked for in the same turn of the event loop, or while the last go was under way.

    `do` answers each of those who asked with a result or with the exception to be raised to them; what it raises
    itself is raised to all. One goes after the other, so nobody waits longer than for the go before theirs.
    """

    def __init__(self, do: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        self._do = do
        self._asked: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._going: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Answer:
        """The answer to this one, when it was done with the others."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, answer))
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return await answer

    async def _go(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                _tell([future for _, future in asked], await self._answers([each for each, _ in asked]))
        finally:
            self._going = None

    async def _answers(self, asked: Sequence[Asked]) -> Sequence[Answer | Exception]:
        try:
            return await self._do(asked)
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            return [error] * len(asked)


def _tell(futures: Sequence[asyncio.Future[Answer]], answers: Sequence[Answer | Exception]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
