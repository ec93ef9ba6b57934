"""A thing that somebody brought, and who of those near attends to it."""

from collections.abc import Collection
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
"""Who stands that near so long attends to the thing; who goes past does not, however slowly."""
LEFT_S = 1.0
"""An owner who was not near for so long has left: they pass by from then on like anybody else."""
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
        away_s: For how long no owner has been near.
        left: Whether its owner has left.
        near_s: For how long somebody has been near enough to touch it.
        gone_s: When it was taken away; None while it is there.
    """

    number: int
    cells: Cells
    since_s: float
    owners: set[int]
    alone_s: float = 0.0
    away_s: float = 0.0
    left: bool = False
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

    def pass_time(self, nearby: "Nearby", passed_s: float) -> None:
        """Counts the seconds alone.

        Until it is left an owner attends to it wherever they are near; once left, an owner who
        stands near, or anybody who stands within touch.

        Args:
            nearby: Who is near now.
            passed_s: Seconds since the last picture.
        """
        self.near_s = self.near_s + passed_s if nearby.touching else 0.0
        self.away_s = 0.0 if nearby.owner else self.away_s + passed_s
        self.left |= self.away_s >= LEFT_S
        owned = nearby.owner_stands if self.left else nearby.owner
        if owned or self.near_s >= ATTENDED_S:
            self.alone_s = 0.0
        else:
            self.alone_s += passed_s

    def who_is_near(
        self,
        scene: Scene,
        grid: PictureGrid,
        now: Passing,
        standing: Collection[int],
        near_m: float,
    ) -> "Nearby":
        """Returns who is near it.

        Args:
            scene: Tells metres where the camera is calibrated.
            grid: The picture as cells.
            now: Where everybody is.
            standing: Tracks that stand still.
            near_m: Distance that is near, metres.
        """
        at_px = foot_px(self.cells, grid)
        gaps = now.gaps(at_px)
        near = gaps <= NEAR_HEIGHTS
        if scene.projection is not None and len(now.ids) > 0:
            thing_m = scene.projection.feet_to_ground(at_px[None]).xy_m
            people_m = scene.projection.feet_to_ground(now.feet_px).xy_m
            away_m = np.linalg.norm(people_m - thing_m, axis=1)
            near = np.where(np.isfinite(away_m), away_m <= near_m, near)
        owners = set(now.ids[near].tolist()) & self.owners
        touching = bool((np.isin(now.ids, list(standing)) & (gaps <= TOUCH_HEIGHTS)).any())
        return Nearby(bool(owners), bool(owners & set(standing)), touching)


@dataclass(frozen=True, slots=True)
class Nearby:
    """Who is near a thing.

    Attributes:
        owner: Whether one who may be its owner is.
        owner_stands: Whether one of those stands still.
        touching: Whether anybody stands near enough to touch it.
    """

    owner: bool
    owner_stands: bool
    touching: bool


def foot_px(cells: Cells, grid: PictureGrid) -> Floats:
    """Returns x, y where a thing stands, source pixels, shape (2,)."""
    rows, columns = np.nonzero(cells)
    return np.array([columns.mean() + 0.5, rows.max() + 0.5]) * grid.cell_px
