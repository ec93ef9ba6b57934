"""What the live page adds to a situation: how pressing it is, and how it is known to fail."""

import enum

from ray_app.domain.event import Event

PRESSING_AT = 1.5
"""A crowd situation this many times over its alarm level is urgent."""


class Severity(enum.StrEnum):
    """How pressing a situation is, most pressing first."""

    URGENT = "urgent"
    HIGH = "high"
    NOTICE = "notice"


_ALWAYS_URGENT = ("fire_smoke", "crowd_movement", "person_down")
_URGENT_WHEN_STRONG = ("crowd_density", "bottleneck", "counterflow")
_KNOWN_TO_FAIL = {
    "crowd_density": "Counts too few people where they hide one another; too many on posters and "
    "screens.",
    "bottleneck": "A short stop in front of a gate that nobody queues for looks the same.",
    "counterflow": "People who turn around or walk in circles; staff who cross the flow.",
    "restricted_area": "Staff with a right to be there; feet hidden behind a barrier are placed "
    "wrong.",
    "fire_smoke": "Lamps switched on in view, beacons, stage smoke, flares, steam; far thin smoke "
    "is missed.",
    "abandoned_object": "People who stand still and are not found, flags and tapes, hard shadows; "
    "in a crowd the owner is mistaken.",
    "crowd_movement": "A run that is part of the show, bicycles; fewer than five are missed.",
    "person_down": "People who kneel or lie down at leisure; hidden falls are missed.",
    "camera_health": "A still scene at night may look frozen; a lorry before the lens, covered.",
}
_NO_WORDS = "Not written down yet for this situation."


def severity_of(event: Event, peak: float) -> Severity:
    """Returns how pressing a situation is, from its kind and its strongest level."""
    if event.situation in _ALWAYS_URGENT:
        return Severity.URGENT
    if event.situation in _URGENT_WHEN_STRONG and peak >= PRESSING_AT * event.why.open_at:
        return Severity.URGENT
    return Severity.NOTICE if event.situation == "camera_health" else Severity.HIGH


def known_to_fail(situation: str) -> str:
    """Returns what is known to set off, or to be missed by, a situation."""
    return _KNOWN_TO_FAIL.get(situation, _NO_WORDS)
