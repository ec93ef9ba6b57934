"""Somebody who was lost on the spot, not seen to leave: what changes there may be them, lying."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ray_app.situations.passers_by import Floats, Passing

LOST_BEFORE_S, LOST_AFTER_S = 3.0, 1.0
"""When somebody was lost, from so long before a change began to so long after."""
AWAY_S = 0.8
"""Who was not seen for so long was lost, even if their number comes back."""
BACK_S, BACK_HEIGHTS = 1.5, 1.0
"""Who is lost and soon followed again so near did not fall: trackers change numbers."""
BODY_HEIGHTS = 1.0
"""How far from the feet a lying body can show."""
RAISED_HEIGHTS = 0.35
"""How far above the feet the lower side of a body can be: what stands behind them is none."""
WIDE_HEIGHTS = 0.5
"""A body is at least so wide; most bags are not."""
EDGE_HEIGHTS = 0.1
"""Whose feet end so near to the edge of the picture left it."""
KEPT_S = 30.0
"""For so long a place is remembered after a change was last explained by it."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Ground that changed.

    Attributes:
        left_px: Its left side, source pixels.
        right_px: Its right side.
        low_px: Its lower side.
        since_s: When it began to change.
        beside: Whether somebody hides what is beside it now: it may be wider than it shows.
        picture_px: Width and height of the whole picture.
    """

    left_px: float
    right_px: float
    low_px: float
    since_s: float
    beside: bool
    picture_px: tuple[float, float]


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

    def reaches(self, patch: Patch) -> bool:
        """Whether a body with its feet here may show as the patch."""
        at_px = np.array([(patch.left_px + patch.right_px) / 2, patch.low_px])
        near = float(np.linalg.norm(self.feet_px - at_px)) <= BODY_HEIGHTS * self.height_px
        return near and self.feet_px[1] - patch.low_px <= RAISED_HEIGHTS * self.height_px


class LostOnSpot:
    """The spots of one camera. A body shows piece by piece as others walk by."""

    def __init__(self) -> None:
        self._spots: list[_Spot] = []

    def explains(self, passing: Sequence[Passing], patch: Patch) -> bool:
        """Returns whether a patch of changed ground may be somebody who fell.

        Args:
            passing: Who was where, oldest first.
            patch: What changed.
        """
        now_s = passing[-1].time_s
        self._spots = [spot for spot in self._spots if now_s - spot.explained_s < KEPT_S]
        for spot in self._spots:
            if spot.reaches(patch) and spot.is_body:
                spot.explained_s = now_s
                return True
        explained = False
        for then, row in _lost(passing, patch):
            feet_px, height_px = then.feet_px[row], float(then.heights_px[row])
            spot = _Spot(feet_px, height_px, patch.left_px, patch.right_px, now_s)
            if not spot.reaches(patch):
                continue
            whole = self._remember(spot)
            if whole.is_body or patch.beside or not _came_back(passing, then, row):
                explained = True
        return explained

    def _remember(self, new: _Spot) -> _Spot:
        """Returns the spot there, with what shows of it now."""
        for spot in self._spots:
            away_px = float(np.linalg.norm(spot.feet_px - new.feet_px))
            if away_px <= BODY_HEIGHTS * spot.height_px:
                spot.left_px = min(spot.left_px, new.left_px)
                spot.right_px = max(spot.right_px, new.right_px)
                spot.explained_s = new.explained_s
                return spot
        self._spots.append(new)
        return new


def _lost(passing: Sequence[Passing], patch: Patch) -> Iterator[tuple[Passing, int]]:
    """Yields where those who were lost as a patch began to change were seen last, and their row.

    Also of a number that came back after a while: trackers pass it on to the next who comes by.
    """
    last: dict[int, tuple[Passing, int]] = {}
    gone: list[tuple[Passing, int]] = []
    for then in passing:
        for row, number in enumerate(then.ids.tolist()):
            before = last.get(number)
            if before is not None and then.time_s - before[0].time_s >= AWAY_S:
                gone.append(before)
            last[number] = (then, row)
    now_s = passing[-1].time_s
    gone += [seen for seen in last.values() if now_s - seen[0].time_s >= AWAY_S]
    width, height = patch.picture_px
    for then, row in gone:
        (x, y), edge_px = then.feet_px[row], EDGE_HEIGHTS * float(then.heights_px[row])
        left = y > height - edge_px or not edge_px <= x <= width - edge_px
        soon = patch.since_s - LOST_BEFORE_S <= then.time_s <= patch.since_s + LOST_AFTER_S
        if soon and not left:
            yield then, row


def _came_back(passing: Sequence[Passing], lost: Passing, row: int) -> bool:
    """Returns whether somebody began to be followed where and soon after another was lost."""
    known = {number for then in passing if then.time_s <= lost.time_s for number in then.ids}
    known.discard(int(lost.ids[row]))
    reach_px = BACK_HEIGHTS * float(lost.heights_px[row])
    for then in passing:
        if lost.time_s < then.time_s <= lost.time_s + BACK_S:
            away_px = np.linalg.norm(then.feet_px - lost.feet_px[row], axis=1)
            if (away_px[~np.isin(then.ids, list(known))] <= reach_px).any():
                return True
    return False
