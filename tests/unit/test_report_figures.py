"""Curves keep their peaks, ticks stand at round times, episodes are whole."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from report_example import curve, event, events_of

from ray_app.domain.event import Phase
from ray_app.report.data import CameraFacts, Curve, LostSpan
from ray_app.report.episodes import moments_to_show, whole_episodes, worst_first
from ray_app.report.thinning import thin
from ray_app.report.time_axis import TimeAxis, unseen_spans
from ray_app.report.words import duration, level_words, number, why

GATE = curve(
    "gate",
    "crowd_density",
    "forecourt",
    [(900, 120, 3.9), (2700, 200, 4.4)],
    unit="people/m2",
    open_at=4.0,
    close_at=3.0,
)
RATES = {"gate": 5.0}


def test_thinning_keeps_every_peak_and_trough() -> None:
    level = np.zeros(10_000)
    level[4_321] = 9.0
    time_s = np.arange(10_000) / 5
    spike = Curve("c", "s", "p", "u", time_s, level, np.full(10_000, np.nan), 4.0, 3.0)
    (piece,) = thin(spike, 100)
    assert len(piece) == 100
    assert piece[:, 2].max() == 9.0
    assert piece[:, 1].min() == 0.0


def test_a_pause_breaks_the_curve() -> None:
    time_s = np.concatenate([np.arange(100) / 5, 60 + np.arange(100) / 5])
    broken = Curve("c", "s", "p", "u", time_s, np.ones(200), np.ones(200), 4.0, 3.0)
    assert [len(piece) for piece in thin(broken, 1000)] == [100, 100]
    assert thin(replace(broken, time_s=time_s[:0], level=time_s[:0], sigma=time_s[:0]), 10) == []


def test_ticks_stand_at_round_clock_times() -> None:
    origin = datetime(2024, 7, 26, 16, 7, 13, tzinfo=UTC)
    axis = TimeAxis(origin, "Europe/Paris", 0.0, 3600.0, 0.0, 3600.0)
    labels = [label for _, label in axis.ticks()]
    assert labels == ["18:10", "18:20", "18:30", "18:40", "18:50", "19:00"]
    assert axis.ticks()[0][0] == pytest.approx(167.0)  # 18:07:13 to 18:10:00


def test_ticks_from_the_start_when_the_clock_is_unknown() -> None:
    axis = TimeAxis(None, "UTC", 0.0, 30.0, 0.0, 300.0)
    assert [label for _, label in axis.ticks()][:3] == ["0:00:00", "0:00:05", "0:00:10"]


@pytest.mark.parametrize("length_s", [1.0, 59.0, 7200.0, 86_400.0, 30 * 86_400.0])
def test_ticks_are_few_at_any_length(length_s: float) -> None:
    axis = TimeAxis(datetime(2024, 3, 30, tzinfo=UTC), "Europe/Paris", 0.0, length_s, 0.0, 1.0)
    assert 1 <= len(axis.ticks()) <= 10


def test_unseen_is_what_lies_between() -> None:
    camera = CameraFacts(
        "c",
        5.0,
        seen=((0.0, 10.0), (12.0, 20.0)),
        gaps=((20.0, 25.0),),
        lost=(LostSpan(14.0, 15.0, "corrupt"),),
    )
    assert unseen_spans(camera) == [(10.0, 12.0), (14.0, 15.0), (20.0, 25.0)]


def test_episodes_do_not_depend_on_order_or_repeats() -> None:
    events = events_of(GATE)
    whole = whole_episodes(events, [GATE], RATES)
    assert [round(e.started_s) for e in whole] == [843, 2579]
    assert whole[0].peak == pytest.approx(GATE.level[:9000].max())
    assert whole[0].peak_sigma == pytest.approx(0.05 + 0.08 * whole[0].peak)
    shuffled = events * 2
    random.Random(1).shuffle(shuffled)
    assert whole_episodes(shuffled, [GATE], RATES) == whole


def test_candidates_that_lapsed_are_no_episodes() -> None:
    steps = [event(GATE, phase, 1.0, 2.0, 4.1) for phase in (Phase.CANDIDATE, Phase.LAPSED)]
    assert whole_episodes(steps, [GATE], RATES) == ()


def test_an_open_end_is_told() -> None:
    (episode,) = whole_episodes([event(GATE, Phase.OPENED, 843.0, 848.0, 4.1)], [GATE], RATES)
    assert episode.ended_s is None
    assert "Still open when the footage ended." in why(episode)


def test_without_a_curve_the_frames_of_the_event_tell_the_peak() -> None:
    (episode,) = whole_episodes([event(GATE, Phase.CLOSED, 100.0, 120.0, 5.0)], [], RATES)
    assert (episode.peak_s, episode.peak_sigma) == (110.0, None)
    assert "How far off this may be is not known." in why(episode)


def test_the_worst_minutes_come_first_and_once() -> None:
    whole = whole_episodes(events_of(GATE), [GATE], RATES)
    assert worst_first(whole)[0].started_s > 2000
    moments = moments_to_show([*whole, *whole], most=5)
    assert len(moments) == 2
    assert moments[0].index == round(moments[0].time_s * 5)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0.4 s"), (8, "8 s"), (59.6, "1 min"), (125, "2 min 5 s"), (12_000, "3 h 20 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_levels_have_the_digits_a_person_uses() -> None:
    assert level_words(5.4812, 0.4931, "people/m2") == "5.5 ± 0.5 people/m²"
    assert level_words(1.0, None, "people and vehicles") == "1 person or vehicle"
    assert [number(x) for x in (0.5, 0.25, 4.0, 1234.5, 3.14159)] == [
        "0.5",
        "0.25",
        "4",
        "1\u202f234",
        "3.1",
    ]
