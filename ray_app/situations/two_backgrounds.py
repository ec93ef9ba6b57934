"""What a camera's cells look like now against what belongs there: a background at two speeds.

After the two-background scheme of Porikli et al. (2008, EURASIP JASP, "Robust abandoned object
detection using dual foregrounds"), on the coarse grid of cells without people.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.observation import PictureGrid

Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]
SQUARE = np.ones((3, 3), np.bool_)

FAST_S = 1.5
"""Time constant of what is there now: somebody who walks past is averaged out."""
STABLE = 9.0
"""A cell this near its fast mean holds still, grey levels."""
KNOWN_S = 2.0
"""A place that held still so long without anybody before it is known."""
EDGES = 0.2
"""Grey levels of contrast asked for each of texture."""
CHANGED_VIEW = 0.3
"""When so large a share of the cells changes at once, the light or the camera did."""
YOUNG_SHARE = 0.5
"""Cells that changed this share of the time asked for are part of a patch that is old enough."""
LIKE_AROUND = 0.75
"""What left a hole is more like its surroundings than before, by this factor."""


class TwoBackgrounds:
    """The slow and the fast mean of every cell, and since when they differ.

    Args:
        grid: The first picture.
        hidden: Cells that somebody hides in it.
        contrast: Least change of a cell's mean colour, grey levels; more is asked of cells full
            of edges.
        background_s: Time constant of what belongs to the place.

    Attributes:
        changed_s: For how long each cell has been other than it was, holding still.
        first_s: When it became so.
        person_s: When somebody last hid it.
    """

    def __init__(
        self, grid: PictureGrid, hidden: Cells, contrast: float, background_s: float
    ) -> None:
        colours, texture = _as_floats(grid)
        never = np.full(texture.shape, -np.inf)
        self._contrast, self._background_s = contrast, background_s
        self._slow, self._fast = colours.copy(), colours.copy()
        self._texture_slow, self._texture_fast = texture.copy(), texture.copy()
        self._known_s = np.where(hidden, 0.0, KNOWN_S)
        self.changed_s: Floats = np.zeros_like(texture)
        self.first_s, self.person_s = never.copy(), never.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.changed_s.shape

    def look(self, grid: PictureGrid, hidden: Cells, time_s: float, passed_s: float) -> None:
        """Takes one picture in.

        Args:
            grid: The picture.
            hidden: Cells that somebody, or a flame, hides in it.
            time_s: Its time.
            passed_s: Seconds since the picture before.
        """
        colours, texture = _as_floats(grid)
        colours = colours * _gain(self._slow, colours, ~hidden)
        seen = ~hidden
        steady = seen & (np.abs(colours - self._fast).max(axis=2) < STABLE)
        self._learn_fast(colours, texture, seen, time_s, passed_s)
        self.person_s[hidden] = time_s
        unknown = self._known_s < KNOWN_S
        self._known_s = np.where(unknown, (self._known_s + passed_s) * steady, self._known_s)
        self._slow[unknown] = self._fast[unknown]
        self._texture_slow[unknown] = self._texture_fast[unknown]
        change = np.abs(self._fast - self._slow).max(axis=2)
        changed = change > self._contrast + EDGES * self._texture_slow
        if (changed & seen).sum() > CHANGED_VIEW * seen.sum():
            self.absorb(np.ones_like(changed))
            return
        self.first_s[changed & seen & (self.changed_s == 0)] = time_s
        self.changed_s += passed_s * (changed & steady)
        self.changed_s[seen & ~changed] = 0
        slow = (1 - math.exp(-passed_s / self._background_s)) * (seen & ~changed)
        self._slow += slow[..., None] * (self._fast - self._slow)
        self._texture_slow += slow * (self._texture_fast - self._texture_slow)

    def absorb(self, cells: Cells) -> None:
        """Takes what is there now as what belongs there."""
        self._slow[cells] = self._fast[cells]
        self._texture_slow[cells] = self._texture_fast[cells]
        self.changed_s[cells] = 0

    def patches(self, confirm_s: float) -> Iterator[Cells]:
        """Yields each patch of which a cell has been other for so long, whole.

        Cells that have been other for half that time belong to it: a thing is judged by all of
        it that shows, not by the cell that happened to be first. Patches at the edge of the
        picture are left out: of what it cuts nobody sees the rest.
        """
        kept = self.changed_s >= confirm_s * YOUNG_SHARE
        kept[[0, -1]] = kept[:, [0, -1]] = False
        ripe = self.changed_s * kept >= confirm_s
        if not ripe.any():
            return
        labels, _ = ndimage.label(kept, structure=SQUARE)
        for number in np.unique(labels[ripe]).tolist():
            yield np.asarray(labels == number)

    def is_hole(self, cells: Cells) -> bool:
        """Returns whether a patch is more like its surroundings than before."""
        touched = ndimage.binary_dilation(cells, iterations=1)
        ring = ndimage.binary_dilation(cells, iterations=3) & ~touched & (self.changed_s == 0)
        if ring.sum() < 3:
            return False
        now = _stands_out(self._fast, self._texture_fast, cells, ring)
        before = _stands_out(self._slow, self._texture_slow, cells, ring)
        return now <= LIKE_AROUND * before

    def _learn_fast(
        self, colours: Floats, texture: Floats, seen: Cells, time_s: float, passed_s: float
    ) -> None:
        fresh = 1 - math.exp(-passed_s / FAST_S)
        # Somebody who steps away uncovers what is there: that is taken at once.
        uncovered = seen & (time_s - self.person_s < FAST_S)
        share = np.where(uncovered, np.maximum(fresh, 0.5), fresh) * seen
        self._fast += share[..., None] * (colours - self._fast)
        self._texture_fast += share * (texture - self._texture_fast)


def _as_floats(grid: PictureGrid) -> tuple[Floats, Floats]:
    return grid.colours.astype(np.float64), grid.texture.astype(np.float64)


def _gain(slow: Floats, colours: Floats, seen: Cells) -> Floats:
    """Returns what brings a picture to the background's brightness: median ratio per channel."""
    if seen.sum() < 20:
        return np.ones(3)
    ratio = (slow[seen] + 5) / (colours[seen] + 5)
    return np.asarray(np.median(ratio, axis=0).clip(0.5, 2.0))


def _stands_out(colours: Floats, texture: Floats, cells: Cells, ring: Cells) -> float:
    """Returns how unlike its surroundings a patch is, grey levels."""
    colour = np.abs(colours[cells].mean(axis=0) - colours[ring].mean(axis=0)).max()
    return float(colour + abs(texture[cells].mean() - texture[ring].mean()))
