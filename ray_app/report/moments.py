"""Tells moments as a person reads them: the day only where the footage spans several."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ray_app.report.data import CameraFacts
from ray_app.report.time_axis import covered
from ray_app.report.words import stream_clock


@dataclass(frozen=True, slots=True)
class MomentWords:
    """How moments are told in one report.

    Attributes:
        time_zone: IANA name.
        only_day: The one day all footage of known date lies on, told once; None when it spans
            more, so that every moment tells its day.
    """

    time_zone: str
    only_day: date | None

    def tell(self, camera: CameraFacts, time_s: float) -> str:
        """Returns clock time where the camera's start is known, else time from its start."""
        if camera.origin is None:
            return f"{stream_clock(time_s)} from start"
        at = local_time(camera.origin, time_s, self.time_zone)
        if at.date() == self.only_day:
            return f"{at:%H:%M:%S}"
        return f"{at.day} {at:%b} {at:%H:%M:%S}"


def moment_words(cameras: Iterable[CameraFacts], time_zone: str) -> MomentWords:
    """Returns the words for the moments of these cameras."""
    days: set[date] = set()
    for camera in cameras:
        whole = covered(camera)
        if camera.origin is not None and whole is not None:
            days |= {local_time(camera.origin, s, time_zone).date() for s in whole}
    return MomentWords(time_zone, days.pop() if len(days) == 1 else None)


def local_time(origin: datetime, time_s: float, time_zone: str) -> datetime:
    """Returns the wall-clock time of a moment on a camera's time line."""
    return (origin + timedelta(seconds=time_s)).astimezone(ZoneInfo(time_zone))


def day_words(day: date) -> str:
    """Returns a day as 21 June 2026."""
    return f"{day.day} {day:%B %Y}"
