"""Which pictures are whole after something broke: none until the next key shown after it."""

import math

from ray_app.video.pictures import Loss
from ray_app.video.wholeness import RARE_KEYS_S, Wholeness


def begun() -> Wholeness:
    """After a key picture at 0 s."""
    wholeness = Wholeness()
    assert wholeness.mended(0.0, is_key=True) is None
    assert wholeness.is_whole(0.0)
    return wholeness


def test_nothing_before_the_first_key_is_whole():
    wholeness = Wholeness()
    assert wholeness.mended(0.2, is_key=False) is None
    assert not wholeness.is_whole(0.2)
    assert wholeness.mended(1.0, is_key=True) == Loss(0.0, 1.0, "begins without a key picture")
    assert wholeness.is_whole(1.0)


def test_a_hidden_key_before_a_trimmed_beginning_is_enough():
    wholeness = Wholeness()
    wholeness.begins()
    assert wholeness.is_whole(0.4)


def test_what_broke_is_lost_until_the_next_key():
    wholeness = begun()
    assert wholeness.is_whole(0.4)
    wholeness.breaks(0.5, 0.6, "bad packet")
    assert wholeness.mended(0.7, is_key=False) is None
    assert not wholeness.is_whole(0.7)
    assert wholeness.mended(1.0, is_key=True) == Loss(0.5, 1.0, "bad packet")
    assert wholeness.is_whole(1.0)


def test_pictures_shown_before_the_broken_place_are_whole():
    wholeness = begun()
    wholeness.breaks(0.5, 0.6, "bad packet")
    assert wholeness.is_whole(0.4)
    assert not wholeness.is_whole(0.5)


def test_a_key_shown_before_the_broken_picture_mends_nothing():
    wholeness = begun()
    wholeness.breaks(0.5, 1.2, "bad packet")
    assert wholeness.mended(1.0, is_key=True) is None
    assert wholeness.mended(2.0, is_key=True) == Loss(0.5, 2.0, "bad packet")


def test_a_second_fault_lengthens_the_loss_under_the_first_cause():
    wholeness = begun()
    wholeness.breaks(0.5, 0.5, "bad packet")
    wholeness.breaks(1.5, 1.5, "another")
    assert wholeness.mended(1.0, is_key=True) is None
    assert wholeness.mended(2.0, is_key=True) == Loss(0.5, 2.0, "bad packet")


def test_without_keys_pictures_are_taken_again_ten_seconds_after_the_last_fault():
    wholeness = begun()
    wholeness.breaks(0.5, 0.5, "bad packet")
    assert wholeness.mended(0.4 + RARE_KEYS_S, is_key=False) is None
    assert wholeness.mended(0.5 + RARE_KEYS_S, is_key=False) == Loss(0.5, 10.5, "bad packet")


def test_a_loss_nothing_mends_lasts_to_the_end():
    wholeness = begun()
    assert wholeness.loss_at_end() is None
    wholeness.breaks(0.5, 0.5, "bad packet")
    assert wholeness.loss_at_end() == Loss(0.5, math.inf, "bad packet")


def test_time_never_runs_back():
    wholeness = begun()
    assert wholeness.is_whole(0.4)
    assert not wholeness.is_whole(0.4)
    assert not wholeness.is_whole(0.2)
