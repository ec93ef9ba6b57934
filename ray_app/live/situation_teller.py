"""From the observations of one camera to the signals that leave its reader."""

from collections.abc import Sequence
from importlib.metadata import version

from models.settings import NetworkSettings
from models.weights import list_weights
from ray_app.analysis.event_life import ENDINGS
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.schema import CameraConfig
from ray_app.domain.event import Event, Reading
from ray_app.domain.frame import Frame
from ray_app.domain.observation import Observation
from ray_app.domain.situation import Signal
from ray_app.live.lease import EvidencePlan
from ray_app.video.evidence.ring import EvidenceRing, Finished
from ray_app.wiring import build_analyzer, build_outlines

OWN_HEALTH = "camera_health"
PEOPLE = "people_count"


class SituationTeller:
    """Runs the rules of one camera and keeps the pictures of what they tell.

    Args:
        camera: As in the site file.
        authorisation: Situations it does not name do not run.
        evidence: How pictures are kept.
    """

    def __init__(
        self,
        camera: CameraConfig,
        authorisation: AuthorisationSettings | None,
        evidence: EvidencePlan,
    ) -> None:
        self._analyzer = build_analyzer(camera, authorisation)
        self._ring = EvidenceRing(evidence.settings, build_outlines(camera))
        self._folder = evidence.folder
        self._versions = versions_of(camera.networks)
        self._under_way: dict[str, Event] = {}
        self._taken_at: dict[str, float] = {}
        self.counts: tuple[tuple[str, float], ...] = ()

    @property
    def under_way(self) -> tuple[Event, ...]:
        """Newest step of every situation that is a candidate or open."""
        return tuple(self._under_way.values())

    @property
    def is_alert(self) -> bool:
        """Whether a situation is a candidate or open; the camera's own faults are none."""
        return any(event.situation != OWN_HEALTH for event in self._under_way.values())

    @property
    def trouble(self) -> str | None:
        """Why a picture of a situation could not be kept last; None when none failed since."""
        return self._ring.report().trouble

    def see(self, frame: Frame, seen: Observation, taken_at: float) -> list[Signal]:
        """Takes the next analysed frame; returns what is to be told.

        Raises:
            FrameOrderError: The frame is not newer than the last.
        """
        step = self._analyzer.step(seen)
        self._ring.add(frame, seen)
        self.counts = tuple(
            (timed.reading.place, timed.reading.level)
            for timed in step.readings
            if timed.situation == PEOPLE and isinstance(timed.reading, Reading)
        )
        signals = self._signals(step.events, taken_at)
        return signals + self._with_clips(self._ring.finish(), taken_at)

    def finish(self, taken_at: float) -> list[Signal]:
        """Ends what is open: the camera is not watched any more."""
        signals = self._signals(self._analyzer.finish().events, taken_at)
        return signals + self._with_clips(self._ring.finish_all(), taken_at)

    def _signals(self, events: Sequence[Event], taken_at: float) -> list[Signal]:
        signals: list[Signal] = []
        for event in events:
            if event.phase in ENDINGS:
                self._under_way.pop(event.event_id, None)
            else:
                self._under_way[event.event_id] = event
            self._taken_at[event.event_id] = taken_at
            files = self._ring.write(event, self._folder)
            signals.append(Signal(event, taken_at, files, self._versions))
        return signals

    def _with_clips(self, finished: Sequence[Finished], now: float) -> list[Signal]:
        signals = []
        for event, files in finished:
            taken_at = self._taken_at.get(event.event_id, now)
            signals.append(Signal(event, taken_at, files, self._versions))
        self._taken_at = {k: at for k, at in self._taken_at.items() if k in self._under_way}
        return signals


def versions_of(networks: NetworkSettings) -> tuple[tuple[str, str], ...]:
    """Returns what is behind a signal: the program and the weights, by hash."""
    asked = [networks.objects.name]
    asked += [networks.crowd.name] if networks.crowd else []
    asked += [networks.fire.name] if networks.fire else []
    weights = [(w.name, w.sha256[:16]) for w in list_weights() if w.name in asked]
    return (("vigie", version("vigie")), *weights)
