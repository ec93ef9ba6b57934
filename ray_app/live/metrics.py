"""Every metric of a live site: name, unit and meaning, in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ray.util import metrics

from ray_app.domain.situation import Signal
from ray_app.live.messages import CameraReport, FleetReport, Outcome
from ray_app.video.live.status import StreamState


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; counters only rise.

    Attributes:
        name: As Prometheus shows it, with the unit at its end; Ray puts `ray_` before it.
        tags: What it is told apart by.
    """

    name: str
    meaning: str
    tags: tuple[str, ...] = ()
    is_counter: bool = False


FRAME_AGE = Metric(
    "vigie_frame_age_seconds", "Age of the newest analysed frame of a camera.", ("camera",)
)
FRAME_AGE_P95 = Metric(
    "vigie_frame_age_p95_seconds",
    "95th percentile over a minute of the age of a frame when its observation was done.",
    ("camera",),
)
FRAMES = Metric(
    "vigie_frames_total",
    "Frames that were due, by what became of them.",
    ("camera", "outcome"),
    True,
)
REDUCED = Metric(
    "vigie_smaller_input_frames_total",
    "Frames analysed at a smaller input size, because capacity was short.",
    ("camera",),
    True,
)
INPUT = Metric(
    "vigie_input_work_ratio",
    "Work of a frame at the input size of now over the usual one.",
    ("camera",),
)
STREAM_STATE = Metric(
    "vigie_stream_state", "1 for the state a stream is in, 0 for the others.", ("camera", "state")
)
OPENINGS = Metric(
    "vigie_stream_openings_total", "Times a stream was opened.", ("camera",), is_counter=True
)
BROKEN = Metric(
    "vigie_broken_packets_total", "Packets that could not be decoded.", ("camera",), is_counter=True
)
STEPS = Metric(
    "vigie_situation_steps_total",
    "Steps of situations told.",
    ("situation", "phase"),
    is_counter=True,
)
OFFERED = Metric("vigie_offered_frames_per_second", "Frames due before any is shed.")
ANALYSED = Metric("vigie_analysed_frames_per_second", "Frames analysed.")
REPLICAS = Metric("vigie_detector_replicas", "Detector replicas that run.")
READERS = Metric("vigie_readers", "Readers that answer.")
KEPT = Metric(
    "vigie_kept_frames_ratio", "Share of frames there is capacity for, by value.", ("value",)
)
DETECTOR_SECONDS = Metric(
    "vigie_detector_seconds_total", "Seconds replicas spent looking at frames.", (), is_counter=True
)
SIGNALS_WAITING = Metric("vigie_signals_waiting", "Steps the desk has not taken yet.")
SIGNALS_LOST = Metric(
    "vigie_signals_lost_total", "Steps thrown away because too many waited.", (), is_counter=True
)
METRICS = (
    FRAME_AGE, FRAME_AGE_P95, FRAMES, REDUCED, INPUT, STREAM_STATE, OPENINGS, BROKEN, STEPS,
    OFFERED, ANALYSED, REPLICAS, READERS, KEPT, DETECTOR_SECONDS, SIGNALS_WAITING, SIGNALS_LOST,
)  # fmt: skip


class Recorder:
    """Writes metrics; counters take totals and pass on what is new."""

    def __init__(self, chosen: Sequence[Metric]) -> None:
        self._written = {
            metric.name: (metrics.Counter if metric.is_counter else metrics.Gauge)(
                metric.name, description=metric.meaning, tag_keys=metric.tags
            )
            for metric in chosen
        }
        self._totals: dict[tuple[str, tuple[str, ...]], float] = {}

    def tell(self, metric: Metric, value: float, *tags: str) -> None:
        """Sets a gauge, or brings a counter up to a total."""
        named: Mapping[str, str] = dict(zip(metric.tags, tags, strict=True))
        written = self._written[metric.name]
        if not metric.is_counter:
            written.set(value, tags=named)
            return
        place = (metric.name, tags)
        new = value - self._totals.get(place, 0.0)
        if new > 0:
            written.inc(new, tags=named)
            self._totals[place] = value

    def add(self, metric: Metric, more: float, *tags: str) -> None:
        """Adds to a counter."""
        self.tell(metric, self._totals.get((metric.name, tags), 0.0) + more, *tags)


class SituationMeter:
    """Counts the steps of situations one reader told."""

    def __init__(self) -> None:
        self._recorder = Recorder((STEPS,))

    def count(self, signals: Sequence[Signal]) -> None:
        """Counts steps; one told again with its pictures is counted once."""
        for signal in signals:
            if all(file.kind != "clip" for file in signal.evidence):
                self._recorder.add(STEPS, 1, signal.event.situation, str(signal.event.phase))


class FleetMeter:
    """Writes what the fleet knows."""

    def __init__(self) -> None:
        self._recorder = Recorder([metric for metric in METRICS if metric is not STEPS])

    def tell_cameras(self, cameras: Sequence[CameraReport]) -> None:
        """Writes how every camera is doing."""
        for camera in cameras:
            name = camera.camera_id
            if camera.frame_age_s is not None:
                self._recorder.tell(FRAME_AGE, camera.frame_age_s, name)
            if camera.age_p95_s is not None:
                self._recorder.tell(FRAME_AGE_P95, camera.age_p95_s, name)
            for outcome, frames in camera.counts.by_outcome.items():
                if outcome is not Outcome.IN_FLIGHT:
                    self._recorder.tell(FRAMES, frames, name, str(outcome))
            self._recorder.tell(REDUCED, camera.counts.reduced, name)
            self._recorder.tell(INPUT, camera.input_work, name)
            for state in StreamState:
                self._recorder.tell(STREAM_STATE, camera.state is state, name, str(state))
            self._recorder.tell(OPENINGS, camera.openings, name)
            self._recorder.tell(BROKEN, camera.broken, name)

    def tell_fleet(self, fleet: FleetReport, waiting: int, lost: int) -> None:
        """Writes the site's load and capacity."""
        self._recorder.tell(OFFERED, fleet.offered_per_s)
        self._recorder.tell(ANALYSED, fleet.analysed_per_s)
        self._recorder.tell(REPLICAS, fleet.replicas)
        self._recorder.tell(READERS, fleet.readers)
        for value, share in fleet.kept_share:
            self._recorder.tell(KEPT, share, value)
        self._recorder.tell(SIGNALS_WAITING, waiting)
        self._recorder.tell(SIGNALS_LOST, lost)

    def add_detector_seconds(self, busy_s: float) -> None:
        """Adds what replicas spent."""
        self._recorder.add(DETECTOR_SECONDS, busy_s)
