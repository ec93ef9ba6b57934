"""A pinhole camera above flat ground: pixels to metres with an uncertainty."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.scene import GroundPoints
from ray_app.geo.calibration import PinholeCalibration
from ray_app.geo.picture import scale_to_source
from ray_app.geo.uncertainty import (
    FEET_SIGMA_PX,
    HEAD_HEIGHT_M,
    HEAD_HEIGHT_SIGMA_M,
    worst_axis_sigma,
)

# A ray must fall this much per metre it runs to count as meeting the ground (0.06 degrees).
_FLATTEST_FALL = 1e-3
# Derivatives are taken over this step: pixels, degrees, metres.
_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Where a camera stands and looks; square pixels, no lens distortion.

    Attributes:
        position_m: x, y on the site, z above the ground.
        yaw_deg: Clockwise from +y.
        pitch_deg: 0 looks at the horizon, -90 straight down.
        roll_deg: Clockwise seen from behind the camera.
        focal_px: Focal length in source pixels.
        centre_px: Where the optical axis meets the source picture.
    """

    position_m: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    focal_px: float
    centre_px: tuple[float, float]

    def axes(self) -> NDArray[np.float64]:
        """Returns the camera's right, down and forward as columns of site directions, (3, 3)."""
        yaw, pitch, roll = np.radians([self.yaw_deg, self.pitch_deg, self.roll_deg])
        forward = np.array(
            [np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)]
        )
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        down = np.cross(forward, right)
        rolled_right = np.cos(roll) * right + np.sin(roll) * down
        rolled_down = np.cos(roll) * down - np.sin(roll) * right
        return np.stack([rolled_right, rolled_down, forward], axis=1)

    def meet_plane(
        self, points_px: NDArray[np.float64], height_m: float = 0.0
    ) -> NDArray[np.float64]:
        """Returns x, y where the rays of pixels meet a level plane, shape (n, 2); else NaN."""
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        sight = np.column_stack([(points - self.centre_px) / self.focal_px, np.ones(len(points))])
        rays = sight @ self.axes().T
        x_m, y_m, z_m = self.position_m
        falls = -rays[:, 2] > _FLATTEST_FALL * np.hypot(rays[:, 0], rays[:, 1])
        drop = np.where(falls & (z_m > height_m), -rays[:, 2], np.nan)
        return np.asarray((x_m, y_m) + rays[:, :2] * ((z_m - height_m) / drop)[:, None])

    def to_px(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns source pixels of x, y, z site points, shape (n, 3); NaN behind the camera."""
        seen = (np.asarray(points_m, np.float64).reshape(-1, 3) - self.position_m) @ self.axes()
        depth = np.where(seen[:, 2] > 1e-6, seen[:, 2], np.nan)
        return np.asarray(self.focal_px * seen[:, :2] / depth[:, None] + self.centre_px)


@dataclass(frozen=True, slots=True)
class PoseErrors:
    """One standard deviation each, independent of one another."""

    pitch_deg: float
    yaw_deg: float = 0.0
    position_m: float = 0.0


@dataclass(frozen=True, slots=True)
class PinholeProjection:
    """Lays pixels on flat ground through a pinhole camera; a `GroundProjection`."""

    camera: PinholeCamera
    errors: PoseErrors

    def feet_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where points on the ground lie; NaN at and above the horizon."""
        places = self.camera.meet_plane(points_px)
        return GroundPoints(places, worst_axis_sigma(self._shifts(points_px, 0.0, places)))

    def heads_to_ground(self, points_px: NDArray[np.float64]) -> GroundPoints:
        """Returns where the people stand whose heads are at the points.

        Heads are taken to be on the level plane HEAD_HEIGHT_M above the ground.
        """
        places = self.camera.meet_plane(points_px, HEAD_HEIGHT_M)
        taller = self.camera.meet_plane(points_px, HEAD_HEIGHT_M + HEAD_HEIGHT_SIGMA_M)
        shifts = [*self._shifts(points_px, HEAD_HEIGHT_M, places), taller - places]
        return GroundPoints(places, worst_axis_sigma(shifts))

    def sight_at(self, points_px: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
        """Returns x, y where lines of sight pass height_m above the ground; NaN where none."""
        return self.camera.meet_plane(points_px, height_m)

    def ground_to_px(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns source pixels of ground points, shape (n, 2); NaN behind the camera."""
        points = np.asarray(points_m, np.float64).reshape(-1, 2)
        return self.camera.to_px(np.column_stack([points, np.zeros(len(points))]))

    def _shifts(
        self, points_px: NDArray[np.float64], height_m: float, places: NDArray[np.float64]
    ) -> list[NDArray[np.float64]]:
        """Returns what one standard deviation of each error does to the places."""
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        moved = [
            (self.camera.meet_plane(points + step, height_m), FEET_SIGMA_PX / _STEP)
            for step in ((_STEP, 0.0), (0.0, _STEP))
        ]
        moved += [
            (camera.meet_plane(points, height_m), steps) for camera, steps in self._disturbed()
        ]
        return [(there - places) * steps for there, steps in moved]

    def _disturbed(self) -> list[tuple[PinholeCamera, float]]:
        """Returns cameras one small step off, and how many steps make a standard deviation."""
        camera, errors, step = self.camera, self.errors, _STEP
        x_m, y_m, z_m = camera.position_m
        return [
            (replace(camera, pitch_deg=camera.pitch_deg - step), errors.pitch_deg / step),
            (replace(camera, yaw_deg=camera.yaw_deg + step), errors.yaw_deg / step),
            (replace(camera, position_m=(x_m + step, y_m, z_m)), errors.position_m / step),
            (replace(camera, position_m=(x_m, y_m + step, z_m)), errors.position_m / step),
            (replace(camera, position_m=(x_m, y_m, z_m + step)), errors.position_m / step),
        ]


def pinhole_projection(
    calibration: PinholeCalibration, source_size_px: tuple[int, int]
) -> PinholeProjection:
    """Returns the projection of a camera whose place and direction are known.

    Raises:
        CalibrationError: The footage has another shape than the calibration picture.
    """
    scale_to_source(calibration.image_size_px, source_size_px)
    camera = PinholeCamera(
        position_m=calibration.position_m,
        yaw_deg=calibration.yaw_deg,
        pitch_deg=calibration.pitch_deg,
        roll_deg=calibration.roll_deg,
        focal_px=focal_length_px(calibration.horizontal_fov_deg, source_size_px),
        centre_px=(source_size_px[0] / 2, source_size_px[1] / 2),
    )
    return PinholeProjection(camera, PoseErrors(pitch_deg=calibration.pitch_sigma_deg))


def focal_length_px(horizontal_fov_deg: float, size_px: tuple[int, int]) -> float:
    """Returns half the picture's width over the tangent of half its horizontal field of view."""
    return size_px[0] / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
