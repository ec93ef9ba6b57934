from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.authorisation.limits import Scope, granted_span, inside_perimeter, refusals

START = datetime(2026, 7, 14, 8, tzinfo=UTC)
END = datetime(2026, 7, 15, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def grant(**changes):
    members = {
        "purpose": "Crowd safety at the concert.",
        "situations": ("crowd_density", "bottleneck"),
        "cameras": ("gate", "stage"),
        "start": START,
        "end": END,
    }
    return AuthorisationSettings(**{**members, **changes})


def test_what_is_granted_is_not_refused():
    assert refusals(grant(), "gate", ("bottleneck",), START, END) == ()
    paris = timezone(timedelta(hours=2))
    assert refusals(grant(), "gate", (), START.astimezone(paris), END.astimezone(paris)) == ()


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (START - SECOND, END, "before the authorisation"),
        (START, END + SECOND, "after the authorisation"),
        (None, None, "time of the footage is unknown; set .*started_at"),
        (START, None, "time of the footage is unknown"),
        (START.replace(tzinfo=None), END, "has no time zone"),
    ],
)
def test_footage_outside_the_window_or_of_unknown_time_is_refused(start, end, reason):
    (refused,) = refusals(grant(), "gate", (), start, end)
    assert refused.scope is Scope.WINDOW
    assert refused.subject == "gate"
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(refused.reason)


def test_cameras_and_situations_not_listed_are_refused_all_at_once():
    found = refusals(grant(), "roof", ("bottleneck", "counterflow"), START, END)
    assert [(refused.scope, refused.subject) for refused in found] == [
        (Scope.CAMERA, "roof"),
        (Scope.SITUATION, "counterflow"),
    ]
    assert "authorisation.cameras" in found[0].reason
    assert "authorisation.situations" in found[1].reason


def test_the_part_of_footage_inside_the_window():
    hour = timedelta(hours=1)
    assert granted_span(grant(), START - hour, START + hour) == (START, START + hour)
    assert granted_span(grant(), END - hour, END + hour) == (END - hour, END)
    assert granted_span(grant(), END, END + hour) is None


def test_31_days_are_granted_and_not_a_second_more():
    month = timedelta(days=31)
    assert grant(end=START + month).end == START + month
    with pytest.raises(ValueError, match="longer than 31 days"):
        grant(end=START + month + SECOND)


@pytest.mark.parametrize("key", ["start", "end"])
def test_a_window_without_time_zone_is_refused(key):
    with pytest.raises(ValueError, match=f"{key}: .*has no time zone"):
        grant(**{key: START.replace(tzinfo=None)})


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="is not after start"):
        grant(end=START)


def test_only_places_inside_the_perimeter_may_be_reported():
    points_m = np.array([[5.0, 5.0], [15.0, 5.0], [np.nan, np.nan]])
    square = grant(perimeter_m=((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))
    assert inside_perimeter(square, points_m).tolist() == [True, False, False]
    assert inside_perimeter(grant(), points_m).tolist() == [True, True, True]
