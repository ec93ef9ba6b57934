"""No network sees what lies outside the authorised perimeter."""

import numpy as np
import pytest

from ray_app.authorisation.mask import PerimeterMask, kept_pixels
from ray_app.domain.errors import CalibrationError
from ray_app.domain.frame import Frame, FrameKey
from ray_app.domain.observation import DronePose
from ray_app.geo.calibration import HomographyCalibration, PinholeCalibration, PointPair
from ray_app.geo.projection import build_projection

SIZE_PX = (640, 360)
SQUARE_M = ((-4.0, 10.0), (4.0, 10.0), (4.0, 20.0), (-4.0, 20.0))
MAST = PinholeCalibration(
    image_size_px=SIZE_PX,
    position_m=(0.0, 0.0, 6.0),
    yaw_deg=0.0,
    pitch_deg=-25.0,
    horizontal_fov_deg=60.0,
)


def projection():
    return build_projection(MAST, SIZE_PX)


def by_pairs():
    """The same view, calibrated by point pairs."""
    places = [(-5.0, 9.0), (5.0, 9.0), (6.0, 25.0), (-6.0, 25.0), (0.0, 15.0), (3.0, 19.0)]
    pixels = projection().ground_to_px(np.array(places))
    pairs = tuple(
        PointPair(px=tuple(map(float, px)), m=m) for px, m in zip(pixels, places, strict=True)
    )
    return build_projection(HomographyCalibration(image_size_px=SIZE_PX, pairs=pairs), SIZE_PX)


def seen_at(kept, x_m, y_m, z_m=0.0, scale=1.0):
    px = projection().camera.to_px(np.array([[x_m, y_m, z_m]]))[0] * scale
    return bool(kept[int(px[1]), int(px[0])])


def frame(shape=(360, 640)):
    pixels = np.full((*shape, 3), 200, np.uint8)
    return Frame(FrameKey("a", 0, 0, 0.0), pixels, SIZE_PX)


@pytest.mark.parametrize("build", [projection, by_pairs])
def test_the_ground_inside_stays_the_ground_outside_goes(build):
    kept = kept_pixels(build(), SQUARE_M, (360, 640), SIZE_PX)
    assert seen_at(kept, 0, 10.3)
    assert seen_at(kept, 0, 19.7)
    assert seen_at(kept, -3.7, 15)
    assert not seen_at(kept, 0, 9.6)  # nearer
    assert not seen_at(kept, -5.5, 11)  # beside
    assert not seen_at(kept, 5.5, 11)
    assert not seen_at(kept, 0, 40)  # far behind
    assert not kept[:20].any()  # the sky


@pytest.mark.parametrize("build", [projection, by_pairs])
def test_people_at_the_far_edge_keep_their_heads(build):
    kept = kept_pixels(build(), SQUARE_M, (360, 640), SIZE_PX)
    assert all(seen_at(kept, x, 19.8, z) for x in (-3.5, 0, 3.5) for z in (0.5, 1.2, 1.8, 2.1))
    assert not seen_at(kept, 0, 19.8, 2.6)


def test_a_smaller_picture_is_cut_at_the_same_places():
    kept = kept_pixels(projection(), SQUARE_M, (90, 160), SIZE_PX)
    assert kept.shape == (90, 160)
    assert seen_at(kept, 0, 15, scale=0.25)
    assert not seen_at(kept, -5.5, 11, scale=0.25)


def test_pixels_outside_are_black_and_the_frame_given_stays_as_it_is():
    given = frame()
    masked = PerimeterMask(SQUARE_M, lambda seen: projection())(given, None)
    kept = kept_pixels(projection(), SQUARE_M, (360, 640), SIZE_PX)
    assert (masked.pixels[kept] == 200).all()
    assert (masked.pixels[~kept] == 0).all()
    assert 0.05 < kept.mean() < 0.8
    assert (given.pixels == 200).all()


def test_without_calibration_nothing_is_seen():
    assert not PerimeterMask(SQUARE_M, None)(frame(), None).pixels.any()


def test_a_drone_without_pose_sees_nothing_and_sees_again_with_one():
    def project(seen):
        if seen.pose is None:
            raise CalibrationError("no telemetry")
        return projection()

    mask = PerimeterMask(SQUARE_M, project)
    assert not mask(frame(), None).pixels.any()
    assert mask(frame(), DronePose(*[None] * 7)).pixels.any()


def test_the_mask_follows_a_moving_camera():
    views = iter([MAST, PinholeCalibration(**{**_values(MAST), "yaw_deg": 20.0})])
    mask = PerimeterMask(SQUARE_M, lambda seen: build_projection(next(views), SIZE_PX))
    first, second = mask(frame(), None).pixels, mask(frame(), None).pixels
    assert first.any()
    assert second.any()
    assert (first != second).any()


def _values(calibration):
    return {name: getattr(calibration, name) for name in type(calibration).__dataclass_fields__}
