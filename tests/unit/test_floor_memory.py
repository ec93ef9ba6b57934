"""Who lies where no detector sees anybody is told by the ground they cover."""

import numpy as np
import pytest

from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation, PictureGrid, Tracks
from ray_app.domain.scene import Scene
from ray_app.situations.abandoned_object import AbandonedObject, AbandonedObjectSettings
from ray_app.situations.person_down import PersonDown, PersonDownSettings

CELL_PX, RATE_HZ = 8.0, 5
ROWS, COLUMNS = 80, 100
SIZE_PX = (800, 640)
STOOD = (300.0, 400.0, 330.0, 480.0)
LYING, BAG, WALKER = (296, 456, 368, 484), (304, 464, 328, 488), (300, 400, 336, 484)
HUE = (60, 20, 20)


def floor(changed_px=None, light=0):
    rng = np.random.default_rng(3)
    colours = 120 + rng.integers(-4, 5, (ROWS, COLUMNS, 3)) + light
    if changed_px is not None:
        x1, y1, x2, y2 = (int(side / CELL_PX) for side in changed_px)
        colours[y1:y2, x1:x2] = HUE
    return PictureGrid(colours.astype(np.uint8), np.full((ROWS, COLUMNS), 5, np.uint8), CELL_PX)


def scene_of(index, grid, box=None):
    boxes = np.array([] if box is None else [box], np.float32).reshape(-1, 4)
    n = len(boxes)
    labels, scores = np.full(n, Label.PERSON, np.int16), np.full(n, 0.9, np.float32)
    seen = Detections(boxes, scores, labels)
    tracks = Tracks(np.ones(n, np.int64), boxes, labels, np.full(n, 5.0, np.float32))
    key = FrameKey("cam", index, 0, index / RATE_HZ)
    return Scene(Observation(key, SIZE_PX, seen, grid=grid), tracks, None, None)


def play(situation, after, seconds=12, light=0):
    """The last level: somebody walks in, stands, is seen no more, and the ground looks so."""
    frames = [scene_of(k, floor()) for k in range(10)]
    frames += [scene_of(10 + k, floor(), STOOD) for k in range(20)]
    frames += [scene_of(30 + k, floor(after, light)) for k in range(1, 1 + seconds * RATE_HZ)]
    return [max(reading.level for reading in situation.measure(frame)) for frame in frames][-1]


def test_a_low_wide_patch_at_the_feet_of_somebody_lost_is_somebody_down():
    level = play(PersonDown(PersonDownSettings(), None), LYING)
    assert level == pytest.approx(12, abs=1)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("nothing", None),
        ("a bag", BAG),
        ("somebody who stands unseen", WALKER),
        ("a stall far away", (600, 456, 680, 484)),
    ],
)
def test_what_is_nobody_on_the_ground(name, after):
    assert play(PersonDown(PersonDownSettings(), None), after) == 0, name


def test_a_lamp_switched_on_lays_nobody_down():
    assert play(PersonDown(PersonDownSettings(), None), None, light=40) == 0


def test_a_patch_that_was_there_before_is_not_the_one_who_left():
    situation = PersonDown(PersonDownSettings(), None)
    for k in range(20):
        situation.measure(scene_of(k, floor()))
    for k in range(20, 60):
        situation.measure(scene_of(k, floor(LYING)))  # a banner was laid out
    for k in range(60, 80):
        situation.measure(scene_of(k, floor(LYING), (380.0, 400.0, 410.0, 480.0)))
    levels = [situation.measure(scene_of(k, floor(LYING)))[0].level for k in range(81, 120)]
    assert max(levels) == 0


def down_s(situation, story):
    """Levels of a story: for each frame the changed ground and the box of track 1."""
    return [
        situation.measure(scene_of(k, floor(*changed), box))[0].level
        for k, (changed, box) in enumerate(story)
    ]


STORY = [((), None)] * 10 + [((), STOOD)] * 20


def test_shadows_that_pass_where_somebody_was_lost_are_nobody_down():
    shadows = [
        ((tuple(np.add(LYING, (8 * (k % 10) - 40, 0, 8 * (k % 10) - 40, 0))),), None)
        for k in range(60)
    ]
    assert max(down_s(PersonDown(PersonDownSettings(), None), STORY + shadows)) < 2


def test_a_number_passed_on_to_somebody_else_does_not_raise_who_lies():
    other = tuple(np.add(STOOD, (100, 0, 100, 0)))
    after = [((LYING,), None)] * 10 + [((LYING,), other)] * 10 + [((LYING,), None)] * 40
    levels = down_s(PersonDown(PersonDownSettings(), None), STORY + after)
    assert levels[-1] == pytest.approx(12, abs=1)


def test_who_gets_up_again_uncovers_the_ground():
    up = tuple(np.add(STOOD, (100, 0, 100, 0)))
    after = [((LYING,), None)] * 20 + [((), up)] * 10
    levels = down_s(PersonDown(PersonDownSettings(), None), STORY + after)
    assert levels[49] > 3
    assert levels[-1] == 0


def test_who_left_the_picture_is_not_down():
    box = (300.0, 560.0, 330.0, 640.0)
    changed = (296, 608, 368, 640)
    story = [((), None)] * 10 + [((), box)] * 20 + [((changed,), None)] * 40
    assert max(down_s(PersonDown(PersonDownSettings(), None), story)) == 0


def test_who_fell_is_no_abandoned_object_but_a_bag_is():
    settings = AbandonedObjectSettings()
    assert play(AbandonedObject(settings, None), LYING, seconds=20) == 0
    walked = AbandonedObject(settings, None)
    frames = [scene_of(k, floor(), STOOD if k > 10 else None) for k in range(20)]
    frames += [
        scene_of(20 + k, floor(BAG), tuple(np.add(STOOD, (12 * k, 0, 12 * k, 0))))
        for k in range(40)
    ]
    frames += [scene_of(60 + k, floor(BAG)) for k in range(100)]
    levels = [max(reading.level for reading in walked.measure(frame)) for frame in frames]
    assert levels[-1] > 15
