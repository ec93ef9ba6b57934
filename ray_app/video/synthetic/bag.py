"""A suitcase that somebody pulls along and then leaves behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.scenario import BagPlan
from ray_app.video.synthetic.things import thing_rows
from ray_app.video.synthetic.wardrobe import pack

BEHIND_M, BESIDE_M = 0.35, 0.32
STANDING_M_S = 0.25
ALONE_M = 2.0
"""A bag is unattended when its owner is farther away than this; PETS 2006 takes 3 m."""
DARK_RED = pack((110, 22, 26))


@dataclass(frozen=True, slots=True)
class BagWay:
    """Where the case is at every frame it exists.

    Attributes:
        first_frame: Frame of the first place.
        xy_m: Places, shape (frames, 2); the last one holds ever after.
        heading: Radians, shape (frames,).
        placed_frame: When it comes to rest; None when it never does.
        left_frame: When its owner is `ALONE_M` away; None when never.
    """

    first_frame: int
    xy_m: NDArray[np.float64]
    heading: NDArray[np.float64]
    placed_frame: int | None
    left_frame: int | None

    def rows_at(self, frame: int) -> NDArray[np.float32]:
        """Returns the case's instance row at a frame, shape (0 or 1, 28)."""
        if frame < self.first_frame:
            return thing_rows((0.0, 0.0), 0.0, DARK_RED)[:0]
        k = min(frame - self.first_frame, len(self.heading) - 1)
        place = float(self.xy_m[k, 0]), float(self.xy_m[k, 1])
        return thing_rows(place, float(self.heading[k]), DARK_RED)


def follow_bag(plan: BagPlan, cast: Cast) -> BagWay | None:
    """Returns the case's way; None when its owner never appears."""
    owner = next((track for track in cast.tracks if track.group == plan.group), None)
    if owner is None:
        return None
    rows = np.flatnonzero(cast.person_ids == owner.person_id)
    heading = cast.postures.heading[rows]
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    way = owner.xy_m - BEHIND_M * ahead - BESIDE_M * left
    speed = np.linalg.norm(np.gradient(owner.xy_m, axis=0), axis=1) * cast.rate_hz
    begun = int(2 * cast.rate_hz)
    resting = np.flatnonzero(speed[begun:] < STANDING_M_S)
    if not len(resting):
        return BagWay(owner.first_frame, way, heading, None, None)
    stop = begun + int(resting[0])
    gone = np.linalg.norm(owner.xy_m[stop:] - way[stop], axis=1) > ALONE_M
    left_at = owner.first_frame + stop + int(np.argmax(gone)) if gone.any() else None
    rest = owner.first_frame + stop
    return BagWay(owner.first_frame, way[: stop + 1], heading[: stop + 1], rest, left_at)
