"""A live stream is sampled by the rule of files: the last picture at or before each instant."""

from dataclasses import dataclass

import numpy as np
import pytest

from ray_app.video.live.grid import LiveGrid


@dataclass(frozen=True)
class Shown:
    segment: int
    time_s: float


def taken(grid, pictures, line_s=0.0):
    """Returns (index, stretch, time of the grid, time of the picture) of every due frame."""
    due = []
    for picture in pictures:
        for each in grid.take(picture, line_s + picture.time_s):
            key = each.key
            due.append((key.index, key.stretch, key.time_s, round(each.picture.time_s, 3)))
    return due


def test_the_last_picture_at_or_before_each_instant():
    pictures = [Shown(1, k / 25) for k in range(51)]
    due = taken(LiveGrid("cam", 2.0), pictures)
    assert due == [(0, 0, 0.0, 0.0), (1, 0, 0.5, 0.48), (2, 0, 1.0, 1.0), (3, 0, 1.5, 1.48)]


@pytest.mark.parametrize("rate_hz", [2.0, 5.0, 7.0])
def test_uneven_pictures_are_chosen_as_the_rule_says(rate_hz):
    times = np.cumsum(np.random.default_rng(3).uniform(0.01, 0.12, 400))
    times -= times[0]
    due = taken(LiveGrid("cam", rate_hz), [Shown(1, float(t)) for t in times])
    assert len(due) > 20
    for index, _, at, shown in due:
        assert at == index / rate_hz
        assert shown == pytest.approx(max(t for t in times if t <= at + 0.001), abs=6e-4)


def test_a_new_segment_begins_at_the_wall_clock_and_no_index_repeats():
    grid = LiveGrid("cam", 2.0)
    first = taken(grid, [Shown(1, k / 10) for k in range(22)])
    # The stream was away; 10 s after the start its clock begins anew.
    second = taken(grid, [Shown(2, k / 10) for k in range(12)], line_s=10.0)
    assert [key[:2] for key in first] == [(k, 0) for k in range(5)]
    assert [key[:2] for key in second] == [(20, 1), (21, 1), (22, 1)]
    assert grid.not_seen == 15
    # One that comes back at once still gets indexes of its own.
    third = taken(grid, [Shown(3, k / 10) for k in range(7)], line_s=0.0)
    assert [key[:2] for key in third] == [(23, 2), (24, 2)]


def test_an_old_picture_does_not_stand_for_the_present():
    due = taken(LiveGrid("cam", 2.0), [Shown(1, 0.0), Shown(1, 5.0), Shown(1, 5.6)])
    assert [(index, shown) for index, _, _, shown in due] == [
        (0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (10, 5.0), (11, 5.0),
    ]  # fmt: skip


def test_what_no_picture_came_for_is_counted_once():
    grid = LiveGrid("cam", 2.0)
    taken(grid, [Shown(1, 0.0), Shown(1, 0.6)])
    assert grid.next_index == 2
    grid.pass_time(13.0)  # patience of 3 s
    grid.pass_time(13.0)
    assert (grid.not_seen, grid.next_index) == (18, 20)
    later = [Shown(1, 0.7), Shown(1, 1.0), Shown(1, 1.1)]
    assert taken(grid, later, line_s=13.0) == [(28, 1, 14.0, 1.0)]


def test_a_reader_that_takes_over_goes_on_behind():
    grid = LiveGrid("cam", 2.0, next_index=40, first_stretch=3)
    due = taken(grid, [Shown(1, 0.0), Shown(1, 0.1)], line_s=7.0)
    assert due == [(40, 3, 20.0, 0.0)]
