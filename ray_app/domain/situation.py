"""A situation as people and systems meet it live: its steps, its evidence, what a person said."""

import enum
from dataclasses import dataclass

from ray_app.domain.event import Event, Phase


class Verdict(enum.StrEnum):
    """What a person said of a situation. The engine only signals; it never says any of these."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"  # a false alarm, with the reason
    DOUBT_LIFTED = "doubt_lifted"  # looked at: nothing to act on


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One file kept of a situation, people blurred before it was written.

    Attributes:
        name: File name in the evidence folder.
        kind: "still" or "clip".
        sha256: Of the whole file, hexadecimal.
    """

    name: str
    kind: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One step of one situation on its way from a camera's reader to people and systems.

    Attributes:
        event: The step, as the analyzer told it: the same live and in batch.
        taken_at: When the frame of the step was taken, seconds since 1970.
        evidence: Files that show it; empty until they are written.
        versions: Models and calibration behind it, as (name, version) pairs.
    """

    event: Event
    taken_at: float
    evidence: tuple[EvidenceFile, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a person said of a situation.

    Attributes:
        event_id: Of the situation.
        person: Name of the key that was used, never a free text.
        reason: Why; must be given to dismiss.
        at: Seconds since 1970.
    """

    event_id: str
    verdict: Verdict
    person: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything known of one situation now.

    Attributes:
        latest: Its newest step.
        opened_at: When it opened, seconds since 1970; None while it is a candidate.
        peak: Strongest level so far, in latest.event.why.unit.
        evidence: All files kept of it.
        acknowledgements: In the order they were given; the last one stands.
    """

    latest: Signal
    opened_at: float | None
    peak: float
    evidence: tuple[EvidenceFile, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()

    @property
    def event_id(self) -> str:
        """Same id live and in batch."""
        return self.latest.event.event_id

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self.latest.event.phase


class ChangeKind(enum.StrEnum):
    """What happened to a situation."""

    STEP = "step"  # the analyzer told one: situation.phase
    EVIDENCE = "evidence"  # more files show it
    ACKNOWLEDGEMENT = "acknowledgement"  # a person said something of it
    PURGED = "purged"  # its pictures were deleted when their time was over


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one situation, as the desk tells everybody who listens.

    Attributes:
        number: 1, 2, 3... over the whole life of the event store, restarts included.
        at: When it was kept, seconds since 1970.
        situation: How it stands after the change.
    """

    number: int
    at: float
    kind: ChangeKind
    situation: Situation


@dataclass(frozen=True, slots=True)
class SinkReport:
    """How one receiver of situations is doing.

    Attributes:
        name: Which.
        waiting: Messages that are kept on disk and not delivered yet.
        delivered: Messages it took, over all restarts.
        dead: Messages it refused for good or did not take in time; kept as dead letters.
        trouble: What went wrong last, without secrets; None when the last delivery went well.
        kind: "ndjson", "webhook" or "mqtt".
        lost: Messages that are nowhere any more: deleted by a bound on disk.
        oldest_s: Age of the oldest message that waits; None when none does.
    """

    name: str
    waiting: int
    delivered: int
    dead: int
    trouble: str | None
    kind: str = "sink"
    lost: int = 0
    oldest_s: float | None = None
