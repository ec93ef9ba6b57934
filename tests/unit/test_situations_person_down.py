import numpy as np
import pytest
from people_scenes import SIZE_PX, PlanView

from ray_app.domain.event import Unmeasured
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation, Tracks
from ray_app.domain.place import GroundZone, PictureZone
from ray_app.domain.scene import GroundPoints, Scene
from ray_app.situations.person_down import PersonDown, PersonDownSettings

UPRIGHT, LYING, SITTING = (30, 80), (80, 28), (36, 48)
FEET = (300.0, 500.0)


def scene_of(index, boxes, ids, label=Label.PERSON, calibrated=False):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    n = len(boxes)
    labels = np.full(n, label, np.int16)
    seen = Detections(boxes, np.full(n, 0.9, np.float32), labels)
    tracks = Tracks(np.array(ids, np.int64), boxes, labels, np.full(n, 5.0, np.float32))
    feet = GroundPoints(np.full((n, 2), 5.0), np.zeros(n)) if calibrated else None
    view = PlanView() if calibrated else None
    observation = Observation(FrameKey("cam", index, 0, index / 5), SIZE_PX, seen)
    return Scene(observation, tracks, feet, None, view)


def box(size, feet=FEET):
    width, height = size
    return (feet[0] - width / 2, feet[1] - height, feet[0] + width / 2, feet[1])


def play(shapes, situation=None, ids=None, **how):
    """Levels over frames at 5 Hz; a shape is a box or None for nobody seen."""
    situation = situation or PersonDown(PersonDownSettings(), None)
    levels = []
    for k, shape in enumerate(shapes):
        boxes = [] if shape is None else [shape]
        numbers = [1 if ids is None else ids[k]] * len(boxes)
        scene = scene_of(k, boxes, numbers, **how)
        levels.append(situation.measure(scene)[0].level)
    return levels


def test_who_stood_and_lies_is_told_with_the_seconds_since():
    levels = play([box(UPRIGHT)] * 10 + [box(LYING)] * 51)
    assert max(levels[:11]) == 0
    assert levels[-1] == pytest.approx(10.0)


def test_who_gets_up_again_is_not_down():
    levels = play([box(UPRIGHT)] * 10 + [box(LYING)] * 20 + [box(UPRIGHT)] * 5)
    assert levels[29] == pytest.approx(3.8)
    assert levels[-1] == 0


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("sits", box(SITTING)),
        ("is hidden below the chest", (275, 420, 325, 455)),
        ("lies far from where they stood", box(LYING, (600, 500))),
    ],
)
def test_what_only_looks_like_a_fall(name, after):
    assert max(play([box(UPRIGHT)] * 10 + [after] * 40)) == 0, name


def test_who_lies_from_the_start_did_not_fall():
    assert max(play([box(LYING)] * 60)) == 0


def test_small_boxes_are_too_rough():
    small = [(300, 470, 312, 500)] * 10 + [(292, 490, 322, 500)] * 40
    assert max(play(small)) == 0
    assert max(play(small, PersonDown(PersonDownSettings(least_px=25), None))) > 7


def test_a_number_lost_in_the_fall_is_taken_over():
    shapes = [box(UPRIGHT)] * 10 + [None] * 4 + [box(LYING)] * 40
    levels = play(shapes, ids=[1] * 14 + [2] * 40)
    assert levels[-1] == pytest.approx(7.8, abs=0.21)


def test_a_short_gap_does_not_end_it_and_a_long_one_does():
    fall = [box(UPRIGHT)] * 10 + [box(LYING)] * 20
    assert play([*fall, *[None] * 5, box(LYING)])[-1] > 4.5
    assert play([*fall, *[None] * 15, box(LYING)])[-1] == 0


def test_vehicles_do_not_fall():
    shapes = [box(UPRIGHT)] * 10 + [box(LYING)] * 40
    assert max(play(shapes, label=Label.VEHICLE)) == 0


def test_a_zone_counts_only_those_in_it():
    shapes = [box(UPRIGHT)] * 10 + [box(LYING)] * 40
    here = PictureZone("here", ((200, 400), (400, 400), (400, 600), (200, 600)))
    there = PictureZone("there", ((600, 400), (800, 400), (800, 600), (600, 600)))
    assert max(play(shapes, PersonDown(PersonDownSettings(zone="here"), here))) > 7
    assert max(play(shapes, PersonDown(PersonDownSettings(zone="there"), there))) == 0


def test_a_zone_on_the_ground_needs_a_calibration():
    hall = GroundZone("hall", ((0, 0), (20, 0), (20, 20), (0, 20)))
    situation = PersonDown(PersonDownSettings(zone="hall"), hall)
    (answer,) = situation.measure(scene_of(0, [box(UPRIGHT)], [1]))
    assert isinstance(answer, Unmeasured)
    shapes = [box(UPRIGHT)] * 10 + [box(LYING)] * 40
    assert max(play(shapes, situation, calibrated=True)) > 7
