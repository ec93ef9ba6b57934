"""What flares up once or was always there is no fire that starts."""

import numpy as np
import pytest

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, FireMap, Observation, Tracks
from ray_app.domain.place import PictureZone
from ray_app.domain.scene import Scene
from ray_app.situations.fire_smoke import FireSmoke, FireSmokeSettings, surest

RATE_HZ = 5.0


def scene(index, flame=None, smoke=None, shape=(12, 20)):
    cells = [np.zeros(shape, np.uint8) if c is None else c for c in (flame, smoke)]
    key = FrameKey("a", index, 0, index / RATE_HZ)
    nobody = Tracks(*(np.zeros(0) for _ in range(4)))
    seen = Observation(key, (320, 192), Detections.none(), fire=FireMap(*cells, 16.0))
    return Scene(seen, nobody, None, None, None, None)


def spot(value, row=5, column=8, side=3, shape=(12, 20)):
    cells = np.zeros(shape, np.uint8)
    cells[row : row + side, column : column + side] = round(255 * value)
    return cells


def levels(situation, maps, first=0):
    found = []
    for index, flame in enumerate(maps, first):
        (answer,) = situation.measure(scene(index, flame))
        assert isinstance(answer, Reading)
        found.append(answer.level)
    return found


def watch(place=None, **settings):
    return FireSmoke(FireSmokeSettings(**settings), place)


def test_a_fire_that_starts_is_told_within_seconds():
    told = levels(watch(), [None] * 50 + [spot(0.9)] * 25)
    assert max(told[:50]) == 0
    reached_s = next(k for k, level in enumerate(told[50:]) if level >= 0.5) / RATE_HZ
    assert reached_s < 3
    assert told[-1] > 0.75


def test_one_frame_of_flare_is_nothing():
    assert max(levels(watch(), [None] * 20 + [spot(1.0)] * 2 + [None] * 20)) < 0.25


def test_a_lamp_that_is_always_half_sure_is_forgotten_and_a_fire_beside_it_is_not():
    lamp = spot(0.6, 2, 2)
    situation = watch(baseline_s=60.0)
    told = levels(situation, [lamp] * 1500)
    assert told[-1] < 0.1
    both = np.maximum(lamp, spot(0.9, 7, 12))
    assert levels(situation, [both] * 25, first=1500)[-1] > 0.75


def test_a_fire_in_the_place_of_a_lamp_is_told():
    situation = watch(baseline_s=60.0)
    levels(situation, [spot(0.4)] * 1500)
    assert levels(situation, [spot(1.0)] * 25, first=1500)[-1] > 0.8


def test_footage_that_begins_with_a_fire_tells_of_it():
    assert levels(watch(), [spot(0.95)] * 25)[-1] > 0.8


def test_smoke_counts_unless_it_is_left_out():
    for smoke, expected in ((True, 0.6), (False, 0.0)):
        situation = watch(smoke=smoke)
        for index in range(60):
            (answer,) = situation.measure(scene(index, smoke=spot(0.9) if index > 9 else None))
        assert answer.level >= expected
        assert (answer.level == 0) == (not smoke)
        assert dict(answer.measures)["flame"] == 0


def test_haze_that_is_there_from_the_start_is_no_smoke_that_starts():
    situation = watch()
    for index in range(60):
        (answer,) = situation.measure(scene(index, smoke=spot(0.8)))
        assert answer.level < 0.05


def test_a_zone_looks_inside_only():
    left = PictureZone("left", ((0, 0), (100, 0), (100, 192), (0, 192)))
    assert levels(watch(left, zone="left"), [spot(0.9, 5, 12)] * 25)[-1] == 0
    assert levels(watch(left, zone="left"), [spot(0.9, 5, 2)] * 25)[-1] > 0.75


def test_without_a_network_it_says_what_to_add():
    seen = Observation(FrameKey("a", 0, 0, 0.0), (320, 192), Detections.none())
    nobody = Tracks(*(np.zeros(0) for _ in range(4)))
    (answer,) = watch().measure(Scene(seen, nobody, None, None, None, None))
    assert isinstance(answer, Unmeasured)
    assert "networks.fire" in answer.reason


def test_an_interruption_forgets():
    situation = watch()
    levels(situation, [spot(0.9)] * 25)
    situation.forget()
    assert levels(situation, [None], first=100) == [0]


def test_one_sure_cell_is_less_than_four():
    one, four = np.zeros((6, 6)), np.zeros((6, 6))
    one[3, 3] = 1
    four[3:5, 3:5] = 1
    assert surest(one) == pytest.approx(0.25)
    assert surest(four) == 1
