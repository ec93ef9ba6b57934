"""Draws replicas of real days against simulated ones, as a picture for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

OFFERED, REAL, AGAIN, SIMULATED = "#0072b2", "#009e73", "#8c7a00", "#222222"
COLUMNS, WIDTH_IN, ROW_IN, DPI = 2, 8.4, 1.75, 100
TOP_REPLICAS = 6.4


@dataclass(frozen=True, slots=True)
class TruthPanel:
    """One day under one policy.

    Attributes:
        title: Day and policy.
        from_s: First second that is compared.
        offered: Work offered, in replicas, second by second from 0.
        real: Replicas at work in every real run, from from_s.
        simulated: The same, simulated.
    """

    title: str
    from_s: int
    offered: Sequence[float]
    real: Sequence[Sequence[int]]
    simulated: Sequence[int]


def draw_truth(panels: Sequence[TruthPanel], path: Path) -> None:
    """Writes the figure as PNG: one panel per day."""
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(WIDTH_IN, ROW_IN * rows + 0.5), layout="constrained")
    every = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    places = [axes for row in every for axes in row]
    for axes, panel in zip(places, panels, strict=False):
        _panel(axes, panel)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, dpi=DPI)


def _panel(axes: Axes, panel: TruthPanel) -> None:
    offered_s = range(len(panel.offered))
    axes.fill_between(offered_s, panel.offered, color=OFFERED, alpha=0.22, lw=0, label="offered")
    for run, (running, colour) in enumerate(zip(panel.real, (REAL, AGAIN), strict=False), start=1):
        times_s = range(panel.from_s, panel.from_s + len(running))
        told = "real" if run == 1 else "real, again"
        axes.step(times_s, running, where="post", color=colour, lw=3 - run, label=told)
    times_s = range(panel.from_s, panel.from_s + len(panel.simulated))
    axes.step(times_s, panel.simulated, where="post", color=SIMULATED, lw=1, label="simulated")
    axes.set_title(panel.title, fontsize=8)
    axes.set_ylim(0, TOP_REPLICAS)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
