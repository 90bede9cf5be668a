"""A picture of what was measured."""

from collections.abc import Sequence
from pathlib import Path

from app.bench.measured import Operation


def draw(file: Path, machine: str, reads: Sequence[Operation], writes: Sequence[Operation]) -> None:
    """Draws."""
    raise NotImplementedError
