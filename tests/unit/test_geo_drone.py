import math

import numpy as np
import pytest

from ray_app.domain.errors import CalibrationError
from ray_app.domain.observation import DronePose
from ray_app.geo.calibration import DroneCalibration
from ray_app.geo.drone import drone_projection
from ray_app.geo.local_frame import radii_of_curvature_m, to_geodetic_deg, to_local_m

ORIGIN_DEG = (48.8584, 2.2945)
SIZE_PX = (3840, 2160)
CENTRE_PX = np.array([[1920.0, 1080.0]])


def pose(**changes):
    latitude_deg, longitude_deg = to_geodetic_deg(100.0, -50.0, ORIGIN_DEG)
    members = {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "height_m": 80.0,
        "yaw_deg": 90.0,
        "pitch_deg": -45.0,
        "roll_deg": 0.0,
        "horizontal_fov_deg": 73.7,
    }
    return DronePose(**{**members, **changes})


def test_a_drone_80_m_up_looking_east_half_way_down_sees_80_m_east_of_itself():
    found = drone_projection(pose(), DroneCalibration(origin_deg=ORIGIN_DEG), SIZE_PX)
    np.testing.assert_allclose(found.feet_to_ground(CENTRE_PX).xy_m, [[180.0, -50.0]], atol=1e-6)


def test_ground_that_lies_below_take_off_is_farther_away():
    lower = DroneCalibration(origin_deg=ORIGIN_DEG, ground_elevation_m=-20.0)
    found = drone_projection(pose(), lower, SIZE_PX)
    np.testing.assert_allclose(found.feet_to_ground(CENTRE_PX).xy_m, [[200.0, -50.0]], atol=1e-6)


def test_sigma_joins_tilt_heading_and_position():
    calibration = DroneCalibration(
        origin_deg=ORIGIN_DEG, pitch_sigma_deg=1e-6, yaw_sigma_deg=2.0, position_sigma_m=1e-6
    )
    heading_only = drone_projection(pose(), calibration, SIZE_PX).feet_to_ground(CENTRE_PX)
    assert heading_only.sigma_m[0] == pytest.approx(80 * math.radians(2.0), rel=0.01)
    both = drone_projection(pose(), DroneCalibration(origin_deg=ORIGIN_DEG), SIZE_PX)
    # Along the view: tilt 2.8 m, position 2 m and height 2 m; across it: 2.8 m and 2 m.
    assert both.feet_to_ground(CENTRE_PX).sigma_m[0] == pytest.approx(
        math.sqrt(2.8**2 + 2**2 + 2**2), rel=0.03
    )


@pytest.mark.parametrize(
    ("member", "key", "value"),
    [
        ("height_m", "height_m", 80.0),
        ("yaw_deg", "yaw_deg", 90.0),
        ("pitch_deg", "pitch_deg", -45.0),
        ("horizontal_fov_deg", "horizontal_fov_deg", 73.7),
    ],
)
def test_what_telemetry_lacks_is_named_with_the_key_that_fills_it(member, key, value):
    lacking = pose(**{member: None})
    with pytest.raises(CalibrationError, match=f"set calibration.drone.{key}"):
        drone_projection(lacking, DroneCalibration(origin_deg=ORIGIN_DEG), SIZE_PX)
    filled = DroneCalibration(origin_deg=ORIGIN_DEG, **{key: value})
    found = drone_projection(lacking, filled, SIZE_PX).feet_to_ground(CENTRE_PX)
    np.testing.assert_allclose(found.xy_m, [[180.0, -50.0]], atol=1e-6)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (None, r"no telemetry at this instant.*\.SRT"),
        (pose(latitude_deg=None), "no satellite fix"),
        (pose(pitch_deg=-20.0), "flatter than flattest_pitch_deg -25"),
        (pose(latitude_deg=2.2945, longitude_deg=48.8584), "check .*origin_deg, and gps_order"),
        (pose(height_m=0.5), "lower than 2 m; .*ground_elevation_m"),
    ],
)
def test_a_view_that_cannot_be_measured_is_refused(broken, message):
    with pytest.raises(CalibrationError, match=message):
        drone_projection(broken, DroneCalibration(origin_deg=ORIGIN_DEG), SIZE_PX)


def test_a_thousandth_of_a_degree_at_45_north():
    # Textbook lengths at 45 degrees: 111.132 km per degree of latitude, 78.847 km of longitude.
    north = to_local_m(45.001, 7.0, (45.0, 7.0))
    east = to_local_m(45.0, 7.001, (45.0, 7.0))
    np.testing.assert_allclose(north, (0.0, 111.132), atol=0.002)
    np.testing.assert_allclose(east, (78.847, 0.0), atol=0.002)


def test_radii_of_curvature_at_equator_and_pole():
    np.testing.assert_allclose(radii_of_curvature_m(0.0), (6_335_439.327, 6_378_137.0), atol=0.001)
    np.testing.assert_allclose(radii_of_curvature_m(90.0), (6_399_593.626,) * 2, atol=0.001)


@pytest.mark.parametrize("origin_deg", [ORIGIN_DEG, (-34.2, -58.8), (64.1, 179.999), (0.0, 0.0)])
def test_local_metres_go_there_and_back(origin_deg):
    for place in ((0.0, 0.0), (1234.5, -987.6), (-9000.0, 4000.0)):
        there = to_geodetic_deg(*place, origin_deg)
        np.testing.assert_allclose(to_local_m(*there, origin_deg), place, atol=1e-5)
