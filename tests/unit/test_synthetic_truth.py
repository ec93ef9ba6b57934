from dataclasses import replace

import numpy as np
import pytest
from synthetic_scenes import one_walker, small_scenario

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.errors import VigieError
from ray_app.domain.place import Line
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.crowd_movement import CrowdMovementSettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.synthetic.bag import follow_bag
from ray_app.video.synthetic.cast import cast_scenario
from ray_app.video.synthetic.incidents import find_incidents, level_spans
from ray_app.video.synthetic.levels import line_crossings, true_levels
from ray_app.video.synthetic.scenario import Watch
from ray_app.video.synthetic.scenarios import SCENARIOS, build_scenario
from ray_app.video.synthetic.truth import density_table, flow_table
from ray_app.video.synthetic.walkers import Group, Halt, Hurry, simulate

RATE_HZ = 10.0
ALARM = HysteresisSettings(open_at=2.0, close_at=1.0, hold_s=0.2, release_s=0.3)


@pytest.fixture(scope="module")
def walker():
    scenario = small_scenario(one_walker(), seconds=8.0)
    return scenario, cast_scenario(scenario, RATE_HZ, seed=1)


def test_one_walker_crosses_the_field_at_the_speed_asked(walker):
    _, cast = walker
    way = cast.tracks[0].xy_m
    speed = np.linalg.norm(np.diff(way[5:-5], axis=0), axis=1) * RATE_HZ

    assert len(cast.tracks) == 1
    assert np.median(speed) == pytest.approx(1.0, abs=0.02)
    assert np.degrees(np.abs(cast.postures.heading[10])) < 20


def test_a_frame_holds_everybody_who_is_there():
    late = Group("late", 2, 1.0, 0.0, (-4, -3, 4, 3), (8, -2, 9, 2))
    cast = cast_scenario(small_scenario(one_walker(), late), RATE_HZ, seed=1)

    assert len(cast.places_at(0)) == 1
    assert len(cast.places_at(20)) == 3
    assert cast.frames == 30


def test_density_is_people_over_floor(walker):
    scenario, cast = walker
    watch = Watch(CrowdDensitySettings(zone="middle"), ALARM)

    levels = true_levels(scenario, cast, watch.settings)

    inside = np.abs(cast.tracks[0].xy_m[: cast.frames]).max(axis=1) < 2
    np.testing.assert_allclose(levels[: len(inside)], inside[: cast.frames] / 16)
    table = density_table(scenario, cast).to_pydict()
    assert max(table["people"]) == 1
    assert max(table["voronoi_people_per_m2"]) > 0


def test_closed_area_counts_only_beyond_its_margin(walker):
    scenario, cast = walker
    wide = Watch(RestrictedAreaSettings(zone="middle"), ALARM)
    narrow = Watch(RestrictedAreaSettings(zone="middle", margin_m=1.0), ALARM)

    ratio = (
        true_levels(scenario, cast, narrow.settings).sum()
        / true_levels(scenario, cast, wide.settings).sum()
    )

    assert ratio == pytest.approx(0.5, abs=0.06)


def test_counterflow_needs_a_displacement_against_the_direction(walker):
    scenario, cast = walker
    with_it = Watch(CounterflowSettings(zone="middle", direction_m=(1, 0)), ALARM)
    against = Watch(CounterflowSettings(zone="middle", direction_m=(-2, 0)), ALARM)

    assert true_levels(scenario, cast, with_it.settings).max() == 0
    assert true_levels(scenario, cast, against.settings).max() == 1


def test_crossings_tell_out_from_back(walker):
    _, cast = walker
    out, back = Line("out", (0, 2), (0, -2)), Line("back", (0, -2), (0, 2))
    beside = Line("beside", (0, 5), (0, 3))

    (frame, person, way), *others = line_crossings(cast, out)

    assert (person, way, others) == (0, 1, [])
    assert cast.tracks[0].xy_m[frame - 1, 0] < 0 <= cast.tracks[0].xy_m[frame, 0]
    assert line_crossings(cast, back)[0][2] == -1
    assert line_crossings(cast, beside) == []


def test_waiting_time_is_queue_over_flow():
    crowd = Group("crowd", 8, -1.0, 0.0, (-5, -1.5, -1, 1.5), (8, -2, 9, 2), (), 1.0, 0.0)
    plan = small_scenario(crowd, seconds=6.0)
    scenario = type(plan)(
        **{f: getattr(plan, f) for f in plan.__slots__}
        | {"lines": (Line("door", (0, 3), (0, -3)),)}
    )
    cast = cast_scenario(scenario, RATE_HZ, seed=2)
    settings = BottleneckSettings(line="door", queue_zone="middle", window_s=4.0, min_people=1)

    levels = true_levels(scenario, cast, settings)

    k = 30
    queue = true_levels(scenario, cast, CrowdDensitySettings(zone="middle"))[k] * 16
    passed = sum(1 for frame, _, _ in line_crossings(cast, scenario.lines[0]) if frame <= k)
    assert np.isnan(levels[:19]).all()
    assert levels[k] == pytest.approx(queue / (passed / 3.1))
    assert len(flow_table(scenario, cast)) == 8


