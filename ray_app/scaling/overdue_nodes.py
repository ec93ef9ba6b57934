"""Nodes that were asked for and do not come: told by the replicas that ought to run by now."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from ray_app.scaling.fleet import HeldPeak, hold_peak

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
