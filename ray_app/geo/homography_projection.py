"""A fixed camera calibrated by point pairs, as a projection; and how well the pairs agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.scene import GroundPoints
from ray_app.geo.calibration import HomographyCalibration
from ray_app.geo.homography import Homography, fit_homography
from ray_app.geo.picture import scale_to_source
from ray_app.geo.resection import CameraPlace, locate_camera
from ray_app.geo.uncertainty import HEAD_HEIGHT_M, HEAD_HEIGHT_SIGMA_M, worst_axis_sigma


@dataclass(frozen=True, slots=True)
class HomographyProjection:
    """Lays pixels on flat ground by a homography; a `GroundProjection`.

    Attributes:
        camera: Where the lens stands, recovered from the same pairs; None when no camera at
            least HEAD_HEIGHT_M above the ground fits them, and heads then have no place (NaN).
    """

    homography: Homography
    camera: CameraPlace | None

    def feet_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where points on the ground lie; NaN at and above the horizon."""
        places = self.homography.to_m(points_px)
        return GroundPoints(places, self.homography.sigma_m(places))

    def heads_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where the people stand whose heads are at the points.

        The ray through a head meets the ground behind the person; the person stands on the way
        back to the camera, HEAD_HEIGHT_M over the camera's height along it.
        """
        behind = self.feet_to_ground(points_px)
        if self.camera is None:
            return GroundPoints(np.full_like(behind.xy_m, np.nan), np.full(len(behind), np.nan))
        height_m = float(self.camera.centre_m[2])
        way_back = self.camera.centre_m[:2] - behind.xy_m
        share = HEAD_HEIGHT_M / height_m
        by_camera = np.linalg.cholesky(self.camera.covariance_m2 + 1e-12 * np.eye(3))
        shifts = [share * (moved[:2] - way_back * moved[2] / height_m) for moved in by_camera.T]
        shifts.append(way_back * HEAD_HEIGHT_SIGMA_M / height_m)
        sigma_m = np.hypot(behind.sigma_m * (1 - share), worst_axis_sigma(shifts))
        return GroundPoints(behind.xy_m + way_back * share, sigma_m)

    def sight_at(self, points_px: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
        """Returns x, y where lines of sight pass height_m above the ground; NaN where none.

        Above the ground that needs the camera's place; without it all is NaN.
        """
        on_ground = self.homography.to_m(points_px)
        if height_m == 0.0:
            return on_ground
        if self.camera is None or self.camera.centre_m[2] <= height_m:
            return np.full_like(on_ground, np.nan)
        share = height_m / float(self.camera.centre_m[2])
        return np.asarray(on_ground + (self.camera.centre_m[:2] - on_ground) * share)

    def ground_to_px(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns source pixels of ground points, shape (n, 2); NaN behind the camera."""
        return self.homography.to_px(points_m)


@dataclass(frozen=True, slots=True)
class ReprojectionError:
    """How far point pairs lie from the homography fitted to them; zero says nothing with 4.

    Attributes:
        worst_pair: Place in the list of pairs, from 0, of the one farthest off in pixels.
    """

    rms_px: float
    worst_px: float
    rms_m: float
    worst_m: float
    worst_pair: int


def homography_projection(
    calibration: HomographyCalibration, source_size_px: tuple[int, int]
) -> HomographyProjection:
    """Returns the projection of a camera calibrated by point pairs.

    Raises:
        CalibrationError: The pairs pin no plane down, or the footage has another shape.
    """
    scale = scale_to_source(calibration.image_size_px, source_size_px)
    pixels, metres = _columns(calibration)
    pixels = pixels * scale
    homography = fit_homography(pixels, metres)
    camera = locate_camera(pixels, metres, homography, source_size_px)
    too_low = camera is not None and camera.centre_m[2] <= HEAD_HEIGHT_M
    return HomographyProjection(homography, None if too_low else camera)


def reprojection_error(calibration: HomographyCalibration) -> ReprojectionError:
    """Returns how far the pairs lie from their own homography, in calibration pixels and metres.

    Raises:
        CalibrationError: The pairs pin no plane down.
    """
    pixels, metres = _columns(calibration)
    homography = fit_homography(pixels, metres)
    miss_px = np.linalg.norm(homography.to_px(metres) - pixels, axis=1)
    miss_m = np.linalg.norm(homography.to_m(pixels) - metres, axis=1)
    return ReprojectionError(
        rms_px=float(np.sqrt((miss_px**2).mean())),
        worst_px=float(miss_px.max()),
        rms_m=float(np.sqrt((miss_m**2).mean())),
        worst_m=float(miss_m.max()),
        worst_pair=int(miss_px.argmax()),
    )


def _columns(
    calibration: HomographyCalibration,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pixels = np.array([pair.px for pair in calibration.pairs], np.float64).reshape(-1, 2)
    metres = np.array([pair.m for pair in calibration.pairs], np.float64).reshape(-1, 2)
    return pixels, metres
