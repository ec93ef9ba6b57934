"""The fluid engine: tiles flow like water, second by second; latencies from a measured table.

Below saturation the latency of a second is that of a fleet that runs at its load for ever
(pointwise stationary: Green and Kolesar, Management Science 37(1), 1991). Above, the wait is read
off the curves of work that arrived and work that was begun.
"""

from dataclasses import dataclass

import numpy as np

from ray_app.scaling.shedding import Shares
from ray_app.simulator.class_load import ClassLoad
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.data_plane import (
    BIN_MIDDLES_S,
    Ongoing,
    PlaneResult,
    PlaneSettings,
    latency_bin,
)
from ray_app.simulator.latency_table import LatencyTable, cells_at
from ray_app.simulator.serve_settings import DataPath

# Moments of a second at which waits are read while there is a backlog.
PARTS = 4


class FluidPlane:
    """Moves work through replicas as a fluid.

    Args:
        load: What is offered.
        settings: Service, deadline and what happens to frames that wait.
        table: Latencies below saturation.
    """

    def __init__(self, load: ClassLoad, settings: PlaneSettings, table: LatencyTable) -> None:
        self._load, self._settings, self._table = load, settings, table
        seconds = len(load.work_per_s)
        self._total = load.work_per_s.sum(axis=1).tolist()
        self._kept: dict[int, Shares] = {}
        self._admitted, self._replicas, self._backlog = (np.zeros(seconds) for _ in range(3))
        self._overflow = np.zeros(seconds)
        self._work_per_s = settings.service.work_per_s
        self._now, self._before = 0.0, 0.0

    def step(self, second: int, running: list[int], kept: Shares | None) -> Ongoing:
        """Plays one second with these replicas; kept is what is not shed (None keeps all)."""
        work = self._total[second]
        if kept is not None:
            self._kept[second] = kept
            costs = self._load.costs(kept.input_cost)
            work = float(self._load.work_per_s[second] @ (np.array(kept.kept) * costs))
        replicas = len(running)
        capacity = replicas * self._work_per_s
        # Replicas that are stopped finish what they hold.
        stopped = max(0.0, self._before - replicas) * self._settings.most_ongoing
        backlog = max(0.0, self._now - min(self._now, stopped) + work - capacity)
        self._before = float(replicas)
        if self._settings.path is not DataPath.FIFO:
            most = work * self._settings.stale_s
            self._overflow[second] = max(0.0, backlog - most)
            backlog = min(backlog, most)
        self._admitted[second], self._replicas[second] = work, replicas
        self._backlog[second] = self._now = backlog
        busy = min(1.0, (work + backlog) / capacity) if capacity else 0.0
        inside = busy * capacity * self._table.mean_at(replicas, busy)
        running_requests = min(inside + backlog, replicas * float(self._settings.most_ongoing))
        return Ongoing(inside + backlog - running_requests, running_requests)

    def result(self) -> PlaneResult:
        """Returns where everything went; late and in flight are spread evenly over the classes."""
        offered = self._load.work_per_s
        shares, costs = np.ones_like(offered), np.ones_like(offered)
        for second, kept in self._kept.items():
            shares[second] = kept.kept
            costs[second] = self._load.costs(kept.input_cost)
        admitted = offered * shares
        dropped = admitted * self._dropped_share()[:, None]
        waits = self._waits()
        late = (admitted - dropped) * self._late_share(waits)[:, None]
        served = admitted - dropped
        waiting = self._still_waiting(served, costs, self._backlog[-1])
        served -= waiting
        return PlaneResult(
            offered=offered,
            shed=offered - admitted,
            dropped=dropped,
            late=late,
            served=served,
            reduced=float(served[costs < 1].sum()),
            in_flight=float(waiting.sum()),
            latency=self._latency(waits),
            p95_s=self._p95(waits),
        )

    def _dropped_share(self) -> FloatArray:
        """Returns the share of each second's tiles that is dropped; old ones came before."""
        dropped = self._overflow.copy()
        for second in np.flatnonzero(dropped > self._admitted)[::-1]:
            at = second
            while at > 0 and dropped[at] > self._admitted[at]:
                dropped[at - 1] += dropped[at] - self._admitted[at]
                dropped[at] = self._admitted[at]
                at -= 1
        return np.asarray(dropped / np.maximum(self._admitted, 1e-12))

    def _waits(self) -> "_Waits":
        """Returns how long tiles wait for the backlog before them to be begun."""
        seconds = len(self._admitted)
        taken = np.concatenate([[0.0], np.cumsum(self._admitted - self._overflow)])
        backlog = np.concatenate([[0.0], self._backlog])
        begun = taken - backlog
        edges = np.arange(seconds + 1, dtype=np.float64)
        # Flat stretches (no replica) need a slope for the inverse to exist.
        rising = begun + 1e-9 * edges
        parts = (np.arange(PARTS) + 0.5) / PARTS
        at_s = edges[:-1, None] + parts
        ahead = taken[:-1, None] + parts * np.diff(taken)[:, None]
        begins_s = np.interp(ahead, rising, edges, right=np.inf)
        is_waiting = (backlog[:-1] > 0) | (backlog[1:] > 0)
        wait_s = np.where(is_waiting[:, None], np.maximum(0.0, begins_s - at_s), 0.0)
        if self._settings.path is not DataPath.FIFO:
            wait_s = np.minimum(wait_s, self._settings.stale_s)
        return _Waits(wait_s, at_s, is_waiting)

    def _busy(self) -> FloatArray:
        capacity = np.maximum(self._replicas * self._work_per_s, 1e-9)
        before = np.concatenate([[0.0], self._backlog[:-1]])
        return np.asarray(np.clip((self._admitted + before) / capacity, 0.0, 1.0))

    def _late_share(self, waits: "_Waits") -> FloatArray:
        """Returns the share of the tiles begun that end after the deadline, per second."""
        if self._settings.path is not DataPath.FIFO:
            return np.zeros(len(self._admitted))
        cells = cells_at(self._replicas, self._busy())
        left_s = self._settings.deadline_s - waits.wait_s
        late = np.zeros_like(left_s)
        tail = 1 - np.cumsum(self._table.shares, axis=2)
        for part in range(PARTS):
            bins = latency_bin(np.maximum(left_s[:, part], 0.0))
            at = tail[cells.rows, cells.columns, bins[:, None]]
            late[:, part] = (at * cells.weights).sum(axis=1)
        late[left_s <= 0] = 1.0
        # Who still waits at the end is late when the deadline has passed by then.
        age_s = len(self._admitted) - waits.at_s
        is_left = np.isinf(waits.wait_s)
        late[is_left & (age_s <= self._settings.deadline_s)] = 0.0
        return np.asarray(late.mean(axis=1))

    def _latency(self, waits: "_Waits") -> FloatArray:
        weights = self._admitted - self._overflow
        calm = ~waits.is_waiting
        cells = cells_at(self._replicas, self._busy())
        grid = np.zeros(self._table.mean_s.shape)
        part = weights[:, None] * cells.weights
        np.add.at(grid, (cells.rows[calm], cells.columns[calm]), part[calm])
        latency = np.asarray(np.tensordot(grid, self._table.shares, axes=([0, 1], [0, 1])))
        for second in np.flatnonzero(waits.is_waiting):
            mixed = np.einsum(
                "k,kb->b",
                cells.weights[second],
                self._table.shares[cells.rows[second], cells.columns[second]],
            )
            for wait_s in waits.wait_s[second]:
                if np.isfinite(wait_s):
                    moved = latency_bin(self._ends(wait_s))
                    np.add.at(latency, moved, weights[second] / PARTS * mixed)
        return latency

    def _ends(self, wait_s: float) -> FloatArray:
        """Returns the latencies of the bins after a wait."""
        ends = BIN_MIDDLES_S + wait_s
        return ends if self._settings.path is DataPath.FIFO else np.minimum(ends, self._last_s)

    @property
    def _last_s(self) -> float:
        """Latency of a tile that was nearly dropped: begun when stale or half a batch before."""
        return self._settings.stale_s + 0.5 * self._table.full_s

    def _p95(self, waits: "_Waits") -> FloatArray:
        cells = cells_at(self._replicas, self._busy())
        calm = cells.mixed(self._table.p95_s)
        p95 = calm + waits.wait_s.max(axis=1)
        if self._settings.path is not DataPath.FIFO:
            p95 = np.minimum(p95, self._last_s)
        p95[~np.isfinite(p95) | (self._replicas == 0) | (self._admitted <= 0)] = np.nan
        return np.asarray(p95)

    @staticmethod
    def _still_waiting(served: FloatArray, costs: FloatArray, left: float) -> FloatArray:
        """Takes the work that is left in the backlog from the newest seconds; returns tiles."""
        work = (served * costs).sum(axis=1)
        by_second = work[::-1]
        before = np.cumsum(by_second) - by_second
        taken = np.clip(left - before, 0.0, by_second)[::-1]
        share = taken / np.maximum(work, 1e-12)
        return np.asarray(served * share[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class _Waits:
    """Waits behind a backlog.

    Attributes:
        wait_s: At PARTS moments of every second; infinite when never begun.
        at_s: Those moments.
        is_waiting: Whether there is a backlog in a second at all.
    """

    wait_s: FloatArray
    at_s: FloatArray
    is_waiting: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
