"""Cameras and load as the API tells them."""

import enum

from pydantic import BaseModel, Field

from ray_app.domain.situation import SinkReport
from ray_app.live.messages import CameraReport, FleetReport, Outcome
from ray_app.video.live.status import Clock, StreamState

LATE_S = 2.0
STALE_S = 5.0
SILENT_S = 5.0
"""A report older than this says nothing of the camera any more."""


class Freshness(enum.StrEnum):
    """Whether the picture shows what is there now."""

    FRESH = "fresh"  # newest analysed frame at most 2 s old
    LATE = "late"  # at most 5 s
    STALE = "stale"  # older: what it shows may be over
    NONE = "none"  # no frame was analysed yet, or the camera rests


class CameraModel(BaseModel):
    """How one camera is doing."""

    id: str
    address: str = Field(description="Where its stream comes from, without secrets.")
    state: StreamState | None = Field(description="Of the stream; null while it rests.")
    idle_reason: str | None = Field(description="Why it rests; null while it is read.")
    trouble: str | None = Field(description="What went wrong last.")
    value: str = Field(description="critical, normal or best_effort: who keeps frames longest.")
    freshness: Freshness
    frame_age_s: float | None = Field(description="Age of the newest analysed frame now.")
    age_p95_s: float | None = Field(description="95th percentile over the last minute.")
    rate_hz: float = Field(description="Frames analysed per second, over ten seconds.")
    offered: int = Field(description="Frames due since the start.")
    frames: dict[Outcome, int] = Field(description="The same frames by what became of them.")
    reduced: int = Field(description="Analysed frames that were seen at a smaller input size.")
    input_work: float = Field(
        description="Work of a frame now over the usual one; below 1 while capacity is so short "
        "that the camera is looked at with a smaller input or fewer tiles."
    )
    pictures: int = Field(description="Whole pictures decoded.")
    broken: int = Field(description="Packets that could not be decoded.")
    openings: int = Field(description="Times the stream was opened.")
    clock: Clock | None = Field(description="Whose clock stamps the pictures.")
    source_size_px: tuple[int, int] | None = Field(description="Width and height.")
    reader: str = Field(description="Process that reads it.")
    told_at: float = Field(description="When the reader told this, seconds since 1970.")


class CameraPage(BaseModel):
    """All cameras."""

    now: float = Field(description="Clock of the server, seconds since 1970.")
    cameras: list[CameraModel]


class CameraAdded(BaseModel):
    """The camera that was added."""

    id: str


class SinkModel(BaseModel):
    """How one sink is doing."""

    name: str
    kind: str = Field(description="ndjson, webhook or mqtt.", examples=["webhook"])
    waiting: int = Field(description="Messages kept on disk, not delivered yet.")
    oldest_s: float | None = Field(description="Age of the oldest that waits; null: none does.")
    delivered: int = Field(description="Messages it took, over all restarts.")
    dead: int = Field(description="Messages given up, kept as dead letters.")
    lost: int = Field(description="Messages that a bound on disk deleted.")
    trouble: str | None = Field(description="What went wrong last; null: nothing.")


class FleetModel(BaseModel):
    """Load and capacity of the whole site."""

    offered_per_s: float = Field(description="Frames due per second, before any is shed.")
    analysed_per_s: float
    shed_per_s: float
    replicas: int = Field(description="Detector replicas that run.")
    replicas_wanted: int | None = Field(description="What the scaling policy asks for.")
    kept_share: dict[str, float] = Field(description="Share of frames kept, 0 to 1, by value.")
    readers: int = Field(description="Reader processes that answer.")
    age_p95_s: float | None = Field(description="95th percentile of frame age, last minute.")
    sinks: list[SinkModel]


def camera_model(report: CameraReport, now_s: float) -> CameraModel:
    """Returns a camera as the API tells it, its age brought forward to now."""
    silent_s = max(0.0, now_s - report.told_at)
    age_s = None if report.frame_age_s is None else report.frame_age_s + silent_s
    return CameraModel(
        id=report.camera_id,
        address=report.shown_address,
        state=report.state,
        idle_reason=report.idle_reason,
        trouble=report.trouble,
        value=report.value,
        freshness=freshness_of(age_s, resting=report.state is None),
        frame_age_s=age_s,
        age_p95_s=report.age_p95_s,
        rate_hz=report.rate_hz if silent_s <= SILENT_S else 0.0,
        offered=report.counts.offered,
        frames={outcome: report.counts.by_outcome.get(outcome, 0) for outcome in Outcome},
        reduced=report.counts.reduced,
        input_work=report.input_work,
        pictures=report.pictures,
        broken=report.broken,
        openings=report.openings,
        clock=report.clock,
        source_size_px=report.source_size_px,
        reader=report.reader,
        told_at=report.told_at,
    )


def freshness_of(age_s: float | None, *, resting: bool) -> Freshness:
    """Returns whether a picture of this age still shows what is there."""
    if age_s is None or resting:
        return Freshness.NONE
    if age_s <= LATE_S:
        return Freshness.FRESH
    return Freshness.LATE if age_s <= STALE_S else Freshness.STALE


def fleet_model(report: FleetReport, sinks: tuple[SinkReport, ...]) -> FleetModel:
    """Returns load and capacity as the API tells them."""
    return FleetModel(
        offered_per_s=report.offered_per_s,
        analysed_per_s=report.analysed_per_s,
        shed_per_s=report.shed_per_s,
        replicas=report.replicas,
        replicas_wanted=report.replicas_wanted,
        kept_share=dict(report.kept_share),
        readers=report.readers,
        age_p95_s=report.age_p95_s,
        sinks=[
            SinkModel(
                name=sink.name,
                kind=sink.kind,
                waiting=sink.waiting,
                oldest_s=sink.oldest_s,
                delivered=sink.delivered,
                dead=sink.dead,
                lost=sink.lost,
                trouble=sink.trouble,
            )
            for sink in sinks
        ],
    )
