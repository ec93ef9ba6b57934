"""Levels are chosen for a budget, by the gate that the analyzer uses."""

import numpy as np
import pytest

from ray_app.analysis.alarm_tuning import Series, Watched, levels_to_try, openings, try_alarm, tune
from ray_app.analysis.event_scores import TrueEvent
from ray_app.analysis.hysteresis import HysteresisSettings

ALARM = HysteresisSettings(open_at=1.0, close_at=0.5, hold_s=1.0, release_s=2.0)


def series(levels, rate_hz=5.0, breaks=()):
    times = tuple(k / rate_hz for k in range(len(levels)))
    return Series("gate", times, tuple(map(float, levels)), frozenset(breaks))


def watched(levels, *events, hours=1.0):
    labels = tuple(TrueEvent(t, t) for t in events)
    return Watched("cam", 3600 * hours, (series(levels),), lambda _: labels)


def bump(length, at, height, width):
    levels = np.zeros(length)
    levels[at : at + width] = height
    return levels


def test_events_open_after_the_hold_and_once():
    assert openings(series(bump(100, 20, 1.2, 40)), ALARM) == (5.0,)
    assert openings(series(bump(100, 20, 1.2, 5)), ALARM) == ()


def test_footage_that_broke_off_ends_what_was_under_way():
    levels = bump(100, 20, 1.2, 40)
    assert openings(series(levels, breaks=(22,)), ALARM) == (5.4,)
    assert openings(series(levels, breaks=(40,)), ALARM) == (5.0, 9.0)


def test_levels_are_raised_until_the_budget_is_kept_and_no_further_than_the_truth():
    """A true bump of 3, and three false ones of 1.5."""
    levels = sum(
        bump(3000, at, h, 50) for at, h in [(200, 1.5), (700, 3.0), (1200, 1.5), (2000, 1.5)]
    )
    camera = watched(levels, 140.0)
    now = try_alarm([camera], ALARM)
    assert (now.found, now.false) == (1, 3)
    best = tune([camera], ALARM, 0.06)[0]
    assert (best.found, best.false, best.false_per_hour) == (1, 0, 0.0)
    assert 1.5 < best.alarm.open_at <= 3.0
    assert best.alarm.close_at == pytest.approx(best.alarm.open_at / 2)
    assert best.median_delay_s == 0.0  # no hold is needed


def test_a_hold_tells_short_false_ones_from_long_true_ones_of_the_same_level():
    levels = sum(bump(3000, at, 2.0, n) for at, n in [(200, 8), (700, 60), (1200, 8)])
    best = tune([watched(levels, 140.0)], ALARM, 0.06)[0]
    assert (best.found, best.false) == (1, 0)
    assert best.alarm.hold_s == 2.0  # the shortest that is long enough


def test_a_larger_budget_takes_false_alarms_for_more_found():
    """A faint true bump under loud false ones."""
    levels = sum(bump(3000, at, h, 50) for at, h in [(200, 1.5), (700, 1.2), (1200, 1.5)])
    camera = watched(levels, 140.0)
    assert tune([camera], ALARM, 0.0)[0].found == 0
    assert tune([camera], ALARM, 2.0)[0].found == 1


def test_nothing_read_leaves_the_present_level():
    assert levels_to_try([watched(np.zeros(50))], ALARM) == (1.0,)
    assert tune([watched(np.zeros(50))], ALARM, 0.06)[0].alarm == ALARM.__class__(
        open_at=1.0, close_at=0.5, hold_s=0.0, release_s=2.0
    )
