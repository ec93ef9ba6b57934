"""Looks at frames with every network a camera has and notes what they saw."""

from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Observation
from ray_app.domain.protocols import HeadCounter, ObjectFinder


class Observer:
    """A `Detector` made of an object finder and, where crowds are counted, a head counter."""

    def __init__(self, finder: ObjectFinder, counter: HeadCounter | None = None) -> None:
        self._finder = finder
        self._counter = counter

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns one observation per frame, in the order of batch.keys."""
        rows = zip(batch.keys, batch.source_sizes_px, self._finder.find(batch), strict=True)
        if self._counter is None:
            return [Observation(key, size, boxes) for key, size, boxes in rows]
        return [
            Observation(key, size, boxes, crowd, heads)
            for (key, size, boxes), (crowd, heads) in zip(
                rows, self._counter.count(batch), strict=True
            )
        ]
