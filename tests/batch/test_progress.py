import pytest

from ray_app.batch.progress import ProgressMeter


def test_pace_and_time_left_leave_earlier_runs_out():
    meter = ProgressMeter({"a": 60.0, "b": 60.0, "c": 30.0}, 2, 120.0, now_s=100.0)
    start = meter.look(100.0)
    assert (start.segments_done, start.segments_total) == (2, 5)
    assert (start.footage_s_per_s, start.left_s) == (None, None)
    after = meter.end("a", None, 110.0)
    assert (after.footage_done_s, after.footage_total_s) == (180.0, 270.0)
    assert (after.footage_s_per_s, after.left_s) == (6.0, 15.0)


def test_failures_are_counted_and_the_last_one_told():
    meter = ProgressMeter({"a": 60.0, "b": 60.0}, 0, 0.0, now_s=0.0)
    meter.end("a", "a.mp4: broken", 1.0)
    progress = meter.end("b", None, 2.0)
    assert (progress.segments_failed, progress.last_failure) == (1, "a.mp4: broken")
    assert progress.left_s == pytest.approx(0.0)


def test_a_segment_reported_twice_counts_once():
    meter = ProgressMeter({"a": 60.0, "b": 60.0}, 0, 0.0, now_s=0.0)
    meter.end("a", None, 1.0)
    assert meter.end("a", None, 2.0).segments_done == 1
