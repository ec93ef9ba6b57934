"""What both engines answer: where every tile of offered work went."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ray_app.scaling.shedding import Shares
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.serve_settings import DataPath
from ray_app.simulator.service import ServiceSettings

# Latencies are kept in bins of 2 %, from 1 ms to 2,700 s.
BINS = 750
SHORTEST_S = 1e-3
BIN_RATIO = 1.02
BIN_MIDDLES_S: FloatArray = SHORTEST_S * np.power(
    BIN_RATIO, np.arange(BINS, dtype=np.float64) + 0.5
)


# A frame may start as late as a full batch, at the slow end of its jitter, still ends in time.
SLOW_SDS = 3.0
BATCHES_ONGOING = 2


@dataclass(frozen=True, slots=True)
class PlaneSettings:
    """What both engines are told.

    Attributes:
        service: One replica.
        deadline_s: A frame analysed later than this after it was taken is missed, seconds.
        path: What happens to frames that have to wait.
    """

    service: ServiceSettings
    deadline_s: float
    path: DataPath

    @property
    def stale_s(self) -> float:
        """Age above which a frame is dropped before it costs work; infinite on FIFO, seconds."""
        if self.path is DataPath.FIFO:
            return float("inf")
        slow_s = self.service.full_batch_s * float(np.exp(SLOW_SDS * self.service.jitter))
        return max(0.0, self.deadline_s - slow_s)

    @property
    def most_ongoing(self) -> int:
        """Requests a replica takes at a time (max_ongoing_requests): the batch and the next."""
        return BATCHES_ONGOING * self.service.batch_max


@dataclass(frozen=True, slots=True)
class Ongoing:
    """Requests in the system at the end of a second, as a handle counts them."""

    queued: float
    running: float


@dataclass(frozen=True, slots=True, eq=False)
class PlaneResult:
    """Where every tile went; all arrays but latency have shape (seconds, classes).

    Attributes:
        offered: At full rate, tiles.
        shed: Given up by the shedding rule.
        dropped: Thrown away because it would have been late.
        late: Analysed after the deadline, or still waiting past it at the end.
        served: Analysed, late ones included.
        reduced: Of those, at a smaller input than usual; in all.
        in_flight: Not finished at the end of the event.
        latency: Tiles per bin of latency; shape (BINS,).
        p95_s: 95th percentile of latency in every second; NaN where nothing was served.
    """

    offered: FloatArray
    shed: FloatArray
    dropped: FloatArray
    late: FloatArray
    served: FloatArray
    reduced: float
    in_flight: float
    latency: FloatArray
    p95_s: FloatArray


class DataPlane(Protocol):
    """Moves frames through replicas, second by second."""

    def step(self, second: int, running: list[int], kept: Shares | None) -> Ongoing:
        """Plays one second with these replicas; kept is what is not shed (None keeps all)."""

    def result(self) -> PlaneResult:
        """Returns where everything went."""


def latency_bin(seconds: FloatArray) -> NDArray[np.int64]:
    """Returns the bins of latencies."""
    bins = np.log(np.maximum(seconds, SHORTEST_S) / SHORTEST_S) / np.log(BIN_RATIO)
    numbers: NDArray[np.int64] = np.minimum(bins.astype(np.int64), BINS - 1)
    return numbers


def latency_quantile_s(latency: FloatArray, share: float) -> float:
    """Returns the latency below which a share of the tiles lies; NaN without tiles."""
    total = latency.sum()
    if total <= 0:
        return float("nan")
    return float(BIN_MIDDLES_S[min(np.searchsorted(np.cumsum(latency), share * total), BINS - 1)])
