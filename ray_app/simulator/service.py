"""How long one replica works on a batch, as measured by benchmarks."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray_app.domain.errors import ConfigError
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings

# A size that saves less than this is not worth its loss.
LEAST_SAVED = 0.95


@settings
class SmallerInput:
    """A size of the network's input that is taken when capacity is short.

    Attributes:
        input_px: Its longer side, pixels.
        cost: Time of one such input over one of the usual size, as measured, 0 to 1.
    """

    input_px: int
    cost: float

    def __post_init__(self) -> None:
        refuse_faults(
            between("input_px", self.input_px, 32, 4096), above("cost", self.cost, 0, 0.999)
        )


@settings
class ServiceSettings:
    """One detector replica: a batch of n tiles takes overhead_s + n * per_tile_s.

    Attributes:
        overhead_s: Fixed part of a batch, seconds.
        per_tile_s: Per network input of a batch, seconds.
        batch_max: Most tiles in a batch.
        batch_wait_s: How long a lone tile waits for others, seconds.
        jitter: Standard deviation of the logarithm of the service time.
        start_s: Median time from a slot to the first frame (process, weights, warm-up), seconds.
        start_spread: Standard deviation of its logarithm.
        source: Where the times were measured.
        smaller_inputs: Sizes to fall back to, largest first; none where none was measured.
    """

    overhead_s: float
    per_tile_s: float
    source: str
    batch_max: int = 8
    batch_wait_s: float = 0.005
    jitter: float = 0.1
    start_s: float = 25.0
    start_spread: float = 0.15
    smaller_inputs: tuple[SmallerInput, ...] = ()

    def __post_init__(self) -> None:
        costs = [one.cost for one in self.smaller_inputs]
        disorder = ("smaller_inputs", "are not in the order of cost; list the dearest first")
        refuse_faults(
            disorder if costs != sorted(costs, reverse=True) else None,
            between("overhead_s", self.overhead_s, 0, 60),
            above("per_tile_s", self.per_tile_s, 0, 60),
            between("batch_max", self.batch_max, 1, 1024),
            between("batch_wait_s", self.batch_wait_s, 0, 10),
            between("jitter", self.jitter, 0, 2),
            between("start_s", self.start_s, 0, 3600),
            between("start_spread", self.start_spread, 0, 2),
        )

    @property
    def full_batch_s(self) -> float:
        """Time of a full batch, seconds."""
        return self.overhead_s + self.batch_max * self.per_tile_s

    @property
    def work_per_s(self) -> float:
        """Throughput of one replica with full batches, tiles per second."""
        return self.batch_max / self.full_batch_s

    @property
    def input_costs(self) -> tuple[float, ...]:
        """Work of a frame at every size over the usual one, 1.0 first; batches cost as before."""
        return (1.0, *(self.batch_cost(one.cost) for one in self.smaller_inputs))

    def batch_cost(self, tile_cost: float) -> float:
        """Returns the cost of a full batch of inputs of that cost over a usual one's."""
        return (self.overhead_s + tile_cost * self.batch_max * self.per_tile_s) / self.full_batch_s

    def tile_cost(self, batch_cost: float) -> float:
        """Returns what batch_cost was computed from."""
        return (batch_cost * self.full_batch_s - self.overhead_s) / (
            self.batch_max * self.per_tile_s
        )

    def start_p95_s(self) -> float:
        """95th percentile of the start-up, seconds."""
        return self.start_s * math.exp(1.645 * self.start_spread)


def service_from_benchmark(path: Path, usual: ServiceSettings) -> ServiceSettings:
    """Returns the service times a benchmark measured, the rest as usual.

    Two kinds of files are read. With `device`, `network` and `batches` (a list of `size`, tiles,
    and `median_s`, seconds) the line through (size, time) is fitted by least squares on relative
    errors. With `machine` and `networks` (benchmarks/detect.py: `network`, and `core_s`, seconds
    of one core per picture) a tile goes through all networks one after the other, on one core.
    Both may tell smaller sizes of the first network: `inputs`, a list of `input_px` and the same
    time, the usual size first.

    Args:
        path: The JSON file.
        usual: Settings a benchmark of a detector does not measure (start-up, waiting).

    Raises:
        ConfigError: The file is no such benchmark, or no line of positive slope fits it.
    """
    try:
        written = json.loads(path.read_text("utf-8"))
        if "networks" in written:
            return _one_core(written, path.name, usual)
        pairs = [(float(b["size"]), float(b["median_s"])) for b in written["batches"]]
        smaller = _smaller_inputs(written, "median_s", None)
        name = f"{written['network']} on {written['device']} ({path.name})"
    except (OSError, ValueError, KeyError, TypeError) as error:
        wanted = "networks: [{network, core_s}, ...] or batches: [{size, median_s}, ...]"
        raise ConfigError(f"{path}: no detector benchmark ({error!r}); wanted: {wanted}") from error
    if len({size for size, _ in pairs}) < 2:
        raise ConfigError(f"{path}: needs at least two batch sizes, got {len(pairs)}")
    overhead_s, per_tile_s = _line(pairs)
    return replace(
        usual,
        overhead_s=overhead_s,
        per_tile_s=per_tile_s,
        source=name,
        batch_max=int(max(size for size, _ in pairs)),
        smaller_inputs=smaller,
    )


def _one_core(written: Mapping[str, Any], file: str, usual: ServiceSettings) -> ServiceSettings:
    """Returns the service of one processor core, where a batch saves nothing."""
    per_tile_s = sum(float(network["core_s"]) for network in written["networks"])
    names = " + ".join(str(network["network"]) for network in written["networks"])
    source = f"{names} on one core of {written['machine']} ({file})"
    smaller = _smaller_inputs(written, "core_s", per_tile_s)
    return replace(
        usual, overhead_s=0.0, per_tile_s=per_tile_s, source=source, smaller_inputs=smaller
    )


def _smaller_inputs(
    written: Mapping[str, Any], time: str, whole_s: float | None
) -> tuple[SmallerInput, ...]:
    """Returns the sizes a benchmark measured that are worth falling back to.

    Args:
        written: The benchmark.
        time: Name of the time of one input.
        whole_s: Time of all networks on one input of the usual size; None when there is one.
    """
    listed = [(int(one["input_px"]), float(one[time])) for one in written.get("inputs", ())]
    found: list[SmallerInput] = []
    for input_px, taken_s in listed[1:]:
        usual_s = listed[0][1] if whole_s is None else whole_s
        cost = 1.0 - (listed[0][1] - taken_s) / usual_s
        if 0 < cost < (found[-1].cost if found else LEAST_SAVED):
            found.append(SmallerInput(input_px=input_px, cost=round(cost, 4)))
    return tuple(found)


def _line(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    weights = [1.0 / (seconds * seconds) for _, seconds in pairs]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, pairs, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, pairs, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, pairs, strict=True))
    product = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, pairs, strict=True))
    slope = product / spread
    if slope <= 0:
        raise ConfigError("service times do not grow with the batch; measure longer")
    # A tiny negative intercept is measurement noise: a batch of none takes no time.
    return max(0.0, mean_y - slope * mean_x), slope
