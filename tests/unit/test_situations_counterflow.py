import numpy as np
import pytest
from people_scenes import boxes_at, scene_at, uncalibrated

from ray_app.domain.event import Unmeasured
from ray_app.domain.observation import Label
from ray_app.domain.place import GroundZone, PictureZone
from ray_app.situations.counterflow import Counterflow, CounterflowSettings

HALL = GroundZone("hall", ((0, 0), (20, 0), (20, 20), (0, 20)))
EAST = (1.0, 0.0)


def flow(zone=HALL, direction=EAST, **settings):
    return Counterflow(CounterflowSettings(zone=zone.name, direction_m=direction, **settings), zone)


def walk(situation, place_of, seconds=4.0, rate_hz=5.0, ids=None, label=Label.PERSON):
    """Levels while people walk; place_of(t) gives their places."""
    levels = []
    for k in range(int(seconds * rate_hz) + 1):
        scene = scene_at(place_of(k / rate_hz), k, rate_hz, ids, label=label)
        levels.append(situation.measure(scene)[0].level)
    return levels


def test_one_walks_against_and_the_rest_with_the_flow():
    levels = walk(flow(), lambda t: [(15 - t, 10), (3 + t, 8), (3 + t, 9), (5, 5)])
    assert levels[:10] == [0] * 10  # two seconds are needed to say so
    assert levels[10:] == [1] * 11


@pytest.mark.parametrize("rate_hz", [2.0, 3.0, 10.0])
def test_any_rate_needs_the_same_two_seconds(rate_hz):
    levels = walk(flow(), lambda t: [(15 - t, 10)], rate_hz=rate_hz)
    assert levels.index(1) == 2 * rate_hz


def test_slow_and_sideways_people_are_left_alone():
    assert max(walk(flow(), lambda t: [(15 - 0.4 * t, 10), (5, 3 + 1.3 * t)])) == 0


def test_the_zone_ends_at_its_edge():
    corner = GroundZone("corner", ((0, 0), (5, 0), (5, 5), (0, 5)))
    assert max(walk(flow(corner), lambda t: [(15 - t, 10)])) == 0


def test_standing_people_whose_boxes_waver_are_not_counted():
    rng = np.random.default_rng(1)
    places = np.stack([np.arange(1, 19), np.full(18, 10.0)], axis=1)
    noise = lambda t: places + rng.normal(size=places.shape) * 0.2  # noqa: E731
    assert max(walk(flow(), noise, seconds=60)) == 0


def test_feet_that_come_out_of_hiding_jump_once_and_are_not_counted():
    assert max(walk(flow(), lambda t: [(10.0 if t < 3 else 8.4, 10)], seconds=6)) == 0


def test_two_people_under_one_number_are_not_one_walker():
    """The number jumps 6 m from one standing person to another."""
    assert max(walk(flow(), lambda t: [(12.0 if t < 3 else 6.0, 10)], seconds=6)) == 0


def test_vehicles_are_no_people():
    assert max(walk(flow(), lambda t: [(15 - t, 10)], label=Label.VEHICLE)) == 0


def test_forget_starts_the_two_seconds_anew():
    situation = flow()
    walk(situation, lambda t: [(15 - t, 10)])
    situation.forget()
    assert situation.measure(scene_at([(11 - 0.2, 10)], 21))[0].level == 0


def test_uncalibrated_needs_a_zone_and_a_displacement_in_pixels():
    ground = uncalibrated(scene_at([(3, 3)]))
    assert isinstance(flow().measure(ground)[0], Unmeasured)
    drawn = PictureZone("hall", ((0, 0), (1000, 0), (1000, 1000), (0, 1000)))
    (answer,) = flow(drawn).measure(ground)
    assert "min_displacement_px" in answer.reason


def test_in_pixels_a_walker_against_the_flow_is_counted():
    drawn = PictureZone("hall", ((0, 0), (1000, 0), (1000, 1000), (0, 1000)))
    situation = flow(drawn, min_displacement_px=25.0)
    for k in range(15):
        scene = uncalibrated(scene_at([(10 - 0.2 * k, 5), (5 + 0.2 * k, 8)], k))
        level = situation.measure(scene)[0].level
    assert level == 1


def test_boxes_of_the_test_are_people_sized():
    x1, y1, x2, y2 = boxes_at([(3, 3)])[0]
    assert (x2 - x1, y2 - y1) == (20, 50)


def test_a_direction_that_points_nowhere_is_refused():
    with pytest.raises(ValueError, match="direction_m"):
        CounterflowSettings(zone="hall", direction_m=(0.0, 0.0))
