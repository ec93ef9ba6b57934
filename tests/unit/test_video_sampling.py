"""The one sampling rule, on pictures given by a fake reader: the last one at or before k / rate."""

import numpy as np
import pytest

from ray_app.video import sampling
from ray_app.video.clip import Clip
from ray_app.video.pictures import Loss, joined
from ray_app.video.sampling import ClipReader


class Shown:
    """A picture that shows its number."""

    source_size_px = (2, 2)

    def __init__(self, number: int, time_s: float, lasts_s: float = 0.04) -> None:
        self.number, self.time_s, self.lasts_s = number, time_s, lasts_s

    def pixels(self):
        return np.full((2, 2, 3), self.number, np.uint8)


class Reader:
    """Yields what it was given, from the last picture at or before the wanted time on."""

    notes = ("given by the test",)

    def __init__(self, items) -> None:
        self.items, self.closed = items, False

    def pictures(self, from_s):
        earlier = [
            k for k, i in enumerate(self.items) if isinstance(i, Shown) and i.time_s <= from_s
        ]
        try:
            yield from self.items[max(earlier, default=0) :]
        finally:
            self.closed = True


@pytest.fixture
def give(monkeypatch):
    def give(items):
        reader = Reader(items)
        monkeypatch.setattr(sampling, "open_reader", lambda *_: reader)
        return reader

    return give


def clip(end_s=2.0, start_s=0.0, skip_s=0.0):
    return Clip("gate", "gate.mp4", start_s, end_s, 3, (2, 2), skip_s=skip_s)


def numbers(taken):
    return [(frame.key.index, int(frame.pixels[0, 0, 0])) for frame in taken.frames()]


def evenly(count, rate_hz=10.0):
    return [Shown(n, n / rate_hz) for n in range(count)]


def test_each_instant_shows_the_last_picture_at_or_before_it(give):
    give([Shown(0, 0.0), Shown(1, 0.19), Shown(2, 0.21), Shown(3, 0.4), Shown(4, 0.99)])
    taken = ClipReader(clip(1.0), 0, 99, 5.0, None)
    assert numbers(taken) == [(0, 0), (1, 1), (2, 3), (3, 3), (4, 3)]
    assert taken.losses == ()


def test_a_stamp_rounded_up_by_less_than_a_millisecond_is_on_time(give):
    give([Shown(0, 0.0), Shown(1, 0.2005), Shown(2, 0.402)])
    assert numbers(ClipReader(clip(0.6), 0, 99, 5.0, None)) == [(0, 0), (1, 1), (2, 1)]


def test_keys_tell_camera_stretch_and_time_on_the_line(give):
    give(evenly(20))
    taken = ClipReader(clip(12.0, start_s=10.0), 52, 54, 5.0, None)
    keys = [frame.key for frame in taken.frames()]
    assert [(key.camera_id, key.index, key.stretch, key.time_s) for key in keys] == [
        ("gate", 52, 3, 10.4),
        ("gate", 53, 3, 10.6),
    ]
    assert numbers(taken) == [(52, 4), (53, 6)]


def test_the_part_an_earlier_file_covers_is_passed_over(give):
    give(evenly(20))
    taken = ClipReader(clip(11.0, start_s=10.0, skip_s=0.5), 0, 999, 5.0, None)
    assert numbers(taken) == [(50, 5), (51, 7), (52, 9), (53, 11), (54, 13)]


def test_a_picture_stands_for_two_seconds_and_no_longer(give):
    give([Shown(0, 0.0), Shown(1, 3.0)])
    taken = ClipReader(clip(3.2), 0, 99, 5.0, None)
    assert numbers(taken) == [*((k, 0) for k in range(10)), (15, 1)]
    assert taken.losses == (Loss(2.0, 3.0, "no picture for over 2 s"),)


def test_instants_in_a_loss_are_not_shown_and_the_loss_is_on_the_line(give):
    give([*evenly(5), Loss(0.5, 0.9, "broken"), Shown(9, 0.9), Shown(10, 1.0)])
    taken = ClipReader(clip(11.1, start_s=10.0), 0, 99, 5.0, None)
    assert numbers(taken) == [(50, 0), (51, 2), (52, 4), (55, 10)]
    (loss,) = taken.losses
    assert (loss.start_s, loss.end_s) == pytest.approx((10.5, 10.9))


def test_a_file_that_ends_before_its_stated_end_has_lost_the_rest(give):
    give(evenly(10))
    taken = ClipReader(clip(4.0), 0, 99, 5.0, None)
    assert numbers(taken)[-1] == (4, 8)
    (loss,) = taken.losses
    assert loss.cause == "ends before its stated end"
    assert (loss.start_s, loss.end_s) == pytest.approx((0.94, 4.0))


def test_sound_that_outlasts_the_pictures_by_half_a_second_is_no_loss(give):
    give(evenly(10))
    taken = ClipReader(clip(1.4), 0, 99, 5.0, None)
    assert numbers(taken)[-1] == (6, 9)
    assert taken.losses == ()


@pytest.mark.parametrize("items", [[], [Loss(0.0, float("inf"), "broken")]])
def test_a_clip_without_a_picture_is_all_lost(give, items):
    give(items)
    taken = ClipReader(clip(2.0), 0, 99, 5.0, None)
    assert numbers(taken) == []
    assert [(loss.start_s, loss.end_s) for loss in taken.losses] == [(0.0, 2.0)]


def test_a_first_picture_that_comes_late_is_waited_for(give):
    give([Shown(5, 0.5), Shown(6, 0.6)])
    taken = ClipReader(clip(0.8), 0, 99, 5.0, None)
    assert numbers(taken) == [(3, 6)]
    assert taken.losses == (Loss(0.0, 0.5, "no picture yet"),)


def test_the_reader_is_closed_as_soon_as_the_last_wanted_frame_is_shown(give):
    reader = give(evenly(20))
    assert numbers(ClipReader(clip(), 0, 3, 5.0, None)) == [(0, 0), (1, 2), (2, 4)]
    assert reader.closed


@pytest.mark.parametrize("seed", range(20))
def test_every_index_is_shown_once_or_lies_in_a_loss_and_segments_say_the_same(give, seed):
    rng = np.random.default_rng(seed)
    times_s = np.sort(rng.choice(np.arange(400), 60, replace=False)) / 40
    items = [Shown(n, time_s) for n, time_s in enumerate(times_s)]
    for place in sorted(rng.integers(1, 59, 3), reverse=True):
        if isinstance(items[place - 1], Shown) and isinstance(items[place], Shown):
            items.insert(place, Loss(items[place - 1].time_s + 0.01, items[place].time_s, "broken"))
    give(items)
    whole = ClipReader(clip(10.0), 0, 99, 5.0, None)
    shown = numbers(whole)
    lost = {
        k for k in range(50) for loss in whole.losses if loss.start_s < k / 5 + 0.001 <= loss.end_s
    }
    assert sorted({k for k, _ in shown} | lost) == list(range(50))
    assert len({k for k, _ in shown}) == len(shown)
    parts = [ClipReader(clip(10.0), k, k + 7, 5.0, None) for k in range(0, 50, 7)]
    assert [frame for part in parts for frame in numbers(part)] == shown
    together = joined(loss for part in parts for loss in part.losses)
    assert [(loss.start_s, loss.end_s) for loss in together] == [
        pytest.approx((loss.start_s, loss.end_s)) for loss in whole.losses
    ]
