"""Who gives up frames first when there is not enough capacity: live and simulated alike."""

from collections.abc import Sequence
from dataclasses import dataclass

RECOVERY_PER_S = 0.02


@dataclass(frozen=True, slots=True)
class StreamClass:
    """Cameras that give up frames together.

    Attributes:
        name: Of the class.
        rank: Classes of a higher rank keep their frames longer; cameras with an open
            situation belong to a rank of their own above all others.
        floor_share: Least share of its frames that still watches over it, 0 to 1; the rate
            floor over the rate now.
        costs: Work of its frame at every allowed input size over the usual one's, where that
            differs from the cost of the size: it has tiles, or networks that know one size only.
    """

    name: str
    rank: int
    floor_share: float
    costs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Shares:
    """What is kept.

    Attributes:
        kept: Share of the frames of every class that are analysed, 0 to 1.
        input_cost: Cost of one frame at the input size of all ranks but the highest, over its
            cost at full size.
        place: Number of that size among the allowed ones, 0 the usual.
    """

    kept: tuple[float, ...]
    input_cost: float = 1.0
    place: int = 0


def share_capacity(
    classes: Sequence[StreamClass],
    offered_per_s: Sequence[float],
    capacity_per_s: float,
    input_costs: Sequence[float] = (1.0,),
) -> Shares:
    """Returns how to fit the offered work into the capacity.

    In this order, lowest rank first in each: fewer frames down to the floors, smaller input,
    frames below the floors. All classes of one rank give up the same share of what they can.

    Args:
        classes: The classes.
        offered_per_s: Work of every class at full rate and size, tiles per second.
        capacity_per_s: What the replicas can carry.
        input_costs: Costs of the input sizes allowed over the usual one's, 1.0 first, as
            measured.
    """
    if sum(offered_per_s) <= capacity_per_s:
        return Shares((1.0,) * len(classes))
    floors = [c.floor_share for c in classes]
    top = max(c.rank for c in classes)
    for place, cost in enumerate(input_costs):
        at_cost = [
            work if c.rank == top else work * (c.costs[place] if c.costs else cost)
            for c, work in zip(classes, offered_per_s, strict=True)
        ]
        kept = _fill(classes, at_cost, capacity_per_s, [1.0] * len(classes), floors)
        if _work(at_cost, kept) <= capacity_per_s * (1 + 1e-9):
            return Shares(tuple(kept), cost, place)
    return Shares(
        tuple(_fill(classes, at_cost, capacity_per_s, floors, [0.0] * len(classes))), cost, place
    )


def recovered(before: Shares, wanted: Shares, elapsed_s: float) -> Shares:
    """Returns the shares to use: less at once, more slowly, so that they do not swing."""
    most = RECOVERY_PER_S * elapsed_s
    kept = tuple(min(new, old + most) for old, new in zip(before.kept, wanted.kept, strict=True))
    return Shares(kept, wanted.input_cost, wanted.place)


def _fill(
    classes: Sequence[StreamClass],
    work: Sequence[float],
    capacity: float,
    most: Sequence[float],
    least: Sequence[float],
) -> list[float]:
    """Lowers shares from most towards least, rank by rank, until the work fits."""
    kept = list(most)
    for rank in sorted({c.rank for c in classes}):
        excess = _work(work, kept) - capacity
        if excess <= 0:
            break
        members = [i for i, c in enumerate(classes) if c.rank == rank]
        room = sum(work[i] * (kept[i] - least[i]) for i in members)
        part = 1.0 if room <= excess else excess / room
        for i in members:
            kept[i] -= part * (kept[i] - least[i])
    return kept


def _work(work: Sequence[float], kept: Sequence[float]) -> float:
    return sum(w * k for w, k in zip(work, kept, strict=True))
