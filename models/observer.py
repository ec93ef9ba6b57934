"""Looks at frames with every network a camera has and notes what they saw."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.picture_grid import picture_grid
from models.picture_state import picture_state
from models.settings import PictureGridSettings
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Detections, Label, Observation
from ray_app.domain.protocols import FireFinder, HeadCounter, ObjectFinder


def people_of(detections: Detections) -> NDArray[np.float32]:
    """Returns the boxes of people, source pixels, shape (n, 4)."""
    return np.asarray(detections.boxes_px[detections.labels == Label.PERSON], np.float32)


class Observer:
    """A `Detector` made of an object finder and, where asked for, a head counter, a fire finder."""

    def __init__(
        self,
        finder: ObjectFinder,
        counter: HeadCounter | None = None,
        fire: FireFinder | None = None,
        grid: PictureGridSettings | None = None,
    ) -> None:
        self._finder, self._counter, self._fire, self._grid = finder, counter, fire, grid

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns one observation per frame, in the order of batch.keys."""
        rows = zip(batch.keys, batch.source_sizes_px, self._finder.find(batch), strict=True)
        seen = [
            Observation(key, size, boxes, state=picture_state(pixels))
            for (key, size, boxes), pixels in zip(rows, batch.pixels, strict=True)
        ]
        if self._counter is not None:
            counts = self._counter.count(batch)
            seen = [
                replace(one, crowd=crowd, heads=heads)
                for one, (crowd, heads) in zip(seen, counts, strict=True)
            ]
        if self._fire is not None:
            maps = self._fire.look(batch)
            seen = [replace(one, fire=fire) for one, fire in zip(seen, maps, strict=True)]
        if self._grid is not None:
            grids = [
                picture_grid(pixels, one.source_size_px, people_of(one.detections), self._grid)
                for one, pixels in zip(seen, batch.pixels, strict=True)
            ]
            seen = [replace(one, grid=grid) for one, grid in zip(seen, grids, strict=True)]
        return seen
