"""What every ground projection keeps, whatever it was calibrated from."""

import numpy as np
import pytest

from ray_app.domain.observation import DronePose
from ray_app.geo.calibration import (
    DroneCalibration,
    HomographyCalibration,
    PinholeCalibration,
    PointPair,
)
from ray_app.geo.drone import drone_projection
from ray_app.geo.local_frame import to_geodetic_deg
from ray_app.geo.projection import build_projection
from ray_app.geo.uncertainty import HEAD_HEIGHT_M

SIZE_PX = (1280, 720)
POSITION_M = (4.0, -3.0, 12.0)
FEET_M = np.array([[4.0, 9.0], [-2.0, 15.0], [9.0, 20.0], [5.0, 6.0]])
PINHOLE = PinholeCalibration(
    image_size_px=SIZE_PX,
    position_m=POSITION_M,
    yaw_deg=5.0,
    pitch_deg=-38.0,
    horizontal_fov_deg=65.0,
)


def pinhole():
    return build_projection(PINHOLE, SIZE_PX)


def homography():
    pixels = np.array([(x, y) for x in (80.0, 640.0, 1200.0) for y in (60.0, 360.0, 700.0)])
    metres = pinhole().feet_to_ground(pixels).xy_m
    pairs = tuple(PointPair(px=tuple(px), m=tuple(m)) for px, m in zip(pixels, metres, strict=True))
    return build_projection(HomographyCalibration(image_size_px=SIZE_PX, pairs=pairs), SIZE_PX)


def drone():
    origin_deg = (43.3, 5.4)
    latitude_deg, longitude_deg = to_geodetic_deg(*POSITION_M[:2], origin_deg)
    pose = DronePose(latitude_deg, longitude_deg, POSITION_M[2], 5.0, -38.0, 0.0, 65.0)
    return drone_projection(pose, DroneCalibration(origin_deg=origin_deg), SIZE_PX)


@pytest.fixture(params=[pinhole, homography, drone], ids=lambda build: build.__name__)
def projection(request):
    return request.param()


def test_ground_to_picture_and_back(projection):
    found = projection.feet_to_ground(projection.ground_to_px(FEET_M))
    np.testing.assert_allclose(found.xy_m, FEET_M, atol=1e-4)


def test_people_stand_under_their_heads(projection):
    heads_m = np.column_stack([FEET_M, np.full(len(FEET_M), HEAD_HEIGHT_M)])
    heads_px = pinhole().camera.to_px(heads_m)
    np.testing.assert_allclose(projection.heads_to_ground(heads_px).xy_m, FEET_M, atol=0.02)


def test_a_place_is_less_sure_the_farther_it_lies(projection):
    near_m, far_m = np.array([[4.5, 6.0]]), np.array([[5.0, 22.0]])
    near = projection.feet_to_ground(projection.ground_to_px(near_m)).sigma_m
    far = projection.feet_to_ground(projection.ground_to_px(far_m)).sigma_m
    assert 0 < near[0] < far[0] < 5


def test_sky_has_no_place_and_the_ground_behind_no_pixel(projection):
    sky_px = np.array([[640.0, -900.0]])
    for found in (projection.feet_to_ground(sky_px), projection.heads_to_ground(sky_px)):
        assert np.isnan(found.xy_m).all()
        assert np.isnan(found.sigma_m).all()
    assert np.isnan(projection.ground_to_px(np.array([[4.0, -60.0]]))).all()


def test_unknown_points_stay_unknown_and_do_not_touch_others(projection):
    points_px = np.array([[np.nan, 300.0], [640.0, 500.0]])
    for found in (projection.feet_to_ground(points_px), projection.heads_to_ground(points_px)):
        assert np.isnan(found.xy_m[0]).all()
        assert np.isfinite(found.xy_m[1]).all()
        assert np.isfinite(found.sigma_m[1])


def test_no_points_give_empty_answers(projection):
    none = np.zeros((0, 2))
    assert projection.feet_to_ground(none).xy_m.shape == (0, 2)
    assert projection.heads_to_ground(none).sigma_m.shape == (0,)
    assert projection.ground_to_px(none).shape == (0, 2)
