"""A fleet and a desk in memory, at the protocols of the console."""

import asyncio
import time
from dataclasses import dataclass, field, replace

from ray_app.domain.errors import ConfigError
from ray_app.domain.event import Event, Phase, Why
from ray_app.domain.situation import (
    Acknowledgement,
    Change,
    EvidenceFile,
    Signal,
    SinkReport,
    Situation,
    Verdict,
)
from ray_app.live.messages import (
    CameraReport,
    FleetReport,
    FrameCounts,
    Outcome,
    ProgrammeMoment,
)
from ray_app.video.live.status import Clock, StreamState

COUNTS = FrameCounts(dict(zip(Outcome, (900, 60, 12, 3, 25, 1), strict=True)))


def camera(camera_id: str = "gate", **changes: object) -> CameraReport:
    """Returns a camera that does well, but for what is changed."""
    good = CameraReport(
        camera_id=camera_id,
        shown_address=f"rtsp://10.0.0.8/{camera_id}",
        state=StreamState.LIVE,
        idle_reason=None,
        trouble=None,
        value="normal",
        frame_age_s=0.4,
        age_p95_s=0.7,
        rate_hz=2.0,
        counts=COUNTS,
        pictures=25_000,
        broken=0,
        openings=1,
        clock=Clock.SENDER,
        source_size_px=(1280, 720),
        reader="reader-1",
        told_at=time.time(),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def situation(
    camera_id: str = "gate",
    kind: str = "crowd_density",
    place: str = "gate queue",
    *,
    phase: Phase = Phase.OPENED,
    level: float = 4.6,
    sigma: float | None = 0.3,
    unit: str = "people/m2",
    open_at: float = 4.0,
    lasted_s: float = 95.0,
    evidence: tuple[EvidenceFile, ...] = (),
    started_s: float = 12.5,
) -> Situation:
    """Returns a situation that began lasted_s ago."""
    why = Why(
        unit,
        open_at,
        0.8 * open_at,
        lasted_s,
        1.1 * level,
        (25, 60, 202),
        (("people_in_zone", 87.0),),
    )
    time_s = started_s + lasted_s
    event = Event(camera_id, kind, place, phase, started_s, time_s, level, sigma, why)
    now_s = time.time()
    opened_at = None if phase is Phase.CANDIDATE else now_s - lasted_s + 2.0
    signal = Signal(event, now_s, versions=(("crowd_counter", "2"),))
    return Situation(signal, opened_at, 1.1 * level, evidence)


LOAD = FleetReport(16.0, 15.1, 0.9, 2, 3, (("critical", 1.0), ("normal", 0.9)), 1, 0.8)


@dataclass
class FakeFleet:
    """Cameras in memory."""

    reports: dict[str, CameraReport]
    load: FleetReport = LOAD
    previews: dict[str, bytes | None] = field(default_factory=dict)
    planned: dict[str, float] = field(default_factory=lambda: {"kick_off": 1_795_640_400.0})
    told: dict[str, float] = field(default_factory=dict)

    async def cameras(self) -> tuple[CameraReport, ...]:
        return tuple(self.reports.values())

    async def report(self) -> FleetReport:
        return self.load

    async def add(self, camera_yaml: str) -> str:
        if not camera_yaml.startswith("id: "):
            raise ConfigError(
                "camera.yaml:1:1: id: is missing\ncamera.yaml:1:1: stream: is missing"
            )
        camera_id = camera_yaml.splitlines()[0].removeprefix("id: ")
        if camera_id in self.reports:
            raise ValueError(f"camera {camera_id!r} is there already")
        self.reports[camera_id] = camera(camera_id)
        return camera_id

    async def remove(self, camera_id: str) -> None:
        del self.reports[camera_id]

    async def pause(self, camera_id: str) -> None:
        self._change(camera_id, state=None, idle_reason="paused")

    async def resume(self, camera_id: str) -> None:
        self._change(camera_id, state=StreamState.CONNECTING, idle_reason=None)

    async def moments(self) -> tuple[ProgrammeMoment, ...]:
        return tuple(
            ProgrammeMoment(name, at, self.told.get(name)) for name, at in self.planned.items()
        )

    async def tell_moment(self, name: str, real_at: float | None) -> None:
        self.planned[name]
        self.told.pop(name, None)
        if real_at is not None:
            self.told[name] = real_at

    async def preview(self, camera_id: str) -> bytes | None:
        self.reports[camera_id]
        return self.previews.get(camera_id)

    def _change(self, camera_id: str, **changes: object) -> None:
        self.reports[camera_id] = replace(self.reports[camera_id], **changes)  # type: ignore[arg-type]


@dataclass
class FakeDesk:
    """Situations and a journal in memory."""

    kept: dict[str, Situation] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    journal: list[tuple[str, str, str]] = field(default_factory=list)
    reports: tuple[SinkReport, ...] = (SinkReport("file", 0, 12, 0, None),)

    def tell(self, told: Situation, kind: str = "step") -> None:
        """Keeps a situation and tells who listens."""
        self.kept[told.event_id] = told
        self.log.append(Change(len(self.log) + 1, time.time(), kind, told))

    async def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        newest = {c.situation.event_id: c for c in self.log if c.number > since_change}
        found = [self.kept[e] for e in sorted(newest, key=lambda e: -newest[e].number)]
        found = [s for s in found if phase is None or s.phase == phase]
        found = [s for s in found if camera_id is None or s.latest.event.camera_id == camera_id]
        return tuple(found[:limit])

    async def situation(self, event_id: str) -> Situation | None:
        return self.kept.get(event_id)

    async def acknowledge(
        self, event_id: str, verdict: Verdict, person: str, reason: str
    ) -> Situation:
        before = self.kept[event_id]
        said = Acknowledgement(event_id, verdict, person, reason, time.time())
        after = replace(before, acknowledgements=(*before.acknowledgements, said))
        self.tell(after, "acknowledgement")
        return after

    async def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        ends = time.monotonic() + wait_s
        while len(self.log) <= after and time.monotonic() < ends:
            await asyncio.sleep(0.02)
        return tuple(self.log[after : after + 100])

    async def last_change(self) -> int:
        return len(self.log)

    async def note(self, kind: str, person: str, detail: str) -> None:
        self.journal.append((kind, person, detail))

    async def sinks(self) -> tuple[SinkReport, ...]:
        return self.reports
