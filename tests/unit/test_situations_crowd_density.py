import math

import numpy as np
import pytest
from people_scenes import PlanView, scene_at, uncalibrated, with_crowd_map

from ray_app.domain.event import Unmeasured
from ray_app.domain.place import GroundZone
from ray_app.domain.scene import Scene
from ray_app.situations.crowd_density import CrowdDensity, CrowdDensitySettings
from ray_app.situations.smoothing import TrendMean

SQUARE = GroundZone("gate", ((2, 2), (6, 2), (6, 6), (2, 6)))  # 16 m2


def density(zone=SQUARE, smoothing_s=0.0, **settings):
    chosen = CrowdDensitySettings(zone=zone.name, smoothing_s=smoothing_s, **settings)
    return CrowdDensity(chosen, zone)


def measures(reading):
    return dict(reading.measures)


def test_eight_people_on_sixteen_square_metres():
    inside = [(2.5 + k % 4, 3 + 2 * (k // 4)) for k in range(8)]
    outside = [(1, 1), (7, 4), (np.nan, np.nan)]
    (reading,) = density().measure(scene_at(inside + outside))
    assert reading.place == "gate"
    assert reading.level == pytest.approx(0.5)
    assert measures(reading)["people"] == pytest.approx(8)
    assert measures(reading)["area_m2"] == pytest.approx(16)


def test_an_empty_zone_reads_zero_with_a_doubt():
    (reading,) = density().measure(scene_at([]))
    assert reading.level == 0
    assert 0 < reading.sigma < 2 / 16


def test_doubt_grows_with_the_doubt_of_the_ground():
    crowd = [(2.2 + 0.4 * k, 2.2) for k in range(10)]  # 0.2 m from the edge
    sure, unsure = (density().measure(scene_at(crowd, sigma_m=s))[0].sigma for s in (0.0, 0.5))
    assert unsure > 1.5 * sure


def test_without_calibration_it_refuses_and_says_why():
    (answer,) = density().measure(uncalibrated(scene_at([(3, 3)])))
    assert isinstance(answer, Unmeasured)
    assert answer.place == "gate"
    assert "no calibration" in answer.reason


def test_the_reason_of_a_missing_ground_is_passed_on():
    scene = uncalibrated(scene_at([(3, 3)]))
    flat = Scene(scene.observation, scene.tracks, None, None, None, "view too flat")
    assert density().measure(flat) == [Unmeasured("gate", "view too flat")]


def test_a_zone_out_of_the_picture_is_not_empty_but_unmeasured():
    away = GroundZone("far", ((50, 50), (60, 50), (60, 60), (50, 60)))
    (answer,) = density(away).measure(scene_at([(3, 3)]))
    assert isinstance(answer, Unmeasured)
    assert "in the picture" in answer.reason


def test_a_zone_seen_in_part_is_measured_on_that_part():
    """The picture shows 20 m x 20 m; 4 of 5 parts of the zone are in it."""
    part = GroundZone("edge", ((12, 0), (22, 0), (22, 4), (12, 4)))
    (reading,) = density(part).measure(scene_at([(13 + k, 2) for k in range(4)]))
    assert reading.level == pytest.approx(4 / 32, rel=0.05)


def test_a_spot_is_found_where_the_zone_mean_hides_it():
    hall = GroundZone("hall", ((0, 0), (20, 0), (20, 20), (0, 20)))
    knot = [(10 + 0.5 * i, 10 + 0.5 * j) for i in range(4) for j in range(4)]
    (mean,) = density(hall).measure(scene_at(knot))
    (local,) = density(hall, measure="local", local_radius_m=1.5).measure(scene_at(knot))
    assert mean.level == pytest.approx(16 / 400)
    assert local.level == pytest.approx(16 / (math.pi * 1.5**2), rel=0.01)


def test_voronoi_shares_the_floor_to_the_nearest_person():
    """Nine people on a 1 m grid; only the middle one in the zone, with exactly 1 m2."""
    grid = [(3.5 + i, 3.5 + j) for i in range(3) for j in range(3)]
    zone = GroundZone("one", ((4, 4), (5, 4), (5, 5), (4, 5)))
    (reading,) = density(zone, measure="voronoi").measure(scene_at(grid))
    assert reading.level == pytest.approx(1.0, rel=0.01)


def test_counts_are_averaged_over_time():
    gate = density(smoothing_s=1.0)
    crowd = [(2.5 + 0.2 * k, 4) for k in range(16)]
    first = gate.measure(scene_at([], index=0))[0].level
    later = [gate.measure(scene_at(crowd, index=k))[0].level for k in range(1, 21)]
    assert first == 0
    assert later[0] < 0.4  # one frame is not believed at once
    assert later[4] > 0.9  # one second after the step
    assert max(later) < 1.2
    assert later[-1] == pytest.approx(1.0, abs=0.1)
    gate.forget()
    assert gate.measure(scene_at([], index=30))[0].level == 0


def test_a_crowd_that_grows_steadily_is_told_without_lag():
    mean = TrendMean(1.0)
    told = [mean.update(k / 5, (0.7 * k,))[0] for k in range(60)]
    assert told[-1] == pytest.approx(0.7 * 59, rel=0.01)
    assert mean.update(13.0, (0.0,))[0] >= 0


def test_the_crowd_map_takes_over_where_boxes_overlap():
    """Boxes find 20 of 64 people; the map sees all of them, 4 per square metre."""
    heads = np.zeros((20, 20))
    heads[14:18, 2:6] = 4.0  # x 2-6, y 2-6
    scene = with_crowd_map(scene_at([(2.1 + 0.19 * k, 4) for k in range(20)]), heads)
    (reading,) = density().measure(scene)
    assert 3.6 < reading.level < 4.0
    assert reading.sigma < 1.0


def test_boxes_count_where_the_map_sees_next_to_nobody():
    heads = np.full((20, 20), 0.005)
    scene = with_crowd_map(scene_at([(3, 3), (5, 5)]), heads)
    (reading,) = density().measure(scene)
    assert measures(reading)["people"] == pytest.approx(2, abs=0.4)


@pytest.mark.parametrize("wrong", [{"measure": "mood"}, {"local_radius_m": 0}, {"smoothing_s": -1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CrowdDensitySettings(zone="gate", **wrong)


def test_plan_view_is_its_own_inverse():
    places = np.array([[1.0, 2.0], [7.0, 3.0]])
    there = PlanView().feet_to_ground(PlanView().ground_to_px(places))
    np.testing.assert_allclose(there.xy_m, places)
