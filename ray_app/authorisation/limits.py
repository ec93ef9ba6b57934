"""What the authorisation leaves out: cameras, situations, times and places."""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.domain.geometry import inside_polygon


class Scope(enum.StrEnum):
    """What a refusal stops."""

    CAMERA = "camera"  # the camera is not listed: its footage is never opened
    WINDOW = "window"  # the footage lies outside the window: it is never opened
    SITUATION = "situation"  # the situation is not listed: it does not run, others do


@dataclass(frozen=True, slots=True)
class NotGranted:
    """One thing asked for that the authorisation does not cover.

    Attributes:
        subject: The camera or situation refused.
        reason: What is not covered and what would mend it, for a person.
    """

    scope: Scope
    subject: str
    reason: str


def refusals(
    grant: AuthorisationSettings,
    camera_id: str,
    situations: Sequence[str],
    start: datetime | None,
    end: datetime | None,
) -> tuple[NotGranted, ...]:
    """Returns everything that is not covered when a camera's footage is to be analysed.

    Args:
        grant: The authorisation.
        camera_id: Whose footage.
        situations: Names of the situations that would run.
        start: When the footage begins, with a time zone. None, unknown, is refused: footage of
            an unknown day cannot be said to lie inside the window.
        end: When it ends.
    """
    return tuple(_refusals(grant, camera_id, situations, start, end))


def granted_span(
    grant: AuthorisationSettings, start: datetime, end: datetime
) -> tuple[datetime, datetime] | None:
    """Returns the part of a span, time zones given, that lies in the window; None when none."""
    first, last = max(start, grant.start), min(end, grant.end)
    return (first, last) if first < last else None


def inside_perimeter(
    grant: AuthorisationSettings, points_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Returns which ground points, shape (n, 2), site metres, may be reported.

    Without a perimeter all may; with one, points of unknown place (NaN) may not.
    """
    if grant.perimeter_m is None:
        return np.ones(len(points_m), np.bool_)
    return inside_polygon(points_m, grant.perimeter_m)


def _refusals(
    grant: AuthorisationSettings,
    camera_id: str,
    situations: Sequence[str],
    start: datetime | None,
    end: datetime | None,
) -> Iterator[NotGranted]:
    if camera_id not in grant.cameras:
        reason = f"camera {camera_id} is not in authorisation.cameras"
        yield NotGranted(Scope.CAMERA, camera_id, reason)
    reason_outside = _outside_window(grant, start, end)
    if reason_outside is not None:
        yield NotGranted(Scope.WINDOW, camera_id, reason_outside)
    for situation in situations:
        if situation not in grant.situations:
            reason = f"{situation} is not in authorisation.situations"
            yield NotGranted(Scope.SITUATION, situation, reason)


def _outside_window(
    grant: AuthorisationSettings, start: datetime | None, end: datetime | None
) -> str | None:
    if start is None or end is None:
        return "the time of the footage is unknown; set the camera's started_at or start_pattern"
    if start.utcoffset() is None or end.utcoffset() is None:
        return f"the time of the footage ({start.isoformat()}) has no time zone; set time_zone"
    window = f"{grant.start.isoformat()} to {grant.end.isoformat()}"
    if start < grant.start:
        return f"the footage begins {start.isoformat()}, before the authorisation ({window})"
    if end > grant.end:
        return f"the footage ends {end.isoformat()}, after the authorisation ({window})"
    return None
