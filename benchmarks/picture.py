"""How cost grows, drawn: one small chart for each axis, a line for each server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.row import Row
from benchmarks.scenarios.curves import PREFIX

COLOURS = {"tapecast": "#0b7285", "nchan": "#c2571a"}
MARKERS = {"tapecast": "o", "nchan": "s"}

Lines = dict[str, dict[str, list[tuple[int, float]]]]


def lines(rows: Sequence[Row]) -> Lines:
    """The points by axis and server."""
    found: Lines = {}
    for row in rows:
        if row.name.startswith(PREFIX) and row.value is not None:
            axis, _, x = row.name.removeprefix(PREFIX).rpartition(": ")
            by_subject = found.setdefault(axis, {})
            by_subject.setdefault(row.subject, []).append((int(x.replace(",", "")), row.value))
    return found


def draw(rows: Sequence[Row], path: Path, where: str) -> bool:
    """Write the picture; whether there was anything to draw."""
    charts = lines(rows)
    if not charts:
        return False
    figure = Figure(figsize=(4.4 * len(charts), 3.9), dpi=110, layout="constrained", facecolor="white")
    axes = figure.subplots(1, len(charts), squeeze=False)[0]
    for chart, (axis, servers) in zip(axes, charts.items(), strict=True):
        _chart(chart, axis, servers)
    axes[0].set_ylabel("server CPU per event delivered (µs)")
    axes[0].legend(frameon=False)
    figure.suptitle(f"What one event costs, as load grows. {where}", fontsize=10)
    figure.savefig(path)
    return True


def _chart(chart: Axes, axis: str, servers: dict[str, list[tuple[int, float]]]) -> None:
    for server, points in servers.items():
        xs, ys = zip(*sorted(points), strict=True)
        chart.plot(
            xs, ys, marker=MARKERS.get(server, "."), color=COLOURS.get(server), label=server, linewidth=2
        )
    chart.set_xscale("log")
    # The measured places and no others: a log axis would say 10^2 and leave out 500.
    chart.set_xticks(sorted({x for points in servers.values() for x, _ in points}))
    chart.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    chart.xaxis.set_minor_formatter(NullFormatter())
    chart.minorticks_off()
    chart.set_ylim(bottom=0)
    chart.set_xlabel(axis)
    chart.grid(visible=True, alpha=0.3)
    chart.spines[["top", "right"]].set_visible(False)
