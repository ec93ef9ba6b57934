"""One file's place on its camera's time line."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clip:
    """The part of one file that counts, placed on the camera's time line.

    Attributes:
        start_s: Where it begins on the camera's time line, seconds.
        end_s: Where it ends there; half open.
        stretch: Number of the unbroken stretch of footage it belongs to.
        rotation_deg: Turn that sets them upright, counter-clockwise: 0, 90, 180 or 270.
        skip_s: Seconds of the file before start_s: its overlap with the file before.
        size_px: Width and height of its pictures, rotation applied.
        frame_rate_hz: True mean rate where the site file corrects it; None believes the file.
        has_time_stamps: If not, every read starts at the file's beginning: do not split it.
    """

    camera_id: str
    url: str
    start_s: float
    end_s: float
    stretch: int
    size_px: tuple[int, int]
    rotation_deg: int = 0
    skip_s: float = 0.0
    frame_rate_hz: float | None = None
    has_time_stamps: bool = True

    def file_time_s(self, time_s: float) -> float:
        """Returns seconds since the file's first instant, for a time on the time line."""
        return time_s - self.start_s + self.skip_s

    def line_time_s(self, file_time_s: float) -> float:
        """Returns the time on the time line, for seconds since the file's first instant."""
        return file_time_s - self.skip_s + self.start_s

    def indexes(self, rate_hz: float) -> range:
        """Returns the k of the sampling grid whose instants k / rate_hz lie in this clip."""
        return range(first_index_at(self.start_s, rate_hz), first_index_at(self.end_s, rate_hz))


def first_index_at(time_s: float, rate_hz: float) -> int:
    """Returns the first k of the sampling grid with k / rate_hz at or after time_s."""
    return math.ceil(time_s * rate_hz - 1e-6)
