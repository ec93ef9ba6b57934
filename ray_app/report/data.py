"""All that a report tells, as plain data; whoever holds the results fills it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.blurred import BlurredJpeg
from ray_app.domain.event import Event
from ray_app.domain.geometry import Points
from ray_app.domain.place import Outline

Span = tuple[float, float]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LostSpan:
    """Footage that could not be seen, and why.

    Attributes:
        start_s: On the camera's time line.
        end_s: On the camera's time line.
        cause: One line for a person, as "corrupt packets in gate_02.mp4".
    """

    start_s: float
    end_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class FootageFile:
    """One file on its camera's time line.

    Attributes:
        start_s: On the camera's time line.
        end_s: On the camera's time line.
        is_dated: Whether anybody could say when it was filmed.
        clock: Who told when it began, as "file name"; "unknown" when nobody did.
    """

    file: str
    start_s: float
    end_s: float
    is_dated: bool
    clock: str


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One camera: what of its time was seen, and how it lies on the site.

    Attributes:
        rate_hz: Analysed frames per second.
        origin: Absolute time of 0 s on its time line, with a time zone; None if unknown.
        seen: Analysed stretches, (start, end) in seconds, in order.
        gaps: Pauses between files, (start, end) in seconds.
        lost: Footage inside files that could not be decoded, or was not authorised.
        overlaps: Time that two files cover, (start, end) in seconds; the later is cut there.
        files: Its readable files, in time order.
        calibration: A sentence on the way and its error, as "homography of 6 pairs, off by
            0.08 m rms"; None for a camera without calibration.
        position_m: x, y of the camera on the site; None if unknown or moving.
        view_m: Outline of the ground it sees, metres; None if unknown or moving.
        networks: A sentence on what looked at it, as "nanodet_g at 416 px".
        watched: (situation, place) pairs that were looked for in it.
        notes: What a person should know of its footage.
    """

    id: str
    rate_hz: float
    origin: datetime | None = None
    seen: tuple[Span, ...] = ()
    gaps: tuple[Span, ...] = ()
    lost: tuple[LostSpan, ...] = ()
    overlaps: tuple[Span, ...] = ()
    files: tuple[FootageFile, ...] = ()
    calibration: str | None = None
    position_m: tuple[float, float] | None = None
    view_m: Points | None = None
    networks: str = ""
    watched: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """The level of one situation in one place over time.

    Attributes:
        time_s: Seconds on the camera's time line, ascending, shape (n,).
        level: In unit, shape (n,).
        sigma: One standard deviation of level, shape (n,); NaN where unknown.
        open_at: Alarm level that opens the situation; None when only measured.
        close_at: Alarm level that closes it.
        reference: A level to compare with that is no alarm, as (1.22, "capacity").
    """

    camera_id: str
    situation: str
    place: str
    unit: str
    time_s: NDArray[np.float64]
    level: NDArray[np.float64]
    sigma: NDArray[np.float64]
    open_at: float | None = None
    close_at: float | None = None
    reference: tuple[float, str] | None = None

    def __post_init__(self) -> None:
        if not len(self.time_s) == len(self.level) == len(self.sigma):
            raise ValueError("time_s, level and sigma must be equally long")


@dataclass(frozen=True, slots=True)
class Place:
    """A zone (3 points or more) or a line (2 points) on the site, metres."""

    name: str
    points_m: Points


@dataclass(frozen=True, slots=True)
class Still:
    """A picture in which nobody can be recognised: made by `blurred_still`, by nothing else.

    Attributes:
        time_s: On the camera's time line.
        jpeg: The encoded picture, as `blurred_still` returns it.
        size_px: Width and height of the source picture, for the outlines.
        outlines: Places of the site, drawn over the picture when signalled there.
    """

    camera_id: str
    time_s: float
    jpeg: BlurredJpeg
    size_px: tuple[int, int] = (1, 1)
    outlines: tuple[Outline, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be analysed, whole or in part; camera_id None if it has none."""

    file: str
    cause: str
    camera_id: str | None = None


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Something the site asked for and the footage could not answer."""

    camera_id: str
    situation: str
    place: str
    reason: str
    frames: int


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How the results came about.

    Attributes:
        frames: Frames analysed.
        site_sha256: Hash of the site file; None without one.
        weights: (file, sha256) pairs.
        versions: (package, version) pairs, the product first.
        replay_of: Folder whose observations were analysed again.
    """

    frames: int
    site_sha256: str | None = None
    weights: Pairs = ()
    versions: Pairs = ()
    replay_of: str | None = None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What was authorised.

    Attributes:
        start: Not before; with a time zone.
        end: Not after.
        refused_s: Seconds of footage never opened because it lies outside.
    """

    purpose: str
    situations: tuple[str, ...]
    cameras: tuple[str, ...]
    start: datetime
    end: datetime
    refused_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReportData:
    """One run over one site.

    Attributes:
        authorisation: None marks every page as a test.
        time_zone: IANA name in which clock times are told.
        events: Every step of every situation, in any order.
        perimeter_m: Authorised perimeter; None where the whole view is.
        stills: Pictures of the moments `episodes.moments_to_show` names.
    """

    site: str
    cameras: tuple[CameraFacts, ...]
    events: tuple[Event, ...]
    curves: tuple[Curve, ...]
    run: RunFacts
    authorisation: Authorisation | None = None
    time_zone: str = "UTC"
    places: tuple[Place, ...] = ()
    perimeter_m: Points | None = None
    stills: tuple[Still, ...] = ()
    failures: tuple[FailedFile, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
