"""How many slots that are paid for and idle the back-fill may borrow, and when it gives way.

A slot is what one detector replica needs. A node that works is never idle for the node
autoscaler, so a borrowed slot keeps its node and its price; hence only nodes count that the event
keeps by itself: those with a replica, and those the plan keeps warm.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlotSize:
    """What one detector replica needs: processor cores and GPUs, shares allowed."""

    cpus: float
    gpus: float


@dataclass(frozen=True, slots=True)
class EventNeed:
    """What the event asks for, in detector replicas and slots.

    Attributes:
        now: Replicas wanted now.
        soon: Replicas wanted within a short lead.
        warm: Slots that should be up by now, replicas or not.
    """

    now: int
    soon: int
    warm: int


@dataclass(frozen=True, slots=True)
class EventSignal:
    """What the running site tells a back-fill."""

    need: EventNeed
    slot: SlotSize


@dataclass(frozen=True, slots=True)
class NodeSlots:
    """One node that is up, in slots.

    Attributes:
        node: Its id.
        replicas: Held by detector replicas, starting ones too.
        leaving: Held by replicas that stop.
        borrowed: Held by the back-fill.
        free: Nobody's.
    """

    node: str
    replicas: int
    leaving: int
    borrowed: int
    free: int

    @property
    def slots(self) -> int:
        """All of them."""
        return self.replicas + self.leaving + self.borrowed + self.free


@dataclass(frozen=True, slots=True)
class Standing:
    """All nodes that are up, added up, in slots.

    Attributes:
        placed: Detector replicas that have their slot.
        beside: Slots of nodes with a replica.
        beside_open: Of those, free or borrowed.
        alone: Slots of nodes without a replica.
        alone_open: Of those, free or borrowed.
        alone_free: Of those, free.
        alone_smallest: Slots of the smallest such node; 0 when there is none.
    """

    placed: int
    beside: int
    beside_open: int
    alone: int
    alone_open: int
    alone_free: int
    alone_smallest: int


@dataclass(frozen=True, slots=True)
class Lending:
    """How many slots may be borrowed.

    Attributes:
        keeps_alone: Whether nodes without a replica may be borrowed from: the plan keeps every
            one of them warm. Where it does not, Ray alone knows which it will give back.
        at_most: Slots that may stay borrowed this moment; replicas wait for what is beyond.
        lasting: Slots that may stay borrowed after their segment, and be borrowed anew.
    """

    keeps_alone: bool
    at_most: int
    lasting: int


def standing_of(nodes: Iterable[NodeSlots]) -> Standing:
    """Adds up the nodes; one that holds no slot at all, as a head without a GPU, is none."""
    listed = [node for node in nodes if node.slots]
    beside = [node for node in listed if node.replicas]
    alone = [node for node in listed if not node.replicas]
    return Standing(
        placed=sum(node.replicas for node in beside),
        beside=sum(node.slots for node in beside),
        beside_open=sum(node.free + node.borrowed for node in beside),
        alone=sum(node.slots for node in alone),
        alone_open=sum(node.free + node.borrowed for node in alone),
        alone_free=sum(node.free for node in alone),
        alone_smallest=min((node.slots for node in alone), default=0),
    )


def lending(standing: Standing, need: EventNeed, reserve: int) -> Lending:
    """Returns what may be borrowed.

    Slots that the event will want within the node lead are lent; those wanted now, or within the
    short lead, are not, and a reserve stays free for the next step up.

    Args:
        standing: The nodes that are up.
        need: What the event asks for.
        reserve: Slots kept free.
    """
    # Ray gives idle nodes back down to what is kept warm, one whole node after the other.
    missing = need.warm - standing.beside
    keeps_alone = missing > 0 and standing.alone - standing.alone_smallest < missing
    lent = standing.beside_open + (standing.alone_open if keeps_alone else 0)
    others = 0 if keeps_alone else standing.alone_free
    now = max(0, need.now - standing.placed - others)
    soon = max(0, max(need.now, need.soon) - standing.placed - others)
    return Lending(keeps_alone, max(0, lent - now), max(0, lent - soon - reserve))
