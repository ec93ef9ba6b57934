"""Curves keep their peaks, ticks stand at round times, episodes are whole."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from report_example import curve, event, events_of

from ray_app.domain.event import Phase
from ray_app.report.curve_figure import draw_curve
from ray_app.report.data import CameraFacts, Curve, LostSpan
from ray_app.report.episodes import moments_to_show, whole_episodes, worst_first
from ray_app.report.thinning import thin
from ray_app.report.time_axis import TimeAxis
from ray_app.report.unseen import unseen_spans
from ray_app.report.words import duration, how_ended, how_sure, level_words, number

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
    assert unseen_spans(camera) == [
        LostSpan(10.0, 12.0, "not analysed"),
        LostSpan(14.0, 15.0, "corrupt"),
        LostSpan(20.0, 25.0, "no footage between two files"),
    ]


def test_failed_segments_side_by_side_count_once() -> None:
    failed = tuple(LostSpan(60.0 * k, 60.0 * (k + 1), "disk gone") for k in (1, 2, 3))
    camera = CameraFacts("c", 5.0, seen=((0.0, 60.0),), lost=failed)
    assert unseen_spans(camera) == [LostSpan(60.0, 240.0, "disk gone")]


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
    assert how_ended(episode) == "Still on when the footage ended."


def test_without_a_curve_the_frames_of_the_event_tell_the_peak() -> None:
    (episode,) = whole_episodes([event(GATE, Phase.CLOSED, 100.0, 120.0, 5.0)], [], RATES)
    assert (episode.peak_s, episode.peak_sigma) == (110.0, None)
    assert how_sure(episode)[0] == "not told"


def flat(level: float, sigma: float, unit: str = "people/m2") -> Curve:
    time_s = np.arange(0.0, 30.0, 0.2)
    ones = np.ones(len(time_s))
    return Curve("gate", "crowd_density", "forecourt", unit, time_s, level * ones, sigma * ones)


@pytest.mark.parametrize(
    ("level", "sigma", "unit", "word"),
    [
        (5.0, 0.4, "people/m2", "clear"),
        (5.0, 0.9, "people/m2", "likely"),
        (4.2, 0.4, "people/m2", "doubtful"),
        (4.0, 0.2, "people", "clear"),  # counts are whole: above 3.5 is enough
        (4.0, np.nan, "people/m2", "not told"),
    ],
)
def test_how_sure_is_told_in_one_word(level: float, sigma: float, unit: str, word: str) -> None:
    measured = flat(level, sigma, unit)
    closed = event(replace(measured, open_at=4.0, close_at=3.0), Phase.CLOSED, 5.0, 20.0, level)
    (episode,) = whole_episodes([closed], [measured], RATES)
    assert how_sure(episode)[0] == word


def test_one_wild_frame_is_no_peak() -> None:
    measured = flat(5.0, 0.4)
    level, sigma = measured.level.copy(), measured.sigma.copy()
    level[60], level[70], sigma[60] = 400.0, 6.0, 399.0
    closed = event(replace(measured, open_at=4.0, close_at=3.0), Phase.CLOSED, 5.0, 20.0, 5.0)
    (episode,) = whole_episodes([closed], [replace(measured, level=level, sigma=sigma)], RATES)
    assert (episode.peak, episode.peak_s) == (6.0, pytest.approx(14.0))


def test_a_wild_level_leaves_the_figure_and_is_told() -> None:
    measured = replace(flat(5.0, 0.4), open_at=4.0, close_at=3.0)
    level = measured.level.copy()
    level[60] = 400.0
    axis = TimeAxis(None, "UTC", 0.0, 30.0, 0.0, 300.0)
    camera = CameraFacts("gate", 5.0, seen=((0.0, 30.0),))
    figure = draw_curve(replace(measured, level=level), camera, [], axis, 500)
    assert "\u2191 400" in figure
    assert ">10<" in figure  # the scale still fits the other levels


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
    assert level_words(88.4, 33.9, "s") == "88 ± 34 s to clear"
    assert level_words(3.0, 0.0, "people") == "3 people"
    assert level_words(1.0, None, "people and vehicles") == "1 person or vehicle"
    assert [number(x) for x in (0.5, 0.25, 4.0, 1234.5, 3.14159)] == [
        "0.5",
        "0.25",
        "4",
        "1\u202f234",
        "3.1",
    ]
