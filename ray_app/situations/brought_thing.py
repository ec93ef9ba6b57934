"""A thing that somebody brought, and who of those near attends to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.observation import PictureGrid
from ray_app.domain.scene import Scene
from ray_app.situations.passers_by import Passing

Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]
SQUARE = np.ones((3, 3), np.bool_)

NEAR_HEIGHTS = 1.5
"""In a picture without calibration an owner is near within so many of their own heights."""
TOUCH_HEIGHTS = 0.5
"""Anybody else attends to a thing only within so many of their own heights."""
ATTENDED_S = 2.0
"""Who stays that near so long attends to the thing; passers-by do not."""
SAME_CELLS, SAME_S = 6, 15.0
"""Patches so near in place and time are one thing: its shadow is seen before itself."""


@dataclass(slots=True)
class BroughtThing:
    """A thing that somebody brought.

    Attributes:
        number: Its own; never a person's.
        cells: Where it is.
        since_s: When it appeared.
        owners: Tracks that may be whoever brought it.
        alone_s: For how long nobody has attended to it.
        near_s: For how long somebody else has been near enough to touch it.
        gone_s: When it was taken away; None while it is there.
    """

    number: int
    cells: Cells
    since_s: float
    owners: set[int]
    alone_s: float = 0.0
    near_s: float = 0.0
    gone_s: float | None = None

    def takes_in(self, cells: Cells, since_s: float) -> bool:
        """Returns whether a patch belongs to this thing; grows by one that came with it."""
        if self.gone_s is not None:
            return False
        if (cells & ndimage.binary_dilation(self.cells, iterations=2)).any():
            return True
        near = ndimage.binary_dilation(self.cells, SQUARE, iterations=SAME_CELLS)
        if abs(since_s - self.since_s) > SAME_S or not (cells & near).any():
            return False
        self.cells = self.cells | cells
        return True

    def pass_time(self, owner: bool, other: bool, passed_s: float) -> None:
        """Counts the seconds alone.

        Args:
            owner: Whether one who may be its owner is near.
            other: Whether anybody is near enough to touch it.
            passed_s: Seconds since the last picture.
        """
        self.near_s = self.near_s + passed_s if other else 0.0
        if owner or self.near_s >= ATTENDED_S:
            self.alone_s = 0.0
        else:
            self.alone_s += passed_s

    def who_is_near(
        self, scene: Scene, grid: PictureGrid, now: Passing, near_m: float
    ) -> tuple[bool, bool]:
        """Returns whether an owner is near, and whether anybody is near enough to touch it."""
        if len(now.ids) == 0:
            return False, False
        at_px = foot_px(self.cells, grid)
        gaps = now.gaps(at_px)
        near = gaps <= NEAR_HEIGHTS
        if scene.projection is not None:
            thing_m = scene.projection.feet_to_ground(at_px[None]).xy_m
            people_m = scene.projection.feet_to_ground(now.feet_px).xy_m
            away_m = np.linalg.norm(people_m - thing_m, axis=1)
            near = np.where(np.isfinite(away_m), away_m <= near_m, near)
        owners = np.isin(now.ids, list(self.owners))
        return bool((near & owners).any()), bool((gaps <= TOUCH_HEIGHTS).any())


def foot_px(cells: Cells, grid: PictureGrid) -> Floats:
    """Returns x, y where a thing stands, source pixels, shape (2,)."""
    rows, columns = np.nonzero(cells)
    return np.array([columns.mean() + 0.5, rows.max() + 0.5]) * grid.cell_px
