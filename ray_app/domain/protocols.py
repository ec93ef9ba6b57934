"""The verbs: what a block must do to take part."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Event, Reading, Unmeasured
from ray_app.domain.frame import Frame, FrameBatch
from ray_app.domain.observation import CrowdMap, Detections, FireMap, HeadPoints, Observation
from ray_app.domain.scene import GroundPoints, Scene


class FrameSource(Protocol):
    """Yields the frames of one camera in time order."""

    def frames(self) -> Iterator[Frame]:
        """Yields until the footage ends."""
        ...


class Detector(Protocol):
    """Looks at frames. Holds weights, never memory of earlier frames."""

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns one observation per frame, in the order of batch.keys."""
        ...


class ObjectFinder(Protocol):
    """Finds people, bags and vehicles. Holds weights, never memory of earlier frames."""

    def find(self, batch: FrameBatch) -> list[Detections]:
        """Returns the boxes of each frame in source pixels, in the order of batch.keys."""
        ...


class HeadCounter(Protocol):
    """Counts heads by density. Holds weights, never memory of earlier frames."""

    def count(self, batch: FrameBatch) -> list[tuple[CrowdMap, HeadPoints]]:
        """Returns the crowd of each frame in source pixels, in the order of batch.keys."""
        ...


class FireFinder(Protocol):
    """Finds flame and smoke. Holds weights, never memory of earlier frames."""

    def look(self, batch: FrameBatch) -> list[FireMap]:
        """Returns the certainties of each frame, in the order of batch.keys."""
        ...


class GroundProjection(Protocol):
    """Lays points of the source picture on the ground. One per camera, or per drone frame."""

    def feet_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where points on the ground, shape (n, 2), source pixels, lie in metres."""
        ...

    def heads_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where the people stand whose heads are at the points, in metres."""
        ...

    def sight_at(self, points_px: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
        """Returns x, y where lines of sight pass height_m above the ground, metres; else NaN."""
        ...

    def ground_to_px(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns source pixels of ground points, shape (n, 2); NaN behind the camera."""
        ...


class Situation(Protocol):
    """Measures one situation in one camera. May remember that camera's past."""

    name: str
    unit: str

    def measure(self, scene: Scene) -> Sequence[Reading | Unmeasured]:
        """Returns one answer per place; called once per frame, in time order."""
        ...

    def forget(self) -> None:
        """Drops all memory: the footage was interrupted."""
        ...


class EventSink(Protocol):
    """Takes events away."""

    def write(self, events: Sequence[Event]) -> None:
        """Stores or sends events; must tolerate the same event twice."""
        ...
