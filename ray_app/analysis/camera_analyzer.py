"""Folds the observations of one camera into events: the one path live and batch share."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ray_app.analysis.camera_health import CameraHealth
from ray_app.analysis.event_life import EventLife
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.analysis.people_count import PeopleCount
from ray_app.analysis.scene_building import build_scene, within_perimeter
from ray_app.analysis.tracking import Tracker, TrackerSettings
from ray_app.domain.errors import CalibrationError, FrameOrderError
from ray_app.domain.event import Event, Reading, Unmeasured
from ray_app.domain.frame import FrameKey
from ray_app.domain.geometry import Points
from ray_app.domain.observation import Observation
from ray_app.domain.place import Zone
from ray_app.domain.protocols import GroundProjection, Situation
from ray_app.domain.scene import Scene

DEFAULT_TRACKER = TrackerSettings()
Answer = tuple[str, str, Reading | Unmeasured]
ProjectionOf = Callable[[Observation], GroundProjection]


@dataclass(frozen=True, slots=True)
class Watch:
    """One situation watched for, with its alarm levels."""

    situation: Situation
    alarm: HysteresisSettings


@dataclass(frozen=True, slots=True)
class Health:
    """How the camera itself is watched, with the levels of its events."""

    looks: CameraHealth
    alarm: HysteresisSettings


@dataclass(frozen=True, slots=True)
class CameraGround:
    """What a camera knows of its ground and places.

    Attributes:
        projection_of: How the picture of an observation lies on the ground; may raise
            CalibrationError. None for a camera without calibration.
        zones: Zones in which people are counted.
        perimeter_m: What stands outside is dropped before anything else; None keeps all.
    """

    projection_of: ProjectionOf | None = None
    zones: tuple[Zone, ...] = ()
    perimeter_m: Points | None = None


@dataclass(frozen=True, slots=True)
class TimedReading:
    """A reading with its place in time, for curves."""

    camera_id: str
    situation: str
    unit: str
    time_s: float
    index: int
    reading: Reading


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Something that could not be measured, and why."""

    camera_id: str
    situation: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one observation, or the end of the footage, led to."""

    events: tuple[Event, ...]
    readings: tuple[TimedReading, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class CameraAnalyzer:
    """Holds all memory of one camera; takes its observations in order, one at a time.

    Args:
        camera_id: The camera all observations must come from.
        rate_hz: Analysed frames per second; a jump in time above three periods, and above 1 s,
            interrupts: events close, tracks and dwell are forgotten.
        watches: The situations to watch for; each object serves this camera alone.
        ground: Calibration, zones and perimeter.
        tracker: How boxes are followed.
        health: Tells when the camera fails and mutes the situations then; None never does.
    """

    def __init__(
        self,
        camera_id: str,
        rate_hz: float,
        watches: Sequence[Watch],
        ground: CameraGround = CameraGround(),
        tracker: TrackerSettings = DEFAULT_TRACKER,
        health: Health | None = None,
    ) -> None:
        self._camera_id = camera_id
        self._longest_step_s = max(1.0, 3.0 / rate_hz) + 1e-6
        self._watches = tuple(watches)
        self._ground = ground
        self._tracker = Tracker(tracker)
        self._count = PeopleCount(ground.zones)
        self._lives: dict[tuple[int, str], EventLife] = {}
        self._refused: Counter[Refusal] = Counter()
        self._last: FrameKey | None = None
        self._health = health
        self._muted = False

    @property
    def refused(self) -> Mapping[Refusal, int]:
        """How many frames each refusal has cost so far."""
        return self._refused

    def step(self, observation: Observation) -> Step:
        """Takes the next observation.

        Raises:
            FrameOrderError: The observation is of another camera or not newer than the last.
        """
        key = observation.key
        self._check_order(key)
        events = self._interrupt() if self._is_broken_off(key) else []
        self._last = key
        answers: list[Answer] = []
        fault = self._look_after(observation, answers, events)
        if fault is not None:
            answers += self._mute(fault, key)
        else:
            self._muted = False
            self._measure(self._scene(observation), answers, events)
        refusals = tuple(
            Refusal(self._camera_id, name, a.place, a.reason)
            for name, _, a in answers
            if isinstance(a, Unmeasured)
        )
        self._refused.update(refusals)
        readings = tuple(
            TimedReading(self._camera_id, name, unit, key.time_s, key.index, a)
            for name, unit, a in answers
            if isinstance(a, Reading)
        )
        return Step(tuple(events), readings, refusals)

    def finish(self) -> Step:
        """Closes what is still open: the footage ended."""
        return Step(tuple(self._interrupt()))

    def _measure(self, scene: Scene, answers: list[Answer], events: list[Event]) -> None:
        answers += [("people_count", "people", a) for a in self._answers(self._count, scene)]
        for number, watch in enumerate(self._watches):
            for answer in self._answers(watch.situation, scene):
                answers.append((watch.situation.name, watch.situation.unit, answer))
                events += self._live((number, answer.place), watch, scene.key, answer)

    def _look_after(
        self, observation: Observation, answers: list[Answer], events: list[Event]
    ) -> str | None:
        """Reads the camera's health; returns the fault that silences it, or None."""
        if self._health is None:
            return None
        key, health = observation.key, self._health.looks
        for reading in health.measure(observation.state, key.time_s):
            answers.append((health.name, health.unit, reading))
            events += self._live((-1, reading.place), self._health, key, reading)
        return health.fault(key.time_s)

    def _mute(self, fault: str, key: FrameKey) -> list[Answer]:
        """Returns a refusal for every place measured so far; tracks and dwell are forgotten."""
        if not self._muted:
            self._forget()
        self._muted = True
        reason = f"the camera is not to be believed: {fault}"
        for (number, _), life in self._lives.items():
            if number >= 0:
                life.skip(key)
        return [
            (self._watches[number].situation.name, "", Unmeasured(place, reason))
            for number, place in self._lives
            if number >= 0
        ]

    def _check_order(self, key: FrameKey) -> None:
        if key.camera_id != self._camera_id:
            raise FrameOrderError(f"{self._camera_id}: got a frame of camera {key.camera_id!r}")
        last = self._last
        if last is None:
            return
        if key.index <= last.index or key.time_s <= last.time_s or key.stretch < last.stretch:
            raise FrameOrderError(
                f"{self._camera_id}: frame {key.index} at {key.time_s:.3f} s (stretch "
                f"{key.stretch}) after frame {last.index} at {last.time_s:.3f} s (stretch "
                f"{last.stretch})"
            )

    def _is_broken_off(self, key: FrameKey) -> bool:
        last = self._last
        if last is None:
            return False
        return key.stretch != last.stretch or key.time_s - last.time_s > self._longest_step_s

    def _interrupt(self) -> list[Event]:
        if self._last is None:
            return []
        events = [e for life in self._lives.values() for e in life.interrupt(self._last)]
        self._forget()
        if self._health is not None:
            self._health.looks.forget()
        return events

    def _forget(self) -> None:
        self._tracker.forget()
        for watch in self._watches:
            watch.situation.forget()

    def _scene(self, observation: Observation) -> Scene:
        projection, no_ground = None, None
        perimeter_m = self._ground.perimeter_m
        if self._ground.projection_of is not None:
            try:
                projection = self._ground.projection_of(observation)
            except CalibrationError as error:
                no_ground = str(error)
        if perimeter_m is not None:
            observation = within_perimeter(observation, projection, perimeter_m)
        tracks = self._tracker.update(
            observation.detections, observation.key.time_s, observation.source_size_px
        )
        return build_scene(observation, tracks, projection, no_ground)

    def _answers(self, situation: Situation, scene: Scene) -> list[Reading | Unmeasured]:
        answers = list(situation.measure(scene))
        if self._ground.perimeter_m is None or scene.projection is not None:
            return answers
        reason = "the perimeter is in metres and nothing tells metres in this picture"
        if scene.no_ground is not None:
            reason = f"{reason}: {scene.no_ground}"
        return [Unmeasured(answer.place, reason) for answer in answers]

    def _live(
        self,
        place: tuple[int, str],
        watch: "Watch | Health",
        key: FrameKey,
        answer: Reading | Unmeasured,
    ) -> list[Event]:
        life = self._lives.get(place)
        if life is None:
            told = watch.situation if isinstance(watch, Watch) else watch.looks
            life = EventLife(told.name, told.unit, watch.alarm)
            self._lives[place] = life
        if isinstance(answer, Reading):
            return life.step(key, answer)
        life.skip(key)
        return []
