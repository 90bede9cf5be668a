"""The picture: a bar for each server that was compared, a line for each operation, and the machine beneath."""

import re
from pathlib import Path

from app.bench.measured import ORM, OURS, STOCK, Measured, Operation
from app.bench.plot import draw


def operation(name: str, *measured: tuple[str, float]) -> Operation:
    made = Operation(name)
    for server, cpu_us in measured:
        made.take(Measured(server, 100.0, cpu_us, 0.0, 0.0, 5.0, [1.5, 2.0, 4.5]))
    return made


def test_all_that_was_measured_is_in_the_picture(tmp_path: Path) -> None:
    reads = [operation("order(id)", (OURS, 41.0), (STOCK, 820.0)), operation("with a token", (OURS, 44.0))]
    writes = [operation("placeOrder", (OURS, 300.0), (ORM, 1_500.0))]
    draw(tmp_path / "reads.svg", "a machine with 2 cores", reads, writes)
    drawn = (tmp_path / "reads.svg").read_text()
    said = re.findall(r"<!-- (.*?) -->", drawn)
    assert {"order(id)", "placeOrder", "820  (20 × ours)", "1,500  (5 × ours)", "a machine with 2 cores"} <= set(said)
    assert [line for line in said if line.startswith("with a token")] == ["with a token: p50 2, p99 4.5 ms"]


def test_a_picture_of_reads_alone_is_drawn(tmp_path: Path) -> None:
    draw(tmp_path / "reads.png", "a machine", [operation("order(id)", (OURS, 41.0), (STOCK, 820.0))], [])
    assert (tmp_path / "reads.png").read_bytes().startswith(b"\x89PNG")
