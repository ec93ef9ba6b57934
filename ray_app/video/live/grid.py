"""The sampling rule of a live stream: the same as of a file, one picture later."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ray_app.domain.frame import FrameKey
from ray_app.video.sampling import LONGEST_HOLD_S, STAMP_TOLERANCE_S

PATIENCE_S = 3.0
"""A frame is counted as not seen when no picture came for it so long."""


class TimedPicture(Protocol):
    """What is asked of a picture."""

    @property
    def segment(self) -> int:
        """The unbroken stretch it belongs to."""

    @property
    def time_s(self) -> float:
        """Seconds since the segment's first picture."""


Shown = TypeVar("Shown", bound=TimedPicture)


@dataclass(frozen=True, slots=True)
class DuePicture(Generic[Shown]):
    """A picture and the instant of the grid it stands for."""

    key: FrameKey
    picture: Shown


class LiveGrid(Generic[Shown]):
    """Chooses the picture of every grid instant: the last one at or before it.

    Instants of a segment are k / rate_hz of its own stream time. On the camera's time line the
    segment begins at the next free index at or after the wall clock, so that a gap keeps its
    length, and no index repeats. Which picture is the last before an instant is known when the
    next one comes, so every frame is told one picture late.

    Args:
        camera_id: Whose it is.
        rate_hz: Rate of the grid.
        next_index: First index that may be given out.
        first_stretch: Number of the first segment's stretch.
    """

    def __init__(
        self, camera_id: str, rate_hz: float, next_index: int = 0, first_stretch: int = 0
    ) -> None:
        self._camera_id, self._rate_hz = camera_id, rate_hz
        self.next_index = next_index
        self._held: Shown | None = None
        self._base = 0  # index of the segment's instant 0
        self._segment: int | None = None
        self._has_begun = False
        self.stretch = first_stretch
        self.not_seen = 0

    def take(self, picture: Shown, line_s: float) -> Iterator[DuePicture[Shown]]:
        """Takes the next picture; yields what is due now and the picture that stands for it.

        Args:
            picture: In the order they came.
            line_s: Now, seconds on the camera's time line by the wall clock.
        """
        if picture.segment != self._segment:
            self._begin(picture, line_s)
        held, until_s = self._held, picture.time_s
        while held is not None and self._due_s() < until_s:
            if self._due_s() < held.time_s + LONGEST_HOLD_S:
                key = FrameKey(
                    self._camera_id, self.next_index, self.stretch, self.next_index / self._rate_hz
                )
                yield DuePicture(key, held)
            else:
                self.not_seen += 1
            self.next_index += 1
        self._held = picture

    def pass_time(self, line_s: float) -> None:
        """Counts as not seen what no picture came for; call it while a stream is silent."""
        over = math.ceil((line_s - PATIENCE_S) * self._rate_hz) - self.next_index
        if over > 0:
            self._held = self._segment = None
            self.next_index += over
            self.not_seen += over

    def skip_to(self, line_s: float) -> None:
        """Begins again at an instant: what lay before was not due."""
        self._held = self._segment = None
        self.next_index = max(self.next_index, math.ceil(line_s * self._rate_hz))

    def _begin(self, picture: Shown, line_s: float) -> None:
        """Lays a new segment on the time line; what is left of the old one is not seen."""
        self.stretch += self._has_begun
        self._has_begun = True
        first = math.ceil(line_s * self._rate_hz - 1e-6)
        self._base = max(self.next_index, first)
        self.not_seen += self._base - self.next_index
        self.next_index = self._base
        # A segment's time begins at its first picture, but it may be joined later.
        self._base -= math.ceil(picture.time_s * self._rate_hz - 1e-6)
        self._segment, self._held = picture.segment, None

    def _due_s(self) -> float:
        """Latest time of the segment a picture of the next frame may have."""
        return (self.next_index - self._base) / self._rate_hz + STAMP_TOLERANCE_S
