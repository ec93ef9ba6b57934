from dataclasses import replace

import pytest

from ray_app.batch.harvest_tally import HarvestBook, HarvestTally
from ray_app.batch.progress import ProgressMeter
from ray_app.commands.progress_view import ProgressView
from ray_app.scaling.harvest_moves import Why


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


def test_a_harvest_tells_slots_what_it_gave_back_and_what_is_done_again(capsys):
    book = HarvestBook()
    book.note_time(2, 30.0)
    book.note_back(Why.NEEDED_NOW, at_once=True)
    book.note_back(Why.NEEDED_SOON, at_once=False)
    book.note_back(Why.NODE_NOT_KEPT, at_once=False)
    book.note_lost()
    tally = book.tally(borrowed=1)
    assert tally == HarvestTally(1, 2, 60.0, at_once=1, after_segment=1, let_go=1, lost=1)
    look = ProgressMeter({"a": 60.0}, 0, 0.0, now_s=0.0).look(0.0)
    with ProgressView() as view:
        view(replace(look, harvest=HarvestTally()))
        view(replace(look, harvest=tally))
    waits, gave = capsys.readouterr().err.splitlines()
    assert waits.endswith("waits for idle paid slots")
    assert gave == (
        "the event needs slots: slots borrowed: 1, given back to the event: 2, "
        "segments to do again: 1"
    )
