"""One unit of work: a run of grid indexes inside one clip of one camera."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from models.settings import NetworkSettings
from ray_app.store.segments import GridSpan, SegmentRecord, SegmentStatus
from ray_app.video.clip import Clip
from ray_app.video.filesystem import shown
from ray_app.video.reading import ReadingSettings

OBSERVATION_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Everything a worker needs to turn one segment of footage into observations.

    Attributes:
        segment_id: Sorts in time order within the camera; a function of what is read and how,
            never of when or where.
        width_px: Width of the analysed picture.
        origin: Instant of index 0; None when nobody can say when the clip was filmed.
    """

    segment_id: str
    clip: Clip
    span: GridSpan
    reading: ReadingSettings
    width_px: int
    networks: NetworkSettings
    origin: datetime | None = None

    @property
    def camera_id(self) -> str:
        """Camera the footage is of."""
        return self.clip.camera_id

    def record(self, status: SegmentStatus, reason: str | None = None) -> SegmentRecord:
        """Returns what became of this segment, for the list; frames and losses left out."""
        starts_at = None
        if self.origin is not None:
            starts_at = (self.origin + timedelta(seconds=self.span.start_s)).isoformat()
        return SegmentRecord(
            segment_id=self.segment_id,
            camera_id=self.camera_id,
            url=shown(self.clip.url),
            span=self.span,
            status=status,
            reason=reason,
            starts_at=starts_at,
        )


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one file of footage from another: copies keep it, so time stamps are not in.

    Attributes:
        name: File name without folders.
        telemetry: Name and size of the telemetry file beside it; None when there is none.
    """

    name: str
    size_bytes: int
    telemetry: str | None = None


def identify(
    clip: Clip,
    fingerprint: Fingerprint,
    span: GridSpan,
    reading: ReadingSettings,
    networks: NetworkSettings,
    settings: tuple[tuple[str, str], ...],
) -> str:
    """Returns the id of a segment: other footage, rate, width, network or setting, other id.

    Args:
        clip: Where it lies.
        fingerprint: Of the file.
        span: Which part.
        reading: How it is read.
        networks: What looks at it.
        settings: What else decides what is seen: (weights file, sha256), (perimeter, JSON).
    """
    told = {
        "format": OBSERVATION_FORMAT,
        "camera": clip.camera_id,
        "file": asdict(fingerprint),
        "start_s": clip.start_s,
        "span": asdict(span),
        "reading": asdict(reading),
        "networks": asdict(networks),
        "weights": settings,
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"{span.first_index:09d}-{digest[:16]}"
