"""Which clock a live picture's time comes from."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest

from ray_app.video.live.stamps import StampReader
from ray_app.video.live.status import Clock


@dataclass
class Stream:
    time_base: Fraction | None = Fraction(1, 90000)


@dataclass
class Picture:
    pts: int | None


class Wall:
    """A clock that goes 0.1 s at every look."""

    at = 1000.0

    def __call__(self):
        self.at += 0.1
        return self.at


def read(stamps, moments_s):
    pictures = [Picture(None if t is None else round(t * 90000)) for t in moments_s]
    return [stamp for picture in pictures if (stamp := stamps.read(picture))]


def test_times_count_from_the_first_picture():
    told = read(StampReader(Stream(), Wall()), [7.0, 7.1, 7.3])
    assert [stamp.time_s for stamp in told] == pytest.approx([0.0, 0.1, 0.3])
    assert not any(stamp.jumped for stamp in told)


@pytest.mark.parametrize("after", [9.2, 7.05, 1.0])
def test_a_leap_begins_a_new_segment_at_zero(after):
    told = read(StampReader(Stream(), Wall()), [7.0, 7.1, after, after + 0.1])
    assert [stamp.jumped for stamp in told] == [False, False, True, False]
    assert [stamp.time_s for stamp in told[2:]] == pytest.approx([0.0, 0.1])


def test_a_first_picture_without_time_stamp_is_left_out():
    assert len(read(StampReader(Stream(), Wall()), [None, 0.1, 0.2])) == 2


def test_time_stamps_that_stand_still_give_way_to_arrival():
    told = read(StampReader(Stream(), Wall()), [0.0] * 20)
    assert len(told) > 10
    steps = [b.time_s - a.time_s for a, b in pairwise(told[1:])]
    assert steps == pytest.approx([0.1] * len(steps))
    assert {stamp.clock for stamp in told} == {Clock.ARRIVAL}
