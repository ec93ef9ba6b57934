"""What the actors of a live site tell each other."""

import enum
from dataclasses import dataclass, field

from ray_app.domain.situation import Change, SinkReport
from ray_app.video.live.status import Clock, StreamState

__all__ = [
    "DESK",
    "FLEET",
    "KEEPER_VERSION",
    "NAMESPACE",
    "STOPPED",
    "CameraReport",
    "Change",
    "FleetReport",
    "FrameCounts",
    "Outcome",
    "ProgrammeMoment",
    "SinkReport",
]

NAMESPACE = "vigie"
"""Ray namespace of every named actor of a live site."""
FLEET, DESK = "vigie-fleet", "vigie-desk"
"""Names of the two actors that others call: the reader fleet and the situation desk."""
STOPPED = "stopped"
"""File in the folder of a site on a cluster: while it is there nothing runs."""
KEEPER_VERSION = "keeper_version"
"""File in the same folder: what the cluster's keeper keeps running; gone when nothing is."""


class Outcome(enum.StrEnum):
    """What became of a frame that was due on a camera's grid. Every frame has exactly one."""

    ANALYSED = "analysed"
    SHED = "shed"  # given up before work was spent: capacity was short
    LATE = "late"  # older than its deadline when its turn came
    LOST = "lost"  # a replica died or answered too late, twice
    NOT_SEEN = "not_seen"  # the stream brought no picture for it, or its reader skipped it
    IN_FLIGHT = "in_flight"  # not decided yet


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """Frames due so far, by outcome; their sum is the number of frames offered.

    Attributes:
        by_outcome: One number for each `Outcome`.
        reduced: How many of the analysed ones were looked at with a smaller input.
    """

    by_outcome: dict[Outcome, int] = field(default_factory=dict)
    reduced: int = 0

    @property
    def offered(self) -> int:
        """Frames that were due."""
        return sum(self.by_outcome.values())


@dataclass(frozen=True, slots=True)
class ProgrammeMoment:
    """A moment of the programme the scaling policy plans with.

    Attributes:
        planned_at: Seconds since 1970.
        real_at: When it really is, as somebody told; None while nobody did.
    """

    name: str
    planned_at: float
    real_at: float | None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera is doing, told about once a second by its reader.

    Attributes:
        camera_id: Which.
        shown_address: Where its stream comes from, without secrets.
        state: Of the stream; None while it is paused or waits for the authorisation's window.
        idle_reason: Why nothing is read: "paused", "outside the authorisation: ..."; or None.
        trouble: What went wrong last, without secrets.
        value: "critical", "normal" or "best_effort", raised while a situation is open.
        frame_age_s: Age of the newest analysed frame now; None before the first.
        age_p95_s: 95th percentile over the last minute of the age of a frame when its
            observation was done.
        rate_hz: Frames analysed per second over the last ten seconds.
        counts: Frames by outcome since the start.
        pictures: Whole pictures decoded.
        broken: Packets that could not be decoded.
        openings: Times the stream was opened.
        clock: Whose clock stamps its pictures; None before the first.
        source_size_px: Width and height; None before the first picture.
        reader: Name of the reader that leases it.
        told_at: When this was written, seconds since 1970.
        input_work: Work of a frame at the input size of now over the usual one, 0 to 1.
    """

    camera_id: str
    shown_address: str
    state: StreamState | None
    idle_reason: str | None
    trouble: str | None
    value: str
    frame_age_s: float | None
    age_p95_s: float | None
    rate_hz: float
    counts: FrameCounts
    pictures: int
    broken: int
    openings: int
    clock: Clock | None
    source_size_px: tuple[int, int] | None
    reader: str
    told_at: float
    input_work: float = 1.0


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The whole site's load and capacity.

    Attributes:
        offered_per_s: Frames due per second before any is shed.
        analysed_per_s: Frames analysed per second.
        shed_per_s: Frames given up per second.
        replicas: Detector replicas that run.
        replicas_wanted: What the scaling policy asks for; None when not known.
        kept_share: Share of frames kept by value class, as (class, share) pairs.
        readers: Readers that answer.
        age_p95_s: 95th percentile of frame age over all cameras in the last minute.
    """

    offered_per_s: float
    analysed_per_s: float
    shed_per_s: float
    replicas: int
    replicas_wanted: int | None
    kept_share: tuple[tuple[str, float], ...]
    readers: int
    age_p95_s: float | None