def test_a_span_begins_at_the_crossing_that_holds_and_ends_below_close_at():
    levels = np.array([0, 2, 0, 0, 2, 2, 3, 1.5, 2, 0.5, 0.5, 0.5, 0.5, 0.5])

    assert level_spans(levels, RATE_HZ, ALARM) == [(4, 9)]
    assert level_spans(levels[:10], RATE_HZ, ALARM) == [(4, None)]
    assert level_spans(np.full(5, np.nan), RATE_HZ, ALARM) == []


def test_a_halt_keeps_a_person_on_the_spot():
    group = Group(
        "one", 1, -1.0, 0.0, (-4.1, -0.1, -4, 0.1), (8, -2, 9, 2), ((0, 0),), 1.2, 0.0, Halt(0, 3.0)
    )
    (track,) = simulate(small_scenario().area_m, (), (group,), 10.0, RATE_HZ, 1)

    still = np.linalg.norm(np.diff(track.xy_m, axis=0), axis=1) < 0.002
    assert 27 <= still.sum() <= 32


@pytest.fixture(scope="module")
def gate():
    scenario = build_scenario("event_gate")
    cast = cast_scenario(scenario, RATE_HZ, seed=1)
    assert scenario.bag is not None
    return scenario, cast, follow_bag(scenario.bag, cast)


def test_everything_planned_for_the_gate_happens(gate):
    found = {incident.situation: incident for incident in find_incidents(*gate)}

    assert set(found) == {
        "crowd_density",
        "bottleneck",
        "counterflow",
        "restricted_area",
        "abandoned_object",
        "fire_smoke",
        "crowd_movement",
        "camera_health",
        "person_down",
    }
    assert len(found) == len(find_incidents(*gate))
    assert found["crowd_density"].cameras == ("gate", "drone")
    assert found["crowd_density"].level > 1.8
    for name in ("crowd_density", "bottleneck", "counterflow", "restricted_area"):
        assert 8 < found[name].start_s < 30


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_planted_at_the_gate_has_a_definite_start(seed):
    """A level that lingers at its alarm level would ask for exactness, not for speed."""
    scenario = build_scenario("event_gate", 30)
    cast = cast_scenario(scenario, RATE_HZ, seed)
    settled = slice(round(2.5 * RATE_HZ), round(3.5 * RATE_HZ))
    for watch in (w for w in scenario.watches() if w.situation in ("bottleneck", "crowd_density")):
        levels = true_levels(scenario, cast, watch.settings) / watch.alarm.open_at
        ((first, _),) = level_spans(levels * watch.alarm.open_at, RATE_HZ, watch.alarm)
        assert levels[first : first + round(5 * RATE_HZ)].min() >= 0.95, watch.situation
        assert np.median(levels[first:][settled]) >= 1.2, watch.situation


def test_the_same_seed_gives_the_same_ways_and_another_seed_others():
    scenario = build_scenario("event_gate", 6)
    one, again, other = (cast_scenario(scenario, RATE_HZ, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.postures.instances(), again.postures.instances())
    assert not np.array_equal(one.places_at(50), other.places_at(50))


def test_nothing_happens_on_a_quiet_afternoon():
    scenario = build_scenario("quiet_afternoon", 90)

    cast = cast_scenario(scenario, RATE_HZ, seed=3)

    assert find_incidents(scenario, cast, None) == ()
    assert len(cast.tracks) > 60


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_zone_lies_inside_the_picture_of_the_cameras_that_watch_it(name):
    scenario = build_scenario(name)
    for camera in scenario.cameras:
        for watch in camera.watches:
            place = getattr(watch.settings, "queue_zone", None) or watch.settings.zone
            if place is None:
                continue
            corners = np.array([(x, y, 0) for x, y in scenario.zone(place).polygon_m])
            for time_s in (0.0, scenario.seconds / 2, scenario.seconds):
                pixels, depth = camera.view_at(time_s, (640, 360)).project(corners)
                assert (depth > 0).all()
                assert ((pixels >= 0) & (pixels <= (640, 360))).all(), (camera.camera_id, place)


@pytest.mark.parametrize(("name", "seconds"), [("riot", 10.0), ("event_gate", 0.0)])
def test_unknown_names_and_bad_lengths_are_refused(name, seconds):
    with pytest.raises(VigieError, match=r"known: event_gate|1 to 3600 seconds"):
        build_scenario(name, seconds)


def test_a_rush_is_the_speed_that_enough_people_reach():
    runners = Group("runners", 3, -1.0, 0.0, (-9, -1.5, -7, 1.5), (8, -2, 9, 2), (), 1.0, 0.0)
    scenario = small_scenario(
        replace(runners, hurry=Hurry(4.0, 3.0, (-10, -10, 10, 10))), seconds=8.0
    )
    cast = cast_scenario(scenario, RATE_HZ, seed=2)
    rush = CrowdMovementSettings(zone="middle", min_people=3)

    levels = true_levels(scenario, cast, rush)

    assert levels[: round(4 * RATE_HZ)].max() < 0.6
    assert levels.max() == pytest.approx(1.5, abs=0.1)  # 3 m/s over 2 m/s
    assert true_levels(scenario, cast, replace(rush, min_people=4)).max() == 0
