"""How many slots every node has, from reports that lag behind one another by a second or so.

Ray tells what is free, Serve where replicas are, and the harvest knows its own workers; a replica
that was just placed is in the first already, and in the second when its process is up. Their sum,
the slots of the node, hardly ever changes: so it is believed when it stayed the same for a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ray_app.scaling.backfill_slots import EventSignal, NodeSlots

STEADY_S, UNTOLD_S = 2.0, 20.0
"""A changed number of slots is believed after so long; where replicas start, after the longer."""


@dataclass(frozen=True, slots=True)
class SeenNode:
    """One node as Ray and Serve tell it.

    Attributes:
        node: Its id.
        replicas: Detector replicas placed there, those that stop left out.
        leaving: Those that stop.
        free: Slots that fit into what Ray calls free.
    """

    node: str
    replicas: int
    leaving: int
    free: int


@dataclass(frozen=True, slots=True)
class SiteLook:
    """One look at the cluster.

    Attributes:
        signal: What the running site asks for.
        nodes: All that are up.
        untold: Replicas that start and of which Serve does not tell where: they wait for a slot,
            or have it since a few seconds.
    """

    signal: EventSignal
    nodes: tuple[SeenNode, ...]
    untold: int = 0


@dataclass(frozen=True, slots=True)
class _Count:
    """A number of slots, and the other one that is told since a while."""

    slots: int
    told: int
    since_s: float


@dataclass(frozen=True, slots=True)
class SlotBook:
    """What is believed of every node.

    Attributes:
        counts: By node.
    """

    counts: Mapping[str, _Count]

    @classmethod
    def empty(cls) -> "SlotBook":
        """Knows no node."""
        return cls({})

    def noted(
        self, look: SiteLook, borrowed: Mapping[str, int], now_s: float
    ) -> tuple[tuple[NodeSlots, ...], "SlotBook"]:
        """Returns the nodes with what is free on them, and the book for the next look.

        Args:
            look: The cluster as it is told now.
            borrowed: Workers of the harvest by node.
            now_s: Seconds of any clock.
        """
        counts: dict[str, _Count] = {}
        slots: list[NodeSlots] = []
        steady_s = UNTOLD_S if look.untold else STEADY_S
        for seen in look.nodes:
            mine = borrowed.get(seen.node, 0)
            held = seen.replicas + seen.leaving + mine
            count = _believed(self.counts.get(seen.node), held + seen.free, now_s, steady_s)
            counts[seen.node] = count
            free = max(0, count.slots - held)
            slots.append(NodeSlots(seen.node, seen.replicas, seen.leaving, mine, free))
        return tuple(slots), SlotBook(counts)


def _believed(before: _Count | None, told: int, now_s: float, steady_s: float) -> _Count:
    if before is None:
        return _Count(told, told, now_s)
    if told != before.told:
        return _Count(before.slots, told, now_s)
    if now_s - before.since_s >= steady_s:
        return _Count(told, told, before.since_s)
    return before
