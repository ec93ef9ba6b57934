"""Works off segments on slots that are paid for and idle, and gives them back to the event."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ray
from ray.exceptions import RayTaskError

from ray_app.batch.attempts import forget_attempt
from ray_app.batch.harvest_tally import HarvestBook, HarvestTally
from ray_app.batch.harvest_worker import DEAD, Slot, borrow
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import SegmentOutcome, WorkerBlocks, told
from ray_app.domain.errors import ClusterError, VigieError
from ray_app.scaling.backfill_slots import SlotSize
from ray_app.scaling.harvest_moves import HarvestRules, Moves, Why, all_back, moves
from ray_app.scaling.slot_book import SiteLook, SlotBook

LOOK_EVERY_S = 0.5
ENDED_S = 60.0
"""After so long without an answer of the live site the harvest ends."""
STARTS_S, PAUSE_S = 30.0, 2.0
"""A worker that is not there after so long is withdrawn; its node is left alone for so long."""
DIES_S = 10.0

OnTally = Callable[[HarvestTally], None]


@dataclass(frozen=True, slots=True)
class HarvestPlan:
    """How segments are harvested.

    Attributes:
        look: Returns how the live site stands, looking so many seconds ahead; None when it does
            not answer. Called twice a second, on the running Ray.
        rules: How the harvest behaves.
        no_site: What to tell when no live site is there: one line with the fix.
        silent_s: After so long without an answer every slot is given back.
    """

    look: Callable[[float], SiteLook | None]
    rules: HarvestRules
    no_site: str
    silent_s: float = 5.0


def harvest_outcomes(
    segments: Sequence[Segment],
    out_dir: Path,
    blocks: WorkerBlocks,
    plan: HarvestPlan,
    on_tally: OnTally,
) -> Generator[SegmentOutcome, None, None]:
    """Yields the outcome of each segment as it ends; at its end no slot is borrowed.

    Raises:
        ClusterError: No live site is there, or it ended.
        VigieError: A worker cannot be built.
    """
    _wait_for_site(plan)
    harvest = _Harvest(segments, (out_dir, blocks), plan, on_tally)
    try:
        yield from harvest.outcomes()
    finally:
        harvest.end()


def _wait_for_site(plan: HarvestPlan) -> None:
    until_s = time.monotonic() + plan.silent_s
    while plan.look(plan.rules.lead_s) is None:
        if time.monotonic() >= until_s:
            raise ClusterError(plan.no_site)
        time.sleep(LOOK_EVERY_S)


class _Harvest:
    def __init__(
        self,
        segments: Sequence[Segment],
        shared: tuple[Path, WorkerBlocks],
        plan: HarvestPlan,
        on_tally: OnTally,
    ) -> None:
        self._waiting, self._shared, self._plan = deque(segments), shared, plan
        self._on_tally = on_tally
        self._slots: list[Slot] = []
        self._numbers = 0
        self._why: dict[int, Why] = {}
        self._paused_s: dict[str, float] = {}
        self._book, self._nodes = HarvestBook(), SlotBook.empty()
        self._heard_s = self._noted_s = time.monotonic()
        self._told: HarvestTally | None = None

    def outcomes(self) -> Generator[SegmentOutcome, None, None]:
        while self._waiting or any(slot.segment is not None for slot in self._slots):
            self._look()
            until_s = time.monotonic() + LOOK_EVERY_S
            while (left_s := until_s - time.monotonic()) > 0:
                for slot in self._answered(left_s):
                    outcome = self._take(slot)
                    if outcome is not None:
                        yield outcome
                self._tell()

    def end(self) -> None:
        """Gives every slot back."""
        for slot in self._slots:
            if not slot.is_ended:
                slot.end()
        dying = [slot.answer for slot in self._slots]
        if dying:
            ray.wait(dying, num_returns=len(dying), timeout=DIES_S)
        self._slots.clear()
        self._tell()

    @property
    def _borrowing(self) -> list[Slot]:
        return [slot for slot in self._slots if not slot.is_ended]

    def _look(self) -> None:
        look = self._plan.look(self._plan.rules.lead_s)
        now_s = time.monotonic()
        borrowers = [slot.borrower(now_s) for slot in self._borrowing]
        if look is not None:
            self._heard_s = now_s
            held = {slot.node: 0 for slot in self._borrowing}
            for slot in self._borrowing:
                held[slot.node] += 1
            nodes, self._nodes = self._nodes.noted(look, held, now_s)
            need, rules = look.signal.need, self._plan.rules
            self._do(moves(nodes, need, borrowers, rules, len(self._waiting)), look.signal.slot)
        elif now_s - self._heard_s > ENDED_S:
            raise ClusterError(
                f"the live site does not answer since {ENDED_S:g} s: every slot was given back; "
                "what is done stays, the same command goes on when it runs again"
            )
        elif now_s - self._heard_s > self._plan.silent_s:
            self._do(all_back(borrowers), None)

    def _do(self, wanted: Moves, size: SlotSize | None) -> None:
        now_s = time.monotonic()
        at_once, asked = dict(wanted.at_once), dict(wanted.after_segment)
        for slot in self._borrowing:
            if slot.number in at_once:
                self._end_now(slot, at_once[slot.number])
            elif slot.number in asked:
                self._why[slot.number] = asked[slot.number]
                slot.asked_s = slot.asked_s or now_s
            else:
                slot.asked_s = None
            if slot.segment is None and now_s - slot.began_s > STARTS_S:
                self._withdraw(slot)
        for node in wanted.start:
            if size is not None and self._paused_s.get(node, 0.0) <= now_s:
                self._numbers += 1
                self._slots.append(borrow(self._numbers, node, size, self._shared))

    def _end_now(self, slot: Slot, why: Why) -> None:
        slot.end()
        self._book.note_back(why, at_once=True)

    def _withdraw(self, slot: Slot) -> None:
        if not slot.is_ended:
            slot.end()
        self._paused_s[slot.node] = time.monotonic() + PAUSE_S

    def _answered(self, most_s: float) -> list[Slot]:
        answers = {slot.answer: slot for slot in self._slots}
        if not answers:
            time.sleep(most_s)
            return []
        ready, _ = ray.wait(list(answers), num_returns=1, timeout=most_s)
        return [answers[each] for each in ready]

    def _take(self, slot: Slot) -> SegmentOutcome | None:
        """Takes a worker's answer, and gives it the next segment or its leave."""
        segment, slot.segment = slot.segment, None
        try:
            outcome: SegmentOutcome | None = ray.get(slot.answer)
        except DEAD:
            self._bury(slot, segment)
            return None
        except RayTaskError as error:
            raise VigieError(f"a worker failed: {told(error.cause)}") from error
        if slot.is_ended:
            self._slots.remove(slot)
        elif slot.asked_s is not None or not self._waiting:
            self._dismiss(slot)
        else:
            slot.give(self._waiting.popleft())
        return outcome

    def _bury(self, slot: Slot, segment: Segment | None) -> None:
        """Forgets a worker that is gone; its segment is done again, by another."""
        self._slots.remove(slot)
        if segment is None:
            self._paused_s[slot.node] = time.monotonic() + PAUSE_S
            return
        if slot.is_ended:  # by us: not the footage's fault
            forget_attempt(self._shared[0], segment)
            self._book.note_lost()
            self._waiting.appendleft(segment)
        else:
            self._waiting.append(segment)

    def _dismiss(self, slot: Slot) -> None:
        self._slots.remove(slot)
        if slot.asked_s is not None:
            self._book.note_back(self._why[slot.number], at_once=False)
        with suppress(ray.exceptions.RayError):
            slot.end()

    def _tell(self) -> None:
        now_s = time.monotonic()
        borrowed = len(self._borrowing)
        self._book.note_time(borrowed, now_s - self._noted_s)
        self._noted_s = now_s
        tally = self._book.tally(borrowed)
        before, self._told = self._told, tally
        if before is None or _without_time(before) != _without_time(tally):
            self._on_tally(tally)


def _without_time(tally: HarvestTally) -> tuple[int, ...]:
    return (tally.borrowed, tally.at_once, tally.after_segment, tally.let_go, tally.lost)
