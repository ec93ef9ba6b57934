"""Somebody who fell explains changed ground; somebody who left a thing there does not."""

import numpy as np
import pytest

from ray_app.situations.lost_on_spot import LostOnSpot, Patch
from ray_app.situations.passers_by import Passing

PICTURE_PX = (800.0, 640.0)
FEET, HEIGHT_PX, LOST_S = (300.0, 400.0), 80.0, 6.0


def seen(time_s, *people):
    """People: number and place of the feet; all 80 px high."""
    ids = np.array([number for number, _ in people], np.int64)
    boxes = [(x - 15, y - HEIGHT_PX, x + 15, y) for _, (x, y) in people]
    return Passing(time_s, ids, np.array(boxes, float).reshape(-1, 4))


def story(after=lambda time_s: ()):
    """Number 1 stands for 6 s and is lost; what follows is told by `after`."""
    times = np.arange(0, 10, 0.2).round(1)
    return [seen(t, (1, FEET)) if t <= LOST_S else seen(t, *after(t)) for t in times.tolist()]


def patch(width_px=24.0, low_px=404.0, **how):
    sides = (FEET[0] - width_px / 2, FEET[0] + width_px / 2, low_px)
    return Patch(*sides, **({"since_s": 6.2, "beside": False, "picture_px": PICTURE_PX} | how))


def test_who_was_lost_and_not_seen_again_may_be_what_changed():
    assert LostOnSpot().explains(story(), patch())


def test_what_changes_where_nobody_was_lost_is_a_thing():
    stays = story(lambda t: [(1, FEET)])
    assert not LostOnSpot().explains(stays, patch(60.0))
    assert not LostOnSpot().explains(story(), patch(60.0, since_s=1.0))
    assert not LostOnSpot().explains(story(), patch(60.0, low_px=360.0)), "half a body behind"


def test_who_walks_on_under_another_number_left_a_thing():
    walks_on = story(lambda t: [(2, (FEET[0] + 40 * (t - LOST_S), FEET[1]))])
    assert not LostOnSpot().explains(walks_on, patch())
    assert LostOnSpot().explains(walks_on, patch(60.0)), "as wide as a body"


def test_a_number_that_comes_back_later_was_passed_on():
    passed_on = story(lambda t: [(1, (340.0, 430.0))] if 7.2 <= t <= 8 else ())
    assert LostOnSpot().explains(passed_on, patch(60.0))


def test_who_left_the_picture_did_not_fall():
    assert not LostOnSpot().explains(story(), patch(picture_px=(800.0, 402.0)))


def test_a_piece_beside_somebody_may_be_wider_than_it_shows():
    walks_on = story(lambda t: [(2, FEET)])
    assert LostOnSpot().explains(walks_on, patch(beside=True))


@pytest.mark.parametrize(
    ("second_px", "explained"), [((330.0, 346.0), True), ((290.0, 306.0), False)]
)
def test_pieces_add_up_to_a_body(second_px, explained):
    """Once they do, later pieces are it too, whoever has come back meanwhile."""
    spots, walks_on = LostOnSpot(), story(lambda t: [(2, FEET)])
    spots.explains(walks_on, patch(16.0))
    second = Patch(*second_px, 404.0, 6.2, beside=False, picture_px=PICTURE_PX)
    assert spots.explains(walks_on, second) is explained
