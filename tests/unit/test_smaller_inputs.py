"""Smaller network inputs when capacity is short: who looks at them, when, and what they count."""

from dataclasses import replace

import numpy as np
import pytest

from models.settings import (
    FireFinderSettings,
    HeadCounterSettings,
    NetworkSettings,
    ObjectFinderSettings,
    OnnxSettings,
    PictureGridSettings,
)
from models.smaller_input import at_share
from ray_app.config.live_schema import LiveConfig, SmallerInput
from ray_app.domain.ranges import SettingsError
from ray_app.live.capacity import below_the_top, shares_of, step_of
from ray_app.live.lease import CameraPosition
from ray_app.live.stack import frame_cost, padded_work, tiles_of
from ray_app.scaling.input_steps import HOLD_S, InputStep, next_step
from ray_app.scaling.shedding import StreamClass, share_capacity

ALL = NetworkSettings(
    objects=ObjectFinderSettings(tiles=2),
    crowd=HeadCounterSettings(),
    fire=FireFinderSettings(),
    grid=PictureGridSettings(),
    batch_size=2,
)
LANE, GATE = StreamClass("lane", 0, 0.2), StreamClass("gate", 1, 0.5)
COSTS = (1.0, 0.6, 0.4)


def at(name, rank, costs=COSTS):
    return CameraPosition(name, 0, 0, (), 10.0, 1, rank, 0.5, input_costs=costs)


def test_object_and_fire_finder_shrink_by_whole_multiples_and_nothing_else_changes():
    small = at_share(ALL, 0.62)
    assert (small.objects.input_px, small.fire.input_px) == (256, 320)
    assert replace(small, objects=ALL.objects, fire=ALL.fire) == ALL
    assert replace(small.objects, input_px=416) == ALL.objects
    assert at_share(ALL, 1.0) == ALL
    assert at_share(ALL, 0.01).objects.input_px == 64


def test_a_detector_of_ones_own_keeps_its_size_but_not_its_tiles():
    onnx = OnnxSettings(file="own.onnx", decode="yolox")
    own = NetworkSettings(
        objects=ObjectFinderSettings(name="onnx", onnx=onnx, input_px=640, tiles=2)
    )
    assert at_share(own, 0.5) == own
    assert at_share(own, 0.5, tiles=1).objects == replace(own.objects, tiles=1)
    assert frame_cost(own, SmallerInput(share=0.5, cost=0.4)) == 1.0
    assert frame_cost(own, SmallerInput(share=0.5, cost=0.4, tiles=1)) == pytest.approx(1 / 5)


def test_tiles_are_only_ever_fewer():
    assert at_share(ALL, 1.0, tiles=1).objects.tiles == 1
    assert at_share(ALL, 1.0, tiles=4) == ALL


def test_work_at_a_smaller_input_counts_at_its_cost_but_for_heads():
    assert tiles_of(ALL) == 7
    assert frame_cost(ALL, None) == 1.0
    assert frame_cost(ALL, SmallerInput(share=0.62, cost=0.5)) == pytest.approx(4 / 7)
    assert frame_cost(ALL, SmallerInput(tiles=1)) == pytest.approx(3 / 7)
    assert frame_cost(ALL, SmallerInput(share=0.62, cost=0.5, tiles=1)) == pytest.approx(2 / 7)
    assert padded_work(ALL, 3) == 16 + 4 + 4
    assert padded_work(at_share(ALL, 0.62), 3, 0.5) == 8 + 4 + 2
    assert padded_work(at_share(ALL, 1.0, tiles=1), 3) == 4 + 4 + 4


def test_what_a_smaller_input_does_not_make_cheaper_costs_as_before():
    offered, capacity = (100, 100), 63.0
    cheaper = share_capacity((LANE, GATE), offered, capacity, COSTS)
    assert (cheaper.input_cost, cheaper.place) == (0.6, 1)
    assert cheaper.kept == pytest.approx((0.2, 0.51))
    whole = replace(LANE, costs=(1.0, 1.0, 0.9))
    same = share_capacity((whole, GATE), offered, capacity, COSTS)
    assert same.place == 2
    assert 90 * same.kept[0] + 100 * same.kept[1] == pytest.approx(capacity)


