"""Alarms answer labels one to one, in time; intervals hold what they should."""

import pytest

from ray_app.analysis.event_scores import Alarm, TrueEvent, add_up, score_clip


def alarms(*times_s):
    return [Alarm(time_s) for time_s in times_s]


def test_an_alarm_in_time_answers_and_every_other_is_false():
    labelled = [TrueEvent(10.0, 10.0), TrueEvent(100.0, 130.0)]
    clip = score_clip("a", 3600, alarms(9.0, 11.0, 141.0, 300.0), labelled)
    assert (clip.true, clip.found, clip.false) == (2, 1, 3)
    assert clip.delays_s == (-1.0,)


@pytest.mark.parametrize(("alarm_s", "found"), [(7.9, 0), (8.0, 1), (30.0, 1), (30.1, 0)])
def test_the_window_is_two_seconds_before_the_start_to_ten_after_the_alarm(alarm_s, found):
    assert score_clip("a", 60, alarms(alarm_s), [TrueEvent(10.0, 20.0)]).found == found


def test_inexact_labels_widen_the_window():
    assert score_clip("a", 60, alarms(7.5), [TrueEvent(10.0, 10.0, slack_s=0.6)]).found == 1


def test_one_alarm_answers_one_of_two_labels():
    clip = score_clip("a", 60, alarms(10.5), [TrueEvent(10, 10), TrueEvent(11, 11)])
    assert (clip.found, clip.false) == (1, 0)


@pytest.mark.parametrize(
    ("box_px", "found"),
    [
        ((100, 100, 120, 120), 1),
        ((70, 100, 95, 120), 1),  # beside it, within what a label drawn by eye leaves open
        ((70, 100, 85, 120), 0),
        ((100, 40, 120, 85), 0),
        (None, 1),  # the situation tells no place
    ],
)
def test_where_both_tell_a_place_the_places_must_overlap(box_px, found):
    labelled = TrueEvent(10, 10, box_px=(100, 100, 140, 140))
    clip = score_clip("a", 60, [Alarm(11.0, box_px)], [labelled])
    assert (clip.found, clip.false) == (found, 1 - found)
    assert score_clip("a", 60, [Alarm(11.0, box_px)], [TrueEvent(10, 10)]).found == 1


def test_an_alarm_elsewhere_leaves_the_event_to_one_in_place():
    labelled = TrueEvent(10, 10, box_px=(100, 100, 140, 140))
    there, elsewhere = (100, 100, 140, 140), (300, 100, 340, 140)
    clip = score_clip("a", 60, [Alarm(10.5, elsewhere), Alarm(12.0, there)], [labelled])
    assert (clip.found, clip.false, clip.delays_s) == (1, 1, (2.0,))


def test_a_second_alarm_for_the_same_object_is_false():
    clip = score_clip("a", 60, alarms(10.5, 12.0), [TrueEvent(10, 10)])
    assert (clip.found, clip.false) == (1, 1)


def test_no_false_alarm_on_little_footage_is_no_promise():
    scores = add_up([score_clip("a", 1800, [], []), score_clip("b", 1800, [], [])])
    assert scores.false_per_hour_interval == (0.0, 0.0)
    assert scores.false_per_hour_most == pytest.approx(3.69, abs=0.01)
    one = add_up([score_clip("a", 3600, alarms(5.0), [])])
    assert one.false_per_hour_most == pytest.approx(5.57, abs=0.01)  # Garwood's table


def test_clips_add_up_and_false_alarms_count_by_the_hour():
    clips = [
        score_clip("a", 1800, alarms(5.0), [TrueEvent(4, 4)]),
        score_clip("b", 1800, alarms(70.0), []),
        score_clip("c", 3600, [], [TrueEvent(4, 4)]),
    ]
    scores = add_up(clips)
    assert (scores.recall, scores.precision, scores.false_per_hour) == (0.5, 0.5, 0.5)
    low, high = scores.false_per_hour_interval
    assert low == 0
    assert 0.5 < high <= 2
    assert scores.median_delay_s == 1.0


def test_negatives_alone_have_no_recall():
    scores = add_up([score_clip("a", 3600, [], [])])
    assert (scores.recall, scores.precision, scores.false_per_hour) == (None, None, 0)
    assert scores.median_delay_s is None
