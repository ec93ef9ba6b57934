"""Situations to store and send."""

from ray_app.domain.event import Event, Phase, Why
from ray_app.domain.situation import Acknowledgement, EvidenceFile, Signal, Verdict

STILL = EvidenceFile("gate-still.jpg", "still", "ab" * 32)
CLIP = EvidenceFile("gate-clip.mp4", "clip", "cd" * 32)


def signal(
    phase: Phase = Phase.OPENED,
    time_s: float = 12.0,
    level: float = 2.0,
    *,
    place: str = "yard",
    camera_id: str = "gate",
    started_s: float = 10.0,
    evidence: tuple[EvidenceFile, ...] = (),
) -> Signal:
    why = Why(
        "people/m2",
        1.5,
        1.1,
        time_s - started_s,
        level,
        (50, 60),
        (("speed_m_s", 0.25),),
        "level" if phase is Phase.CLOSED else None,
    )
    event = Event(camera_id, "crowd_density", place, phase, started_s, time_s, level, None, why)
    return Signal(event, 1_750_000_000.0 + time_s, evidence, (("crowd_counter", "7c1"),))


def life(place: str = "yard", started_s: float = 10.0) -> tuple[Signal, ...]:
    """A whole life: candidate, opened, closed."""
    phases = ((Phase.CANDIDATE, 0.0, 1.6), (Phase.OPENED, 2.0, 2.4), (Phase.CLOSED, 9.0, 0.5))
    return tuple(
        signal(phase, started_s + after_s, level, place=place, started_s=started_s)
        for phase, after_s, level in phases
    )


def said(
    event_id: str,
    verdict: Verdict = Verdict.CONFIRMED,
    reason: str = "",
    person: str = "ann",
    at: float = 1_750_000_020.0,
) -> Acknowledgement:
    return Acknowledgement(event_id, verdict, person, reason, at)
