"""What the ground looked like, to see that somebody lies where a detector finds nobody.

Detectors trained on everyday pictures lose people who lie. What stays is a patch of changed
ground at their feet, wider than anybody's shoulders and too low for somebody who stands.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.observation import PictureGrid
from ray_app.situations.passers_by import covered

Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]
BACKGROUND_S = 30.0
"""Time constant of what belongs to the place."""
CONTRAST, EDGES = 15.0, 0.2
"""Least change of a cell, grey levels, and what is asked more of a cell for each of texture."""
REACH_HEIGHTS = 1.3
"""How far around the feet a body can reach, in heights of the person upright."""
TOUCH_HEIGHTS = 0.4
"""So near to the feet the patch must come."""
WIDE_HEIGHTS, LOW_HEIGHTS = 0.5, 0.7
"""A lying body is at least so wide and at most so high; a bag is narrower, a walker higher."""
LEAST_AREA = 0.08
"""Least area of the patch, in squared heights."""
FRESH_SHARE, FRESH_S = 0.6, 1.0
"""So much of the patch changed at most so long before the person was last seen upright."""
SHOWN_SHARE = 0.5
"""A patch can be judged while so much of it is not hidden by anybody."""
THERE_SHARE, GONE_SHARE = 0.7, 0.5
"""It is there while so much of it is changed, and gone when less than that; in between nobody
can say. Bodies keep nine tenths; shadows of people who walk by come and go."""


class FloorMemory:
    """The mean colours of every cell while nobody hides it."""

    def __init__(self) -> None:
        self._ground: Floats | None = None
        self._changed: Cells = np.zeros((0, 0), np.bool_)
        self._since_s: Floats = np.zeros((0, 0))
        self._cell_px = 1.0
        self._last_s = 0.0
        self._kept: Cells = np.zeros((0, 0), np.bool_)
        self._shown: Cells = np.zeros((0, 0), np.bool_)

    def look(self, grid: PictureGrid, people_px: Floats, time_s: float) -> None:
        """Takes one picture in.

        Args:
            grid: The picture as cells.
            people_px: Boxes of everybody seen, source pixels, shape (n, 4).
            time_s: Its time.
        """
        colours = grid.colours.astype(np.float64)
        shown = self._shown = ~covered(people_px, grid, margin=1)
        if self._ground is None or self._ground.shape != colours.shape:
            self._ground = np.where(shown[..., None], colours, np.nan)
            self._changed = np.zeros_like(shown)
            self._since_s = np.full(shown.shape, np.inf)
            self._kept, self._last_s = np.zeros_like(shown), time_s
            self._cell_px = grid.cell_px
            return
        new = shown & np.isnan(self._ground[..., 0])
        self._ground[new] = colours[new]
        change = colours - self._ground
        if shown.any():
            change -= np.nanmedian(change[shown], axis=0)  # the light of the whole picture
        limit = CONTRAST + EDGES * grid.texture.astype(np.float64)
        changed = shown & (np.abs(np.nan_to_num(change)).max(axis=2) > limit)
        self._since_s[changed & ~self._changed] = time_s
        self._changed = np.where(shown, changed, False)
        share = 1 - math.exp(-(time_s - self._last_s) / BACKGROUND_S)
        taken = shown & ~self._kept
        self._ground[taken] += share * (colours[taken] - self._ground[taken])
        self._kept = np.zeros_like(shown)
        self._last_s = time_s

    def find_body(
        self, feet_px: tuple[float, float], height_px: float, since_s: float
    ) -> Cells | None:
        """Returns the patch like a lying body at somebody's feet, None without one.

        What is found is kept out of the background until the next picture.

        Args:
            feet_px: Where they stood last, source pixels.
            height_px: Their height upright.
            since_s: When they were last seen.
        """
        if self._ground is None:
            return None
        cell, (x, y) = self._cell_px, feet_px
        rows, columns = self._changed.shape
        reach, touch = REACH_HEIGHTS * height_px, TOUCH_HEIGHTS * height_px
        window = np.zeros_like(self._changed)
        window[
            _span(y - reach, y + touch, cell, rows), _span(x - reach, x + reach, cell, columns)
        ] = 1
        labels, _ = ndimage.label(self._changed & window)
        near = labels[
            _span(y - touch, y + touch, cell, rows), _span(x - touch, x + touch, cell, columns)
        ]
        for number in np.unique(near[near > 0]).tolist():
            body = labels == number
            high, wide = (cell * (np.ptp(side) + 1) for side in np.nonzero(body))
            fresh = (self._since_s[body] >= since_s - FRESH_S).mean()
            if (
                wide >= WIDE_HEIGHTS * height_px
                and high <= LOW_HEIGHTS * height_px
                and body.sum() * cell**2 >= LEAST_AREA * height_px**2
                and fresh >= FRESH_SHARE
            ):
                self._kept |= ndimage.binary_dilation(body)
                return np.asarray(body)
        return None

    def is_there(self, body: Cells) -> bool | None:
        """Returns whether a patch found before is still there; None where nobody can say.

        Who lies stays where they lie. Somebody unseen who walks, and the shadow of somebody who
        does, leaves the cells where they were first.
        """
        if body.shape != self._shown.shape:
            return None
        shown = body & self._shown
        if shown.sum() < SHOWN_SHARE * body.sum():
            return None
        share = self._changed[shown].mean()
        if share >= THERE_SHARE:
            self._kept |= ndimage.binary_dilation(body)
            return True
        return False if share < GONE_SHARE else None


def _span(low_px: float, high_px: float, cell_px: float, most: int) -> slice:
    first, last = math.floor(low_px / cell_px), math.ceil(high_px / cell_px)
    return slice(min(max(0, first), most), min(max(0, last), most))
