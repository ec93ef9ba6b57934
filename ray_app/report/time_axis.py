"""Places moments on the width of a figure, with ticks a person can read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ray_app.report.data import CameraFacts
from ray_app.report.words import stream_clock

STEPS_S = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)
MOST_TICKS = 9


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Seconds on a camera's time line to x in a figure.

    Attributes:
        origin: Clock time of 0 s; None tells time from the start.
        start_s: Time at left_px.
        end_s: Time at right_px; after start_s.
    """

    origin: datetime | None
    time_zone: str
    start_s: float
    end_s: float
    left_px: float
    right_px: float

    def x(self, time_s: float) -> float:
        """Returns the place of a time, cut to the figure."""
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        return self.left_px + min(1.0, max(0.0, share)) * (self.right_px - self.left_px)

    def ticks(self) -> list[tuple[float, str]]:
        """Returns x and label of each tick, at round times of the clock."""
        length_s = self.end_s - self.start_s
        step_s = next((s for s in STEPS_S if length_s / s <= MOST_TICKS), 86400)
        while length_s / step_s > MOST_TICKS:
            step_s *= 2
        offset_s = self._clock_offset_s()
        first = -(-(self.start_s + offset_s) // step_s) * step_s - offset_s
        times = [first + k * step_s for k in range(int((self.end_s - first) // step_s) + 1)]
        return [(self.x(time_s), self._label(time_s, step_s)) for time_s in times]

    def _clock_offset_s(self) -> float:
        if self.origin is None:
            return 0.0
        start = self.origin.astimezone(ZoneInfo(self.time_zone))
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return (start - midnight) / timedelta(seconds=1)

    def _label(self, time_s: float, step_s: float) -> str:
        if self.origin is None:
            return stream_clock(time_s + 1e-6)
        moved = self.origin + timedelta(seconds=time_s + 1e-6)
        at = moved.astimezone(ZoneInfo(self.time_zone))
        if self.end_s - self.start_s > 72_000:
            return f"{at.day} {at:%b %H:%M}"
        return f"{at:%H:%M:%S}" if step_s < 60 else f"{at:%H:%M}"


def covered(camera: CameraFacts) -> tuple[float, float] | None:
    """Returns first and last second of a camera's footage, seen or not; None without any."""
    spans = [*camera.seen, *camera.gaps, *((lost.start_s, lost.end_s) for lost in camera.lost)]
    if not spans:
        return None
    return min(start for start, _ in spans), max(end for _, end in spans)
