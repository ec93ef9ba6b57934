"""The back-fill borrows what is paid for and idle, gives way to the event, and keeps no node."""

import pytest

from ray_app.scaling.backfill_slots import (
    EventNeed,
    EventSignal,
    Lending,
    NodeSlots,
    SlotSize,
    lending,
    standing_of,
)
from ray_app.scaling.harvest_moves import Borrower, HarvestRules, Moves, Why, all_back, moves
from ray_app.scaling.slot_book import STEADY_S, UNTOLD_S, SeenNode, SiteLook, SlotBook

RULES = HarvestRules(reserve=1, lead_s=30.0)


def node(name: str, replicas: int = 0, borrowed: int = 0, free: int = 0) -> NodeSlots:
    return NodeSlots(name, replicas, 0, borrowed, free)


def lent(nodes, now, soon=0, warm=0, reserve=0) -> Lending:
    return lending(standing_of(nodes), EventNeed(now, soon, warm), reserve)


def test_free_slots_beside_replicas_are_lent_less_the_reserve():
    nodes = [node("a", replicas=2, free=2), node("b", replicas=1, borrowed=1, free=2)]
    assert lent(nodes, now=3) == Lending(keeps_alone=False, at_most=5, lasting=5)
    assert lent(nodes, now=3, reserve=2) == Lending(keeps_alone=False, at_most=5, lasting=3)


def test_what_the_event_wants_now_or_soon_is_not_lent():
    nodes = [node("a", replicas=1, free=3)]
    assert lent(nodes, now=2) == Lending(keeps_alone=False, at_most=2, lasting=2)
    assert lent(nodes, now=1, soon=3) == Lending(keeps_alone=False, at_most=3, lasting=1)
    assert lent(nodes, now=9, reserve=1) == Lending(keeps_alone=False, at_most=0, lasting=0)


@pytest.mark.parametrize(
    ("warm", "alone", "keeps"),
    [
        (0, [1], False),  # the plan keeps nothing warm: Ray gives the node back
        (1, [1], False),  # the replica's own node is all that is kept warm
        (2, [1], True),
        (2, [1, 1], False),  # one of the two goes back, and nobody knows which
        (3, [1, 1], True),
        (5, [1, 1], True),  # more are booting
        (4, [2, 2], True),  # three are kept, and nodes have two
        (3, [2, 2], False),
    ],
)
def test_nodes_without_a_replica_are_lent_only_when_the_plan_keeps_them_all(warm, alone, keeps):
    head = node("head without a GPU")
    nodes = [head, node("r", replicas=1), *(node(str(i), free=n) for i, n in enumerate(alone))]
    found = lent(nodes, now=1, warm=warm)
    assert found == Lending(keeps, sum(alone) * keeps, sum(alone) * keeps)


def test_replicas_take_free_slots_of_nodes_that_are_not_kept_before_borrowed_ones():
    nodes = [node("a", replicas=1, borrowed=2), node("b", free=1)]
    assert lent(nodes, now=2).at_most == 2
    assert lent(nodes, now=3).at_most == 1


def borrower(worker, where="a", at_work_s=10.0, giving_back_s=None) -> Borrower:
    return Borrower(worker, where, at_work_s, giving_back_s)


def asked(nodes, need, borrowers, rules=RULES, waiting=9) -> Moves:
    return moves(nodes, need, borrowers, rules, waiting)


def test_workers_start_where_a_slot_is_free_beside_replicas_first():
    nodes = [node("w", free=2), node("r", replicas=1, free=1)]
    need = EventNeed(1, 1, 4)
    assert asked(nodes, need, [], HarvestRules(reserve=0)).start == ("r", "w", "w")
    assert asked(nodes, need, []).start == ("r", "w")
    assert asked(nodes, need, [], HarvestRules(reserve=2)).start == ("r",)
    assert asked(nodes, need, [], waiting=1).start == ("r",)
    nodes = [node("w", free=1, borrowed=1), node("r", replicas=1, free=1)]
    assert asked(nodes, need, [borrower(1, "w", at_work_s=None)]).start == ("r",)


def test_a_replica_that_waits_gets_the_slot_of_the_youngest_segment_at_once():
    nodes = [node("a", replicas=1, borrowed=3)]
    borrowers = [borrower(1, at_work_s=50), borrower(2, at_work_s=3), borrower(3, at_work_s=9)]
    done = asked(nodes, EventNeed(2, 2, 0), borrowers, HarvestRules(reserve=0))
    assert done == Moves(at_once=((2, Why.NEEDED_NOW),))
    done = asked(nodes, EventNeed(3, 3, 0), [*borrowers[1:], borrower(4, at_work_s=None)],
                 HarvestRules(reserve=0))  # fmt: skip
    assert [worker for worker, _ in done.at_once] == [4, 2]


