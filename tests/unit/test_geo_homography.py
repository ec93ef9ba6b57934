import math
from dataclasses import replace

import numpy as np
import pytest

from ray_app.domain.errors import CalibrationError
from ray_app.geo.calibration import HomographyCalibration, PinholeCalibration, PointPair
from ray_app.geo.camera import pinhole_projection
from ray_app.geo.homography import fit_homography
from ray_app.geo.homography_projection import homography_projection, reprojection_error
from ray_app.geo.projection import build_projection

SIZE_PX = (1920, 1080)
# Rows and columns of a picture, all below the horizon of the camera here.
GRID_PX = np.array([(x, y) for x in (200.0, 960.0, 1720.0) for y in (250.0, 600.0, 1000.0)])


def true_camera(pitch_deg=-30.0, height_m=6.0, fov_deg=70.0):
    return pinhole_projection(
        PinholeCalibration(
            image_size_px=SIZE_PX,
            position_m=(3.0, -5.0, height_m),
            yaw_deg=20.0,
            pitch_deg=pitch_deg,
            horizontal_fov_deg=fov_deg,
        ),
        SIZE_PX,
    )


def pairs(pixels, metres):
    return tuple(PointPair(px=tuple(px), m=tuple(m)) for px, m in zip(pixels, metres, strict=True))


def calibration(pixels=GRID_PX, camera=None, noise_px=0.0, seed=0):
    metres = (camera or true_camera()).feet_to_ground(pixels).xy_m
    noise = np.random.default_rng(seed).normal(0, 1, pixels.shape) * noise_px
    return HomographyCalibration(image_size_px=SIZE_PX, pairs=pairs(pixels + noise, metres))


