"""Situations as they arise, open and close."""

import enum
from dataclasses import dataclass


class Phase(enum.StrEnum):
    """Where an event stands in its life."""

    CANDIDATE = "candidate"
    OPENED = "opened"
    UPDATED = "updated"  # open, and stronger than told before, or told long ago
    CLOSED = "closed"
    LAPSED = "lapsed"  # a candidate that never held long enough to open


@dataclass(frozen=True, slots=True)
class Reading:
    """How strong a situation is in one place at one instant.

    Attributes:
        place: Name of the zone or line that was measured.
        level: Strength, in the unit the situation documents.
        sigma: One standard deviation of level, same unit; None when it cannot be said.
        measures: Further numbers that explain the level, as (name with unit, value) pairs.
    """

    place: str
    level: float
    sigma: float | None = None
    measures: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A place that could not be measured at this instant; never silent, never zero.

    Attributes:
        reason: What is missing and what would mend it, for a person.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Why:
    """What made the event: enough for a person to agree or to doubt.

    Attributes:
        unit: Unit of every level here.
        open_at: Level at which the situation opens.
        close_at: Level below which it closes.
        duration_s: From the first crossing of open_at to this step, seconds.
        peak: Strongest level so far.
        frames: Indexes of the frames that show it best: first crossing, peak, this step.
        measures: The reading's further numbers at this step.
        ended_by: Why it closed: "level", or "footage" when the stretch ended; None before.
    """

    unit: str
    open_at: float
    close_at: float
    duration_s: float
    peak: float
    frames: tuple[int, ...]
    measures: tuple[tuple[str, float], ...] = ()
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One step in the life of a situation.

    Attributes:
        started_s: Time of the first crossing of open_at, seconds on the camera's time line.
        time_s: Time of this step, seconds on the camera's time line.
        level: Level at this step, in why.unit.
        sigma: One standard deviation of level; None when unknown.
    """

    camera_id: str
    situation: str
    place: str
    phase: Phase
    started_s: float
    time_s: float
    level: float
    sigma: float | None
    why: Why

    @property
    def event_id(self) -> str:
        """Same id live and in batch, at every retry: no random part, no wall clock."""
        return f"{self.camera_id}/{self.situation}/{self.place}/{self.started_s:.3f}"
