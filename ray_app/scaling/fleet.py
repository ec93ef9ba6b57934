"""From offered work to replicas, and how long a peak is remembered."""

import math
from dataclasses import dataclass

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class FleetSettings:
    """What one replica can do and how many there may be.

    Attributes:
        work_per_s: Tiles per second of one replica with full batches, as measured.
        min_replicas: Never fewer.
        max_replicas: Never more.
    """

    work_per_s: float
    min_replicas: int
    max_replicas: int

    def __post_init__(self) -> None:
        refuse_faults(
            above("work_per_s", self.work_per_s, 0, 1e6),
            between("min_replicas", self.min_replicas, 0, self.max_replicas),
            between("max_replicas", self.max_replicas, 1, 10_000),
        )


def replicas_for(offered_per_s: float, utilisation: float, fleet: FleetSettings) -> int:
    """Returns the replicas that carry the work at a utilisation in (0, 1], within bounds."""
    wanted = math.ceil(offered_per_s / (utilisation * fleet.work_per_s) - 1e-9)
    return max(fleet.min_replicas, min(fleet.max_replicas, wanted))


@dataclass(frozen=True, slots=True)
class HeldPeak:
    """Needs not yet forgotten, newest last, each smaller than the one before it.

    Attributes:
        needs: Pairs of time in seconds and replicas.
    """

    needs: tuple[tuple[float, int], ...] = ()


def hold_peak(held: HeldPeak, time_s: float, need: int, hold_s: float) -> tuple[int, HeldPeak]:
    """Returns the largest need of the last hold_s, and the memory for the next call.

    Going up is at once, going down waits: what was needed a moment ago may be needed again, and
    a replica given back takes its start-up time to return.
    """
    first = 0
    while first < len(held.needs) and held.needs[first][0] < time_s - hold_s:
        first += 1
    last = len(held.needs)
    while last > first and held.needs[last - 1][1] <= need:
        last -= 1
    needs = (*held.needs[first:last], (time_s, need))
    return needs[0][1], HeldPeak(needs)
