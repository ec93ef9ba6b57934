"""From offered work to replicas, and how long a peak is remembered."""

import math
from dataclasses import dataclass, field
from typing import Protocol

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


HEDGED_SHARE = 0.25
"""Most of what is due that is asked for twice: beyond, it is a quota, or replicas do not start."""


class Leads(Protocol):
    """How long machines take."""

    @property
    def replica_lead_s(self) -> float:
        """From asking for a replica on a node that is up to its first frame, seconds."""

    @property
    def node_lead_s(self) -> float:
        """The same when the node has to be booted first, seconds."""


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for lately, to tell what ought to have come by now.

    Attributes:
        began_s: When the first was asked for; None before.
        warm: Least GPUs asked to be warm of late, negative so that it is a peak.
        replicas: Least replicas asked for of late, likewise.
    """

    began_s: float | None = None
    warm: HeldPeak = field(default_factory=HeldPeak)
    replicas: HeldPeak = field(default_factory=HeldPeak)


def ask(before: Asked, time_s: float, replicas: int, warm: int, leads: Leads) -> Asked:
    """Returns what is remembered once so many replicas and warm GPUs are asked for."""
    return Asked(
        time_s if before.began_s is None else before.began_s,
        hold_peak(before.warm, time_s, -warm, leads.node_lead_s)[1],
        hold_peak(before.replicas, time_s, -replicas, leads.replica_lead_s)[1],
    )


def overdue(asked: Asked, time_s: float, running: int | None, leads: Leads) -> int:
    """Returns the replicas that ought to run by now and do not: a node that does not come.

    A launch that hangs is given up by Ray after ten minutes only. A GPU asked for longer ago than
    a node needs, for a replica asked for longer ago than a replica needs, is asked for once more;
    a quarter of what is due at most, because where more is missing more nodes do not mend it.

    Args:
        asked: What was asked for lately, now included.
        time_s: Now.
        running: Replicas that serve; None when nobody tells, then none is missed.
        leads: How long nodes and replicas take.
    """
    if running is None or asked.began_s is None or time_s - asked.began_s < leads.node_lead_s:
        return 0
    due = min(-asked.warm.needs[0][1], -asked.replicas.needs[0][1])
    return max(0, min(due - running, math.ceil(HEDGED_SHARE * due)))