def test_what_is_needed_soon_or_as_reserve_is_given_back_after_the_segment():
    nodes = [node("a", replicas=1, borrowed=3)]
    borrowers = [borrower(1, at_work_s=50), borrower(2, at_work_s=3), borrower(3, at_work_s=9)]
    done = asked(nodes, EventNeed(1, 2, 0), borrowers)
    assert done == Moves(after_segment=((2, Why.NEEDED_SOON), (3, Why.NEEDED_SOON)))
    assert asked(nodes, EventNeed(1, 1, 0), borrowers).after_segment == ((2, Why.NEEDED_SOON),)


def test_a_worker_that_was_asked_stays_the_one_and_ends_when_the_lead_is_over():
    nodes = [node("a", replicas=1, borrowed=2)]
    borrowers = [borrower(1, at_work_s=50, giving_back_s=29.0), borrower(2, at_work_s=3)]
    need = EventNeed(1, 1, 0)
    assert asked(nodes, need, borrowers).after_segment == ((1, Why.NEEDED_SOON),)
    borrowers[0] = borrower(1, at_work_s=51, giving_back_s=30.0)
    assert asked(nodes, need, borrowers) == Moves(at_once=((1, Why.LEAD_OVER),))


def test_a_node_the_event_keeps_no_longer_is_let_go():
    nodes = [node("a", replicas=1), node("b", borrowed=1)]
    assert asked(nodes, EventNeed(1, 1, 2), [borrower(1, "b")], HarvestRules(0)) == Moves()
    done = asked(nodes, EventNeed(1, 1, 1), [borrower(1, "b")], HarvestRules(0))
    assert done == Moves(after_segment=((1, Why.NODE_NOT_KEPT),))
    late = [borrower(1, "b", giving_back_s=15.0)]
    assert asked(nodes, EventNeed(1, 1, 1), late).at_once == ((1, Why.NODE_NOT_KEPT),)
    gone = asked([nodes[0]], EventNeed(1, 1, 1), [borrower(1, "b")])
    assert gone.after_segment == ((1, Why.NODE_NOT_KEPT),)


def test_nothing_is_held_while_nobody_knows_what_the_event_needs():
    done = all_back([borrower(1), borrower(2)])
    assert done == Moves(at_once=((1, Why.SITE_SILENT), (2, Why.SITE_SILENT)))


SIGNAL = EventSignal(EventNeed(1, 1, 1), SlotSize(1, 1))


def noted(book: SlotBook, replicas: int, free: int, borrowed: int, now_s: float, untold: int = 0):
    look = SiteLook(SIGNAL, (SeenNode("n", replicas, 0, free),), untold)
    (slots,), after = book.noted(look, {"n": borrowed}, now_s)
    return slots.free, after


def test_reports_that_lag_behind_one_another_change_no_number_of_slots():
    free, book = noted(SlotBook.empty(), replicas=1, free=3, borrowed=0, now_s=0)
    assert free == 3
    # a worker was started, and Ray still calls its slot free
    free, book = noted(book, replicas=1, free=3, borrowed=1, now_s=1)
    assert free == 2
    # a replica took a slot, and Serve does not tell yet where it is
    for now_s in (2, 4, 9):  # its process starts slowly
        free, book = noted(book, replicas=1, free=1, borrowed=1, now_s=now_s, untold=1)
        assert free == 2
    free, book = noted(book, replicas=2, free=1, borrowed=1, now_s=9.5)
    assert free == 1


def test_a_slot_that_others_took_for_good_is_believed_after_a_while():
    _, book = noted(SlotBook.empty(), replicas=1, free=3, borrowed=0, now_s=0)
    free, book = noted(book, replicas=1, free=2, borrowed=0, now_s=1)
    assert free == 3
    free, book = noted(book, replicas=1, free=2, borrowed=0, now_s=1 + STEADY_S)
    assert free == 2
    # even while a replica waits, which would otherwise wait for ever
    free, book = noted(book, replicas=1, free=1, borrowed=0, now_s=10, untold=1)
    assert free == 2
    free, book = noted(book, replicas=1, free=1, borrowed=0, now_s=10 + UNTOLD_S, untold=1)
    assert free == 1
