"""Blackens what lies outside the authorised perimeter, before any network looks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import CalibrationError
from ray_app.domain.frame import Frame
from ray_app.domain.geometry import Points, inside_polygon
from ray_app.domain.observation import Detections, DronePose, Observation
from ray_app.domain.protocols import GroundProjection

ProjectionOf = Callable[[Observation], GroundProjection]

TALLEST_M = 2.2
"""What stands inside is kept up to here: a tall person with a hat, a child on shoulders."""
LEVELS_M = tuple(float(height) for height in np.linspace(0.0, TALLEST_M, 12))
MOST_COLUMNS = 240
"""The border is drawn this finely across the picture."""


class PerimeterMask:
    """Keeps the pixels that show ground inside the perimeter, or the air up to 2.2 m above it.

    A pixel is kept when its line of sight passes over the perimeter lower than that. Whoever
    stands behind the perimeter may so be seen through that air; the analysis leaves them out by
    their place (`within_perimeter`). Where nothing tells metres the whole picture is black.

    Args:
        perimeter_m: Polygon on the site.
        project: Lays an observation on the ground; None without calibration.
    """

    def __init__(self, perimeter_m: Points, project: ProjectionOf | None) -> None:
        self._perimeter_m, self._project = perimeter_m, project
        self._last: tuple[GroundProjection, tuple[int, ...], NDArray[np.bool_]] | None = None

    def __call__(self, frame: Frame, pose: DronePose | None) -> Frame:
        """Returns the frame with black outside; the frame given stays as it is."""
        return replace(frame, pixels=frame.pixels * self._kept(frame, pose)[:, :, None])

    def _kept(self, frame: Frame, pose: DronePose | None) -> NDArray[np.bool_]:
        """Returns which pixels stay, shape (height, width)."""
        shape = frame.pixels.shape[:2]
        projection = self._projection(frame, pose)
        if projection is None:
            return np.zeros(shape, np.bool_)
        form = (*shape, *frame.source_size_px)
        if self._last is None or self._last[0] is not projection or self._last[1] != form:
            kept = kept_pixels(projection, self._perimeter_m, shape, frame.source_size_px)
            self._last = projection, form, kept
        return self._last[2]

    def _projection(self, frame: Frame, pose: DronePose | None) -> GroundProjection | None:
        if self._project is None:
            return None
        nobody = Observation(frame.key, frame.source_size_px, Detections.none(), pose=pose)
        try:
            return self._project(nobody)
        except CalibrationError:  # no pose, or too flat: the analysis tells of it
            return None


def kept_pixels(
    projection: GroundProjection,
    perimeter_m: Points,
    shape: tuple[int, int],
    source_size_px: tuple[int, int],
) -> NDArray[np.bool_]:
    """Returns which pixels of a picture show the perimeter or what stands on it.

    Args:
        projection: Of the source picture.
        perimeter_m: Polygon on the site.
        shape: Height and width of the analysed picture.
        source_size_px: Width and height of the source picture.
    """
    height, width = shape
    cell = -(-width // MOST_COLUMNS)
    rows, columns = -(-height // cell), -(-width // cell)
    y, x = np.mgrid[0:rows, 0:columns]
    centres = np.stack([x.ravel(), y.ravel()], axis=1) * cell + cell / 2
    centres_px = centres * (source_size_px[0] / width, source_size_px[1] / height)
    kept = np.zeros(rows * columns, np.bool_)
    for level_m in LEVELS_M:
        kept |= inside_polygon(projection.sight_at(centres_px, level_m), perimeter_m)
    cells = kept.reshape(rows, columns)
    return np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)[:height, :width]
