"""Tells the life of one situation in one place as events."""

from dataclasses import dataclass

from ray_app.analysis.hysteresis import HysteresisGate, HysteresisSettings
from ray_app.domain.event import Event, Phase, Reading, Why
from ray_app.domain.frame import FrameKey

ENDINGS = (Phase.CLOSED, Phase.LAPSED)
STRONGER = 1.2
"""An open situation is told again when its peak rose so many times above the one told last,"""
TOLD_AGAIN_S = 30.0
"""and at the latest after so long, so that whoever looks knows it is still on."""
ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading and the frame it was read in."""

    key: FrameKey
    reading: Reading


class EventLife:
    """Follows one situation in one place from first crossing to end."""

    def __init__(self, situation: str, unit: str, alarm: HysteresisSettings) -> None:
        self._situation = situation
        self._unit = unit
        self._alarm = alarm
        self._gate = HysteresisGate(alarm)
        self._first: Moment | None = None
        self._peak: Moment | None = None
        self._last: Moment | None = None
        self._told: Moment | None = None  # the peak when the open situation was told last

    def step(self, key: FrameKey, reading: Reading) -> list[Event]:
        """Takes a reading; returns the events it caused."""
        moment = Moment(key, reading)
        self._last = moment
        phases = self._gate.update(reading.level, key.time_s)
        if Phase.CANDIDATE in phases:
            self._first = self._peak = moment
        if self._peak is not None and reading.level > self._peak.reading.level:
            self._peak = moment
        if not phases and self._should_tell(moment):
            phases = (Phase.UPDATED,)
        return [self._event(phase, moment, "level") for phase in phases]

    def skip(self, key: FrameKey) -> None:
        """Takes a frame in which the place could not be measured: nothing changes."""
        self._gate.update(None, key.time_s)

    def interrupt(self, key: FrameKey) -> list[Event]:
        """Ends what is under way at the last frame before the footage broke off, key."""
        phase = self._gate.interrupt()
        if phase is None or self._last is None:
            return []
        return [self._event(phase, Moment(key, self._last.reading), "footage")]

    def _should_tell(self, now: Moment) -> bool:
        if self._told is None or self._peak is None:
            return False
        told, peak = self._told.reading.level, self._peak.reading.level
        quiet_s = now.key.time_s - self._told.key.time_s
        return peak >= STRONGER * told or quiet_s >= TOLD_AGAIN_S - ROUNDING_S

    def _event(self, phase: Phase, now: Moment, ending: str) -> Event:
        first, peak = self._first or now, self._peak or now
        if phase in ENDINGS:
            self._first = self._peak = self._told = None
        elif phase is not Phase.CANDIDATE:
            self._told = Moment(now.key, peak.reading)
        frames = dict.fromkeys((first.key.index, peak.key.index, now.key.index))
        why = Why(
            unit=self._unit,
            open_at=self._alarm.open_at,
            close_at=self._alarm.close_at,
            duration_s=now.key.time_s - first.key.time_s,
            peak=peak.reading.level,
            frames=tuple(frames),
            measures=now.reading.measures,
            ended_by=ending if phase in ENDINGS else None,
        )
        return Event(
            camera_id=now.key.camera_id,
            situation=self._situation,
            place=now.reading.place,
            phase=phase,
            started_s=first.key.time_s,
            time_s=now.key.time_s,
            level=now.reading.level,
            sigma=now.reading.sigma,
            why=why,
        )
