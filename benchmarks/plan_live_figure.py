"""Draws a live day of the event plan against the simulated one."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OFFERED, PLANNED, LIVE, SIMULATED, WITHOUT = "#0072b2", "#cc79a7", "#009e73", "#222222", "#d55e00"
TOP_REPLICAS = 7


def draw(result: dict[str, Any], path: Path) -> None:
    """Writes the figure as PNG."""
    figure = Figure(figsize=(8.2, 5.0), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    times = np.array(result["time_s"]) / 60
    live_at = np.array([one["at_s"] for one in result["live"]]) / 60
    _draw_replicas(top, result, times, live_at)
    nodes = [one["nodes"] for one in result["live"]]
    _steps(bottom, live_at, nodes, LIVE, "nodes, live", lw=2)
    paid = result["simulated"]["paid_gpus"]
    _steps(bottom, times, paid, SIMULATED, "nodes paid for, simulated")
    bottom.set_ylabel("GPU nodes")
    bottom.set_xlabel("minutes after the planned start of the show")
    for axes in (top, bottom):
        for peak_s in result["summary"]["planned_peaks_s"]:
            axes.axvline(peak_s / 60, color=PLANNED, lw=0.8)
        axes.legend(fontsize=7, loc="upper left", frameon=False)
        axes.set_ylim(0, TOP_REPLICAS)
        axes.grid(alpha=0.25)
    figure.savefig(path, dpi=110)


def _draw_replicas(
    axes: Axes, result: dict[str, Any], times: np.ndarray, live_at: np.ndarray
) -> None:
    each = result["work_per_s"]
    offered = np.array([one["offered_per_s"] for one in result["live"]]) / each
    axes.fill_between(live_at, offered, color=OFFERED, alpha=0.25, lw=0, label="offered, live")
    planned = np.array(result["planned_per_s"]) / each
    axes.plot(times, planned, "--", color=PLANNED, label="planned")
    running = [one["running"] for one in result["live"]]
    _steps(axes, live_at, running, LIVE, "replicas, live", lw=2)
    _steps(axes, times, result["simulated"]["running"], SIMULATED, "replicas, simulated")
    without = result["without_plan"]["running"]
    _steps(axes, times, without, WITHOUT, "replicas, simulated without a plan", ls=":")
    axes.set_ylabel("replicas, or work in replicas")


def _steps(
    axes: Axes,
    x: np.ndarray,
    y: list[float],
    colour: str,
    label: str,
    *,
    lw: float = 1,
    ls: str = "-",
) -> None:
    axes.step(x, y, where="post", color=colour, label=label, lw=lw, ls=ls)
