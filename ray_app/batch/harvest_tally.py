"""How a harvest stands: what it borrows, what it gave back and what that cost."""

from collections import Counter
from dataclasses import dataclass

from ray_app.scaling.harvest_moves import Why

FOR_THE_EVENT = (Why.NEEDED_NOW, Why.NEEDED_SOON, Why.LEAD_OVER, Why.SITE_SILENT)


@dataclass(frozen=True, slots=True)
class HarvestTally:
    """How it stands.

    Attributes:
        borrowed: Slots borrowed now.
        most: Most slots borrowed at once.
        slot_s: Slot-seconds borrowed so far.
        at_once: Slots given back at once because the event needed them.
        after_segment: Slots given back to the event when their segment was done.
        let_go: Slots given back because the event kept their node no longer.
        lost: Segments begun and given up; they are done again.
    """

    borrowed: int = 0
    most: int = 0
    slot_s: float = 0.0
    at_once: int = 0
    after_segment: int = 0
    let_go: int = 0
    lost: int = 0

    @property
    def yielded(self) -> int:
        """Times a slot was given back to the event."""
        return self.at_once + self.after_segment


class HarvestBook:
    """Adds up."""

    def __init__(self) -> None:
        self._at_once, self._after = Counter[Why](), Counter[Why]()
        self._lost = self._most = 0
        self._slot_s = 0.0

    def note_time(self, borrowed: int, elapsed_s: float) -> None:
        """Adds the time that passed with so many slots borrowed."""
        self._slot_s += borrowed * elapsed_s
        self._most = max(self._most, borrowed)

    def note_back(self, why: Why, *, at_once: bool) -> None:
        """Counts a slot that was given back."""
        (self._at_once if at_once else self._after)[why] += 1

    def note_lost(self) -> None:
        """Counts a segment that was given up."""
        self._lost += 1

    def tally(self, borrowed: int) -> HarvestTally:
        """Returns how it stands."""
        both = self._at_once + self._after
        return HarvestTally(
            borrowed=borrowed,
            most=self._most,
            slot_s=self._slot_s,
            at_once=sum(self._at_once[why] for why in FOR_THE_EVENT),
            after_segment=sum(self._after[why] for why in FOR_THE_EVENT),
            let_go=both[Why.NODE_NOT_KEPT],
            lost=self._lost,
        )