def step(before, capacity, elapsed_s=0.5):
    return next_step(before, (LANE, GATE), (100, 100), capacity, COSTS, elapsed_s)


def test_a_smaller_input_is_taken_at_once_and_only_below_the_floors():
    assert step(InputStep(), 71) == InputStep()
    assert step(InputStep(), 63).place == 1
    assert step(InputStep(), 58).place == 2
    assert step(InputStep(), 5).place == 2


def test_a_larger_input_comes_back_step_by_step_when_it_fits_with_room_for_a_while():
    at_least, now = HOLD_S / 0.5, InputStep(2)
    places = []
    for _ in range(int(2 * at_least)):
        now = step(now, 100)
        places.append(now.place)
    assert places.index(1) == at_least - 1
    assert places.index(0) == 2 * at_least - 1


def test_a_capacity_that_moves_by_a_tenth_changes_no_input_twice():
    rng, now = np.random.default_rng(4), InputStep()
    places = []
    for _ in range(2000):
        now = step(now, 70 * rng.uniform(0.95, 1.05))
        places.append(now.place)
    assert np.count_nonzero(np.diff(places)) <= 1


def test_one_moment_without_room_begins_the_wait_anew():
    now = InputStep(1)
    for k in range(200):
        now = step(now, 72 if k % 10 == 9 else 100)
    assert now.place == 1


def test_everybody_but_the_highest_rank_looks_at_the_smaller_input():
    cameras = [at("gate", 2), at("yard", 1), at("lane", 0), at("own", 0, (1.0,))]
    assert below_the_top(cameras, 1) == {"yard", "lane"}
    assert below_the_top(cameras, 0) == set()
    assert below_the_top(cameras[:1], 1) == set()
    assert below_the_top([], 1) == set()


def test_frames_come_back_for_what_the_smaller_input_saves():
    cameras, full = [at("gate", 2), at("lane", 0)], {"gate": 1.0, "lane": 1.0}
    assert step_of(cameras, None, InputStep(1), 0.5, COSTS) == InputStep()
    assert step_of(cameras, 9.0, InputStep(), 0.5, COSTS).place == 1
    assert step_of(cameras, 9.0, InputStep(), 0.5, (1.0,)) == InputStep()
    usual = shares_of(cameras, 9.0, full, 0.5)
    small = shares_of(cameras, 9.0, full, 0.5, place=1)
    assert usual["gate"] + usual["lane"] == pytest.approx(0.9)
    assert small["gate"] + 0.6 * small["lane"] == pytest.approx(0.9)
    assert small["gate"] > usual["gate"]


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        (((0.8, 0.8),), "saves less than a quarter"),
        (((0.5, 0.5), (0.6, 0.4)), "do not fall"),
        (((0.6, 0.4), (0.5, 0.5)), "do not fall"),
        (((0.05, 0.5),), "out of range"),
        (((1.0, 1.0),), "changes nothing"),
    ],
)
def test_sizes_that_are_no_steps_are_refused(sizes, told):
    with pytest.raises(SettingsError, match=told):
        LiveConfig(smaller_inputs=tuple(SmallerInput(share=s, cost=c) for s, c in sizes))


def test_fewer_tiles_are_a_step_by_themselves():
    steps = (SmallerInput(tiles=1), SmallerInput(tiles=1, share=0.62, cost=0.6))
    assert LiveConfig(smaller_inputs=steps).input_costs == (1.0, 1.0, 0.6)
    with pytest.raises(SettingsError, match="do not fall"):
        LiveConfig(smaller_inputs=(SmallerInput(tiles=1), SmallerInput(tiles=2)))
