import math

import numpy as np
import pytest

from ray_app.domain.errors import CalibrationError
from ray_app.geo.calibration import PinholeCalibration
from ray_app.geo.camera import PinholeCamera, pinhole_projection
from ray_app.geo.footprint import ground_area_per_px, outline_px
from ray_app.geo.projection import build_projection

WIDTH, HEIGHT = 1920, 1080
CENTRE = np.array([[WIDTH / 2, HEIGHT / 2]])


def camera(pitch_deg, yaw_deg=0.0, roll_deg=0.0, height_m=80.0, pitch_sigma_deg=1.0):
    calibration = PinholeCalibration(
        image_size_px=(WIDTH, HEIGHT),
        position_m=(0.0, 0.0, height_m),
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        horizontal_fov_deg=73.7,
        pitch_sigma_deg=pitch_sigma_deg,
    )
    return pinhole_projection(calibration, (WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("yaw_deg", "expected_m"), [(0, (0, 80)), (90, (80, 0)), (180, (0, -80)), (-90, (-80, 0))]
)
def test_half_way_down_at_80_m_looks_80_m_ahead(yaw_deg, expected_m):
    found = camera(-45, yaw_deg).feet_to_ground(CENTRE)
    np.testing.assert_allclose(found.xy_m, [expected_m], atol=1e-9)


def test_straight_down_sees_half_the_width_to_each_side():
    found = camera(-90).feet_to_ground(np.array([[0, HEIGHT / 2], [WIDTH, HEIGHT / 2]]))
    half_width_m = 80 * math.tan(math.radians(73.7 / 2))
    np.testing.assert_allclose(found.xy_m, [[-half_width_m, 0], [half_width_m, 0]], atol=1e-9)


def test_a_clockwise_roll_lowers_the_world_on_the_left():
    # Rolled clockwise by 90 degrees, the camera's right is the world's down.
    rolled = PinholeCamera((0, 0, 10), 0.0, 0.0, 90.0, 1000.0, (960, 540))
    right, down, forward = rolled.axes().T
    np.testing.assert_allclose(right, [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(down, [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(forward, [0, 1, 0], atol=1e-12)


def test_nothing_lies_at_or_above_the_horizon():
    found = camera(-5).feet_to_ground(np.array([[960.0, 0.0], [960.0, 1079.0]]))
    assert np.isnan(found.xy_m[0]).all()
    assert np.isnan(found.sigma_m[0])
    assert np.isfinite(found.xy_m[1]).all()


def test_points_behind_the_camera_have_no_pixel():
    seen = camera(-30).ground_to_px(np.array([[0.0, 100.0], [0.0, -100.0]]))
    assert np.isfinite(seen[0]).all()
    assert np.isnan(seen[1]).all()


@pytest.mark.parametrize(
    ("pitch_deg", "metres_per_degree"), [(-90, 1.4), (-60, 1.9), (-45, 2.8), (-30, 5.8), (-15, 22)]
)
def test_a_degree_of_tilt_costs_more_metres_the_flatter_the_view(pitch_deg, metres_per_degree):
    # Table of the design notes; it takes a whole step where sigma takes the slope: 12 % apart
    # at the flattest view.
    sigma_m = camera(pitch_deg, pitch_sigma_deg=1.0).feet_to_ground(CENTRE).sigma_m[0]
    assert sigma_m == pytest.approx(metres_per_degree, rel=0.15)


def test_tilt_error_is_what_sigma_says():
    rng = np.random.default_rng(3)
    point = np.array([[400.0, 700.0]])
    truth = camera(-40, pitch_sigma_deg=0.7).feet_to_ground(point)
    tilts = rng.normal(-40, 0.7, 400)
    clicks = point + rng.normal(0, 1.5, (400, 2))
    found = np.array(
        [
            camera(tilt).feet_to_ground(click[None]).xy_m[0]
            for tilt, click in zip(tilts, clicks, strict=True)
        ]
    )
    spread_m = math.sqrt(np.linalg.eigvalsh(np.cov(found.T))[-1])
    assert truth.sigma_m[0] == pytest.approx(spread_m, rel=0.1)


def test_a_picture_of_another_size_is_scaled_and_of_another_shape_refused():
    calibration = PinholeCalibration(
        image_size_px=(1920, 1080),
        position_m=(0, 0, 8),
        yaw_deg=0,
        pitch_deg=-30,
        horizontal_fov_deg=60,
    )
    large = build_projection(calibration, (1920, 1080)).feet_to_ground(np.array([[1200.0, 800.0]]))
    small = build_projection(calibration, (640, 360)).feet_to_ground(
        np.array([[1200.0, 800.0]]) / 3
    )
    np.testing.assert_allclose(small.xy_m, large.xy_m, atol=1e-9)
    with pytest.raises(CalibrationError, match=r"720x576.*another shape.*image_size_px"):
        build_projection(calibration, (720, 576))


def test_a_camera_lower_than_heads_places_no_head():
    found = camera(-10, height_m=1.5).heads_to_ground(np.array([[960.0, 900.0]]))
    assert np.isnan(found.xy_m).all()
    assert np.isnan(found.sigma_m).all()


def test_no_points_give_no_places():
    found = camera(-45).feet_to_ground(np.zeros((0, 2)))
    assert found.xy_m.shape == (0, 2)
    assert len(found) == 0


def test_a_pixel_straight_down_covers_the_square_of_height_over_focal_length():
    straight_down = camera(-90)
    area_m2 = ground_area_per_px(straight_down, CENTRE)
    np.testing.assert_allclose(area_m2, (80 / straight_down.camera.focal_px) ** 2, rtol=1e-9)


def test_an_outline_that_reaches_behind_the_camera_is_cut_there():
    square_m = ((-10.0, -50.0), (10.0, -50.0), (10.0, 50.0), (-10.0, 50.0))
    outline = outline_px(camera(-30, height_m=10), square_m)
    assert len(outline) > 10
    assert np.isfinite(outline).all()
    behind_m = ((-10.0, -50.0), (10.0, -50.0), (10.0, -90.0), (-10.0, -90.0))
    assert len(outline_px(camera(-30, height_m=10), behind_m)) == 0
