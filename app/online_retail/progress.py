"""Progress on the terminal."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Reporter(Protocol):
    """Where an import tells how far it is."""

    def begin(self, title: str, total: int | None = None) -> None:
        """A new phase begins, of so many lines, if that is known."""

    def advance(self, lines: int) -> None:
        """So many lines more of this phase are done."""


class Bar:
    """A bar with lines done, of how many, per second, and the time left."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _PerSecond(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, title: str, total: int | None = None) -> None:
        """Ends the phase before, and shows a new bar; one without a total only moves."""
        done = self._progress.tasks[self._task].completed
        self._progress.update(self._task, total=done)
        self._task = self._progress.add_task(title, total=total)

    def advance(self, lines: int) -> None:
        """Moves the bar on."""
        self._progress.advance(self._task, lines)


class _PerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The lines a second, once they are known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "")