def test_a_square_metre_per_hundred_pixels():
    square_px = np.array([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)])
    square_m = np.array([(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
    seen = fit_homography(square_px, square_m)
    np.testing.assert_allclose(seen.to_m(np.array([[50.0, 25.0]])), [[0.5, 0.75]], atol=1e-12)
    np.testing.assert_allclose(seen.to_px(np.array([[0.25, 0.5]])), [[25.0, 50.0]], atol=1e-9)
    # Feet sit within 1.5 px; the four corners add as much again in the middle.
    sigma_m = seen.sigma_m(np.array([[0.5, 0.5]]))[0]
    assert 0.015 < sigma_m < 0.025


def test_exact_pairs_give_back_the_camera_that_saw_them():
    found = homography_projection(calibration(), SIZE_PX)
    points_px = np.array([[500.0, 400.0], [1500.0, 900.0]])
    np.testing.assert_allclose(
        found.feet_to_ground(points_px).xy_m,
        true_camera().feet_to_ground(points_px).xy_m,
        atol=1e-8,
    )
    np.testing.assert_allclose(found.camera.centre_m, [3.0, -5.0, 6.0], atol=0.01)
    assert found.camera.focal_px == pytest.approx(960 / math.tan(math.radians(35)), rel=1e-3)


def test_a_ground_whose_y_axis_points_down_like_a_plan_is_as_good():
    metres = true_camera().feet_to_ground(GRID_PX).xy_m * (1, -1)
    found = homography_projection(
        HomographyCalibration(image_size_px=SIZE_PX, pairs=pairs(GRID_PX, metres)), SIZE_PX
    )
    np.testing.assert_allclose(found.camera.centre_m, [3.0, 5.0, 6.0], atol=0.01)


def test_above_the_horizon_there_is_no_ground():
    found = homography_projection(calibration(), SIZE_PX).feet_to_ground(
        np.array([[960.0, -400.0], [960.0, 500.0]])
    )
    assert np.isnan(found.xy_m[0]).all()
    assert np.isnan(found.sigma_m[0])
    assert np.isfinite(found.sigma_m[1])


def test_behind_the_camera_there_is_no_pixel():
    behind_m = np.array([[3.0 - 20 * math.sin(0.35), -5.0 - 20 * math.cos(0.35)]])
    found = homography_projection(calibration(), SIZE_PX)
    assert np.isnan(found.ground_to_px(behind_m)).all()


def test_no_other_homography_misses_the_pixels_less():
    fitted = calibration(noise_px=20.0)
    pixels = np.array([pair.px for pair in fitted.pairs])
    metres = np.array([pair.m for pair in fitted.pairs])
    seen = fit_homography(pixels, metres)
    least = ((seen.to_px(metres) - pixels) ** 2).sum()
    for entry in range(8):
        for step in (-1e-3, 1e-3):
            other = seen.matrix.copy()
            other.flat[entry] += step
            assert ((replace(seen, matrix=other).to_px(metres) - pixels) ** 2).sum() > least


def test_sigma_is_the_spread_that_misplaced_clicks_cause():
    place_px = np.array([[700.0, 500.0]])
    foot_noise = np.random.default_rng(1).normal(0, 1.5, (300, 1, 2))
    found = []
    for seed, noise in enumerate(foot_noise):
        fitted = calibration(noise_px=1.5, seed=seed)
        seen = fit_homography(
            np.array([p.px for p in fitted.pairs]), np.array([p.m for p in fitted.pairs])
        )
        found.append(seen.to_m(place_px + noise)[0])
    spread_m = math.sqrt(np.linalg.eigvalsh(np.cov(np.array(found).T))[-1])
    told = homography_projection(calibration(), SIZE_PX).feet_to_ground(place_px)
    assert told.sigma_m[0] == pytest.approx(spread_m, rel=0.15)


def test_uncertainty_grows_away_from_the_pairs_and_with_their_misfit():
    far_px = np.array([[960.0, 600.0], [960.0, 120.0]])
    near, far = homography_projection(calibration(), SIZE_PX).feet_to_ground(far_px).sigma_m
    assert far > 5 * near
    worse = homography_projection(calibration(noise_px=8.0), SIZE_PX).feet_to_ground(far_px)
    assert worse.sigma_m[0] > 2 * near


def test_reprojection_error_names_the_pair_that_was_misread():
    pixels = GRID_PX.copy()
    metres = true_camera().feet_to_ground(pixels).xy_m
    pixels[4] += (40.0, 0.0)
    error = reprojection_error(
        HomographyCalibration(image_size_px=SIZE_PX, pairs=pairs(pixels, metres))
    )
    assert error.worst_pair == 4
    assert 15 < error.worst_px < 40
    assert 0 < error.rms_px < error.worst_px
    assert 0 < error.rms_m < error.worst_m
    assert reprojection_error(calibration()).worst_px < 1e-6


@pytest.mark.parametrize(
    ("pixels", "metres"),
    [
        pytest.param([(0, 0), (1, 0), (0, 1)], [(0, 0), (1, 0), (0, 1)], id="three pairs"),
        pytest.param([(5, 5)] * 4, [(0, 0), (1, 0), (1, 1), (0, 1)], id="one pixel"),
        pytest.param(
            [(0, 0), (100, 100), (200, 200), (300, 300), (400, 400)],
            [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)],
            id="all on one line",
        ),
        pytest.param(
            [(0, 0), (100, 0), (200, 0), (100, 100)],
            [(0, 0), (1, 0), (2, 0), (1, 1)],
            id="three of four on one line",
        ),
        pytest.param(
            [(0, 0), (100, 0), (200, 0), (100, 100)],
            [(0, 0), (1, 0), (1, 1), (0, 1)],
            id="on one line in the picture only",
        ),
        pytest.param(
            [(0, 0), (100, 1), (200, 0), (300, 1), (400, 0.5)],
            [(0, 0), (1, 0), (2, 0.01), (3, 0), (4, 0.01)],
            id="nearly on one line",
        ),
        pytest.param(
            [(0, 0), (100, 0), (100, 100), (0, 100)],
            [(0, 0), (1, 0), (0, 1), (1, 1)],
            id="two corners swapped",
        ),
        pytest.param(
            [(0, 0), (100, 0), (100, 100), (0, float("nan"))],
            [(0, 0), (1, 0), (1, 1), (0, 1)],
            id="not a number",
        ),
    ],
)
def test_pairs_that_pin_no_plane_are_refused_with_the_fix(pixels, metres):
    with pytest.raises(CalibrationError, match="at least 4 pairs spread over the ground"):
        fit_homography(np.array(pixels, float), np.array(metres, float))


def test_another_size_of_the_same_picture_is_scaled_and_another_shape_refused():
    large = build_projection(calibration(), SIZE_PX).feet_to_ground(np.array([[900.0, 600.0]]))
    small = build_projection(calibration(), (640, 360)).feet_to_ground(np.array([[300.0, 200.0]]))
    np.testing.assert_allclose(small.xy_m, large.xy_m, atol=1e-8)
    with pytest.raises(CalibrationError, match=r"768x576.*another shape"):
        build_projection(calibration(), (768, 576))


def test_straight_down_the_unknown_height_is_told_as_uncertainty():
    camera = true_camera(pitch_deg=-90, height_m=20)
    found = homography_projection(calibration(camera=camera), SIZE_PX)
    height_m, height_sigma_m = found.camera.centre_m[2], found.camera.covariance_m2[2, 2] ** 0.5
    assert height_sigma_m > 5
    assert abs(height_m - 20) < 2 * height_sigma_m
    heads_px = np.array([[100.0, 100.0]])
    head, truth = found.heads_to_ground(heads_px), camera.heads_to_ground(heads_px)
    assert np.linalg.norm(head.xy_m - truth.xy_m) < 2 * head.sigma_m[0]


def test_a_camera_fitted_lower_than_heads_places_no_head():
    found = homography_projection(calibration(camera=true_camera(height_m=1.2)), SIZE_PX)
    assert found.camera is None
    heads = found.heads_to_ground(np.array([[960.0, 500.0]]))
    assert np.isnan(heads.xy_m).all()
    assert np.isnan(heads.sigma_m).all()
