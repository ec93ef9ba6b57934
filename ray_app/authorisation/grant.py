"""What the authorisation of an event covers."""

from datetime import datetime, timedelta

from ray_app.domain.geometry import Points
from ray_app.domain.ranges import KeyFault, refuse_faults
from ray_app.domain.settings import settings

LONGEST = timedelta(days=31)


@settings
class AuthorisationSettings:
    """The authorisation, as data. Whatever it does not name does not run.

    Attributes:
        purpose: Why, in a sentence that may be published.
        situations: Names of the situations that may be signalled.
        cameras: Ids of the cameras that may be analysed.
        start: Not before; with a time zone.
        end: Not after; at most 31 days after start (law of 2023-380, art. 10 VII).
        perimeter_m: Polygon on the site outside which nothing is reported; None means
            the whole view of the listed cameras.
    """

    purpose: str
    situations: tuple[str, ...]
    cameras: tuple[str, ...]
    start: datetime
    end: datetime
    perimeter_m: Points | None = None

    def __post_init__(self) -> None:
        unzoned = tuple(_zone_fault(k, getattr(self, k)) for k in ("start", "end"))
        refuse_faults(
            None if self.purpose.strip() else ("purpose", "is empty; say why, in a sentence"),
            *unzoned,
            None if any(unzoned) else _window_fault(self.start, self.end),
        )


def _zone_fault(key: str, moment: datetime) -> KeyFault | None:
    if moment.utcoffset() is not None:
        return None
    return key, f"{moment.isoformat()} has no time zone; add it, as {moment.isoformat()}+02:00"


def _window_fault(start: datetime, end: datetime) -> KeyFault | None:
    if end <= start:
        return "end", f"{end.isoformat()} is not after start ({start.isoformat()})"
    if end - start > LONGEST:
        last = (start + LONGEST).isoformat()
        return "end", f"the window is longer than {LONGEST.days} days; end by {last}"
    return None
