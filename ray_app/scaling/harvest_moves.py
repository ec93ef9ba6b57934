"""Which workers of a harvesting back-fill start, end after their segment, or end at once."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ray_app.scaling.backfill_slots import EventNeed, NodeSlots, lending, standing_of


class Why(enum.StrEnum):
    """Why a worker gives its slot back."""

    NEEDED_NOW = "the event needs the slot now"
    NEEDED_SOON = "the event needs the slot soon, or as reserve"
    NODE_NOT_KEPT = "the event keeps the node no longer"
    LEAD_OVER = "the segment took longer than the lead"
    SITE_SILENT = "the live site does not answer"


@dataclass(frozen=True, slots=True)
class Borrower:
    """One worker that holds a slot.

    Attributes:
        worker: Its number.
        node: Where it is.
        at_work_s: How long it has been at its segment; None while it has none.
        giving_back_s: How long it has been asked to end after its segment; None if it is not.
    """

    worker: int
    node: str
    at_work_s: float | None
    giving_back_s: float | None


@dataclass(frozen=True, slots=True)
class Moves:
    """What to do now.

    Attributes:
        at_once: Workers to end now, whatever they do.
        after_segment: Workers to give no more segments; all others may go on.
        start: Nodes to start workers on, one for each time a node is named.
    """

    at_once: tuple[tuple[int, Why], ...] = ()
    after_segment: tuple[tuple[int, Why], ...] = ()
    start: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HarvestRules:
    """How a harvest behaves.

    Attributes:
        reserve: Slots kept free for the event's next step up.
        lead_s: How far ahead the event's need is looked at, and how long a worker that gives its
            slot back may go on with its segment.
        let_go_s: The same on a node the event keeps no longer: all of it is paid meanwhile.
    """

    reserve: int = 1
    lead_s: float = 60.0
    let_go_s: float = 15.0

    def most_s(self, why: Why) -> float:
        """Returns how long a worker that was asked to end may go on."""
        return min(self.lead_s, self.let_go_s) if why is Why.NODE_NOT_KEPT else self.lead_s


def moves(
    nodes: Sequence[NodeSlots],
    need: EventNeed,
    borrowers: Sequence[Borrower],
    rules: HarvestRules,
    waiting: int,
) -> Moves:
    """Returns what to do now.

    A replica that waits for a slot gets one at once: the youngest segment is given up and done
    again later. Where there is time, workers end their segment first, for `lead_s` at most.

    Args:
        nodes: All that are up.
        need: What the event asks for.
        borrowers: All workers.
        rules: How the harvest behaves.
        waiting: Segments that no worker has.
    """
    standing = standing_of(nodes)
    lent = lending(standing, need, rules.reserve)
    kept = {node.node for node in nodes if node.replicas or lent.keeps_alone}
    staying = _least_lost_first(each for each in borrowers if each.node in kept)
    leaving = [each for each in borrowers if each.node not in kept]

    ended = max(0, len(staying) - lent.at_most)
    at_once = [(each.worker, Why.NEEDED_NOW) for each in staying[:ended]]
    goes_on = staying[ended:]
    drained = max(0, len(goes_on) - lent.lasting)
    asked = [(each, Why.NEEDED_SOON) for each in goes_on[:drained]]
    asked += [(each, Why.NODE_NOT_KEPT) for each in leaving]
    over = [
        (each.worker, why if why is Why.NODE_NOT_KEPT else Why.LEAD_OVER)
        for each, why in asked
        if (each.giving_back_s or 0.0) >= rules.most_s(why)
    ]
    ending = {worker for worker, _ in over}
    return Moves(
        at_once=(*at_once, *over),
        after_segment=tuple((each.worker, why) for each, why in asked if each.worker not in ending),
        start=_starts(nodes, kept, min(waiting, lent.lasting - len(staying))),
    )


def all_back(borrowers: Iterable[Borrower]) -> Moves:
    """Gives everything back at once: nobody knows what the event needs."""
    return Moves(at_once=tuple((each.worker, Why.SITE_SILENT) for each in borrowers))


def _least_lost_first(borrowers: Iterable[Borrower]) -> list[Borrower]:
    """Those already asked first, then those without a segment, then the youngest segment."""
    return sorted(
        borrowers,
        key=lambda each: (
            each.giving_back_s is None,
            -1.0 if each.at_work_s is None else each.at_work_s,
            -each.worker,
        ),
    )


def _starts(nodes: Sequence[NodeSlots], kept: set[str], most: int) -> tuple[str, ...]:
    """Returns a node for every free slot, those that hold replicas first."""
    able = [node for node in nodes if node.node in kept]
    able.sort(key=lambda node: (node.replicas == 0, node.node))
    return tuple(node.node for node in able for _ in range(node.free))[: max(0, most)]
