"""A picture of what was measured: CPU of a request beside controls, and how latencies spread."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from app.bench.measured import OURS, Measured, Operation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OURS, _THEIRS = "#0b7a75", "#b8bfc6"
_LINES = ("#0b7a75", "#19a89d", "#6fcfc5", "#e07a1f", "#f0b429", "#7a5195", "#c2334d")
_INK, _FAINT = "#22292f", "#8a949e"
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(file: Path, machine: str, reads: Sequence[Operation], writes: Sequence[Operation]) -> None:
    """Draws it into a file whose name ends with the format: png, svg or pdf."""
    compared = [each for each in (*reads, *writes) if len(each.measured) > 1]
    heights = [0.45 * len(each.measured) + 0.3 for each in compared]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(13, max(6.0, sum(heights) + 1.6)), layout="constrained")
        halves: Any = figure.subfigures(1, 2, width_ratios=(1.25, 1))
        left, right = halves
        figure.suptitle("Counterfoil beside its controls", fontsize=15, fontweight="bold")
        figure.supxlabel(machine, fontsize=8, color=_FAINT)
        _draw_bars(left.subplots(len(compared), 1, squeeze=False, height_ratios=heights)[:, 0], compared)
        left.suptitle("CPU µs of the server for each request (less is better)", fontsize=11)
        _draw_latencies(right.subplots(), [(each.name, each.measured[0]) for each in (*reads, *writes)])
        right.suptitle("Counterfoil's latency under full load", fontsize=11)
        figure.savefig(file, dpi=150)


def _draw_bars(places: "Sequence[Axes]", operations: Sequence[Operation]) -> None:
    for place, operation in zip(places, operations, strict=True):
        servers = sorted(operation.measured, key=lambda each: each.cpu_us, reverse=True)
        most = servers[0].cpu_us
        place.set_title(operation.name, loc="left", fontsize=10, fontweight="bold")
        colours = [_OURS if each.server == OURS else _THEIRS for each in servers]
        place.barh([each.server for each in servers], [each.cpu_us for each in servers], color=colours, height=0.7)
        place.set_xlim(0, most * 1.22)
        place.set_ylim(-0.6, len(servers) - 0.4)
        place.xaxis.set_visible(False)
        place.spines["bottom"].set_visible(False)
        place.tick_params(axis="y", length=0)
        for row, each in enumerate(servers):
            weight = "bold" if each.server == OURS else "normal"
            place.text(each.cpu_us + most * 0.01, row, _said(each, operation), va="center", fontsize=9, weight=weight)


def _said(each: Measured, operation: Operation) -> str:
    times = operation.times(each.server)
    return f"{each.cpu_us:,.0f}" if each.server == OURS or not times else f"{each.cpu_us:,.0f}  ({times:.3g} × ours)"


def _draw_latencies(place: "Axes", measured: Sequence[tuple[str, Measured]]) -> None:
    """The share of requests that took no longer, over a logarithmic time."""
    for (name, each), colour in zip(measured, cycle(_LINES), strict=False):
        count = len(each.latencies_ms)
        picked = range(0, count, max(1, count // 2_000))
        shares = [(n + 1) / count * 100 for n in picked]
        label = f"{name}: p50 {each.percentile_ms(0.5):.3g}, p99 {each.percentile_ms(0.99):.3g} ms"
        place.plot([each.latencies_ms[n] for n in picked], shares, color=colour, linewidth=2, label=label)
    for share in (50, 95, 99):
        place.axhline(share, color=_FAINT, linewidth=0.6, linestyle=":")
    place.set_xscale("log")
    place.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    place.xaxis.set_minor_formatter(NullFormatter())
    place.set_xlabel("ms (logarithmic)")
    place.set_ylabel("answered within, % of requests")
    place.set_yticks([0, 25, 50, 75, 95, 99], labels=["0", "25", "50", "75", "95", "99"])
    place.set_ylim(0, 101)
    place.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, fontsize=8.5)
