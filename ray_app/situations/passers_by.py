"""Who stood where a moment ago, and which cells of the picture they hide."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.observation import FireMap, Label, PictureGrid
from ray_app.domain.people import feet_px
from ray_app.domain.scene import Scene

Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]
LIKELY = 128
"""Certainty of a fire map, 0 to 255, from which a cell burns."""
GLOW_CELLS = 3
"""So many cells of the fire map around a flame are lit up by it."""
STANDING_S, STEP_HEIGHTS = 1.5, 0.2
"""Whose feet moved less than that share of their height in so long stands still."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Where everybody stood at one instant."""

    time_s: float
    ids: NDArray[np.int64]
    boxes_px: Floats

    @property
    def feet_px(self) -> Floats:
        """x, y of everybody's feet, shape (n, 2)."""
        return feet_px(self.boxes_px.astype(np.float32))

    @property
    def heights_px(self) -> Floats:
        """Everybody's height, shape (n,)."""
        return np.asarray(self.boxes_px[:, 3] - self.boxes_px[:, 1])

    def gaps(self, at_px: Floats) -> Floats:
        """Returns how far everybody is from a place, in their own heights, shape (n,)."""
        away_px = np.linalg.norm(self.feet_px - at_px, axis=1)
        return np.asarray(away_px / np.maximum(self.heights_px, 1.0))


def now_passing(scene: Scene) -> Passing:
    """Returns where everybody who is followed stands."""
    tracks = scene.tracks
    people = tracks.labels == Label.PERSON
    boxes = tracks.boxes_px[people].reshape(-1, 4).astype(np.float64)
    return Passing(scene.key.time_s, tracks.ids[people], boxes)


def who_stands(passing: Iterable[Passing], now: Passing) -> NDArray[np.bool_]:
    """Returns which of those who are here stand still, shape (n,)."""
    before = next((then for then in passing if then.time_s >= now.time_s - STANDING_S), now)
    if now.time_s - before.time_s < 0.6 * STANDING_S:
        return np.zeros(len(now.ids), np.bool_)
    stood = dict(zip(before.ids.tolist(), before.feet_px, strict=True))
    still = [
        number in stood and float(np.linalg.norm(stood[number] - foot)) < STEP_HEIGHTS * height
        for number, foot, height in zip(now.ids.tolist(), now.feet_px, now.heights_px, strict=True)
    ]
    return np.array(still, np.bool_)


def people_px(scene: Scene) -> Floats:
    """Returns the boxes of everybody, seen or followed, source pixels, shape (n, 4)."""
    seen, tracks = scene.observation.detections, scene.tracks
    boxes = [
        seen.boxes_px[seen.labels == Label.PERSON],
        tracks.boxes_px[tracks.labels == Label.PERSON],
    ]
    return np.concatenate([each.reshape(-1, 4) for each in boxes]).astype(np.float64)


def burning_cells(fire: FireMap | None, grid: PictureGrid) -> Cells:
    """Returns the cells in which a flame or smoke is likelier than not, and those it lights up."""
    if fire is None:
        return np.zeros(grid.texture.shape, np.bool_)
    sure = np.maximum(fire.flame, fire.smoke) >= LIKELY
    sure = ndimage.binary_dilation(sure, np.ones((3, 3), np.bool_), iterations=GLOW_CELLS)
    rows, columns = (
        np.minimum(((np.arange(count) + 0.5) * grid.cell_px / fire.cell_px).astype(int), most - 1)
        for count, most in zip(grid.texture.shape, sure.shape, strict=True)
    )
    return np.asarray(sure[np.ix_(rows, columns)])


def covered(boxes_px: Floats, grid: PictureGrid, margin: int) -> Cells:
    """Returns the cells that boxes touch, and as many around them as margin says."""
    rows, columns = grid.texture.shape
    cells = np.zeros((rows, columns), np.bool_)
    for x1, y1, x2, y2 in boxes_px / grid.cell_px:
        top, left = max(0, math.floor(y1) - margin), max(0, math.floor(x1) - margin)
        cells[top : max(0, math.ceil(y2) + margin), left : max(0, math.ceil(x2) + margin)] = True
    return cells


def patch_sides(cells: Cells, grid: PictureGrid) -> tuple[float, float, float]:
    """Returns left, right and lower side of a patch of cells, source pixels."""
    rows, columns = np.nonzero(cells)
    left, right, low = columns.min(), columns.max() + 1, rows.max() + 0.5
    return left * grid.cell_px, right * grid.cell_px, low * grid.cell_px
