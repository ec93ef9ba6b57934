"""Somebody who was lost on the spot, not seen to leave: what changes there may be them, lying."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ray_app.situations.passers_by import Floats, Passing

LOST_BEFORE_S, LOST_AFTER_S = 3.0, 1.0
"""When somebody was lost, from so long before a change began to so long after."""
BODY_HEIGHTS = 1.0
"""How far from the feet a lying body can show."""
WIDE_HEIGHTS = 0.5
"""A body is at least so wide; a bag is not."""
KEPT_S = 30.0
"""For so long a place is remembered after a change was last explained by it."""


@dataclass(slots=True)
class _Spot:
    """Where somebody was lost, and how far changes around it reach."""

    feet_px: Floats
    height_px: float
    left_px: float
    right_px: float
    explained_s: float

    @property
    def is_body(self) -> bool:
        """Whether the changes together are as wide as a body."""
        return self.right_px - self.left_px >= WIDE_HEIGHTS * self.height_px

    def reaches(self, at_px: Floats) -> bool:
        """Whether a body with its feet here may show there."""
        return float(np.linalg.norm(self.feet_px - at_px)) <= BODY_HEIGHTS * self.height_px


class LostOnSpot:
    """The spots of one camera. A body shows piece by piece as others walk by."""

    def __init__(self) -> None:
        self._spots: list[_Spot] = []

    def explains(
        self,
        passing: Sequence[Passing],
        numbers: Collection[int],
        patch_px: tuple[float, float, float],
        since_s: float,
    ) -> bool:
        """Returns whether a patch of changed ground may be somebody who fell.

        Args:
            passing: Who was where, oldest first.
            numbers: Tracks seen near the patch.
            patch_px: Its left, right and lower side, source pixels.
            since_s: When it began to change.
        """
        left, right, low = patch_px
        at_px, now_s = np.array([(left + right) / 2, low]), passing[-1].time_s
        self._spots = [spot for spot in self._spots if now_s - spot.explained_s < KEPT_S]
        for spot in self._spots:
            if spot.reaches(at_px) and spot.is_body:
                spot.explained_s = now_s
                return True
        lost = False
        for number in numbers:
            last = next(then for then in reversed(passing) if number in then.ids)
            if not since_s - LOST_BEFORE_S <= last.time_s <= since_s + LOST_AFTER_S:
                continue
            row = last.ids.tolist().index(number)
            spot = _Spot(last.feet_px[row], float(last.heights_px[row]), left, right, now_s)
            if spot.reaches(at_px):
                lost = True
                self._remember(spot)
        return lost

    def _remember(self, new: _Spot) -> None:
        for spot in self._spots:
            if spot.reaches(new.feet_px):
                spot.left_px = min(spot.left_px, new.left_px)
                spot.right_px = max(spot.right_px, new.right_px)
                spot.explained_s = new.explained_s
                return
        self._spots.append(new)
