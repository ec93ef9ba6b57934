"""Latency of a fleet that is not saturated, as the exact engine measures it once per service."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ray_app.simulator.class_load import ClassLoad
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.data_plane import BIN_MIDDLES_S, BINS, PlaneSettings
from ray_app.simulator.exact import CameraDraws, ExactPlane
from ray_app.simulator.serve_settings import DataPath
from ray_app.simulator.service import ServiceSettings

REPLICAS = (1, 2, 4, 16)
BUSY = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97)
TILES = 20_000
WARM_UP_S, LEAST_S, MOST_S = 5, 15, 300
SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class LatencyTable:
    """Latencies by replicas and load, for the stationary fleet.

    Attributes:
        shares: Share of the tiles per bin of latency; shape (replicas, loads, BINS).
        mean_s: Mean latency; shape (replicas, loads).
        p95_s: 95th percentile; same shape.
        full_s: Time of a full batch, seconds.
    """

    shares: FloatArray
    mean_s: FloatArray
    p95_s: FloatArray
    full_s: float

    def mean_at(self, replicas: int, busy: float) -> float:
        """Returns the mean latency at a load between 0 and 1, seconds."""
        row = int(np.searchsorted(REPLICAS, min(max(replicas, 1), REPLICAS[-1])))
        return float(np.interp(busy, BUSY, self.mean_s[row]))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where moments lie in a table: four cells with their weights, each of shape (moments, 4)."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: FloatArray

    def mixed(self, values: FloatArray) -> FloatArray:
        """Returns values of the table at every moment, interpolated."""
        return np.asarray((values[self.rows, self.columns] * self.weights).sum(axis=1))


def cells_at(replicas: FloatArray, busy: FloatArray) -> Cells:
    """Returns the cells around every moment; beyond the table its edge counts."""
    row, row_part = _between(np.log2(np.clip(replicas, 1, REPLICAS[-1])), np.log2(REPLICAS))
    column, column_part = _between(np.clip(busy, BUSY[0], BUSY[-1]), np.array(BUSY))
    rows = np.stack([row, row, row + 1, row + 1], axis=1)
    columns = np.stack([column, column + 1, column, column + 1], axis=1)
    weights = np.stack(
        [
            (1 - row_part) * (1 - column_part),
            (1 - row_part) * column_part,
            row_part * (1 - column_part),
            row_part * column_part,
        ],
        axis=1,
    )
    return Cells(rows, columns, weights)


@lru_cache(maxsize=8)
def latency_table(service: ServiceSettings) -> LatencyTable:
    """Measures the table with the exact engine; a second or two of one core."""
    shares = np.zeros((len(REPLICAS), len(BUSY), BINS))
    for row, replicas in enumerate(REPLICAS):
        for column, busy in enumerate(BUSY):
            counted = _measure(service, replicas, busy)
            shares[row, column] = counted / max(counted.sum(), 1)
    p95 = (np.cumsum(shares, axis=2) < 0.95).sum(axis=2)
    return LatencyTable(
        shares,
        shares @ BIN_MIDDLES_S,
        BIN_MIDDLES_S[np.minimum(p95, BINS - 1)],
        service.full_batch_s,
    )


def _measure(service: ServiceSettings, replicas: int, busy: float) -> FloatArray:
    work_per_s = replicas * busy * service.work_per_s
    seconds = int(np.clip(TILES / work_per_s, LEAST_S, MOST_S)) + WARM_UP_S
    load = ClassLoad(("all",), (0,), np.full((seconds, 1), work_per_s), np.zeros((seconds, 1)))
    plane = ExactPlane(load, PlaneSettings(service, 60.0, DataPath.FIFO), CameraDraws(SEED))
    running = list(range(replicas))
    for second in range(WARM_UP_S):
        plane.step(second, running, None)
    warm_up = plane.result().latency.copy()
    for second in range(WARM_UP_S, seconds):
        plane.step(second, running, None)
    return plane.result().latency - warm_up


def _between(values: FloatArray, grid: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Returns the grid point below each value, and how far it is on the way to the next."""
    below = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, len(grid) - 2)
    part = (values - grid[below]) / (grid[below + 1] - grid[below])
    return below.astype(np.int64), np.asarray(np.clip(part, 0, 1))
