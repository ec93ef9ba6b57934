"""A camera's place and direction, and the matrices that follow from them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
NEAR_M, FAR_M = 0.3, 250.0


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera; angles as in `PinholeCalibration`.

    Attributes:
        position_m: x, y, z of the lens, metres.
        yaw_deg: Heading, clockwise from +y.
        pitch_deg: 0 looks at the horizon, -90 straight down.
        horizontal_fov_deg: Horizontal field of view.
        size_px: Width and height of the picture.
    """

    position_m: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    horizontal_fov_deg: float
    size_px: tuple[int, int]

    @property
    def axes(self) -> FloatArray:
        """Rows: unit vectors right, up and backward of the camera on the site."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        forward = np.array(
            [math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)]
        )
        right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        return np.stack([right, np.cross(right, forward), -forward])

    @property
    def matrix(self) -> FloatArray:
        """World to clip space, shape (4, 4), for column vectors."""
        width, height = self.size_px
        focal = 1 / math.tan(math.radians(self.horizontal_fov_deg) / 2)
        depth = FAR_M - NEAR_M
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1] = focal, focal * width / height
        projection[2, 2] = -(FAR_M + NEAR_M) / depth
        projection[2, 3] = -2 * FAR_M * NEAR_M / depth
        projection[3, 2] = -1
        return projection @ rigid(self.axes, np.array(self.position_m))

    def project(self, points_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns pixels, shape (..., 2), and metres before the lens, of points (..., 3).

        Pixel centres are at whole numbers plus a half; behind the lens pixels mean nothing.
        """
        width, height = self.size_px
        ones = np.ones((*points_m.shape[:-1], 1))
        clip = np.concatenate([points_m, ones], axis=-1) @ self.matrix.T
        depth = clip[..., 3]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        x = (clip[..., 0] / safe + 1) * 0.5 * width
        y = (1 - clip[..., 1] / safe) * 0.5 * height
        return np.stack([x, y], axis=-1), depth


def looking_at(
    position_m: tuple[float, float, float],
    target_m: tuple[float, float, float],
    horizontal_fov_deg: float,
    size_px: tuple[int, int],
) -> View:
    """Returns a camera at position that has target in the middle of its picture."""
    x, y, z = (t - p for t, p in zip(target_m, position_m, strict=True))
    yaw = math.degrees(math.atan2(x, y))
    pitch = math.degrees(math.atan2(z, math.hypot(x, y)))
    return View(position_m, yaw, pitch, horizontal_fov_deg, size_px)


def rigid(axes: FloatArray, position_m: FloatArray) -> FloatArray:
    """Returns the matrix that brings the world before a camera with these axes."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = -axes @ position_m
    return matrix


def sun_matrix(direction: FloatArray, centre_m: tuple[float, float], reach_m: float) -> FloatArray:
    """Returns world to clip space as the sun sees a disc of reach_m around centre_m."""
    backward = direction / np.linalg.norm(direction)
    right = np.cross([0.0, 1.0, 0.0], backward)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(backward, right), backward])
    eye = np.array([*centre_m, 0.0]) + backward * 2 * reach_m
    flat = np.diag([1 / reach_m, 1 / reach_m, -2 / (4 * reach_m), 1.0])
    flat[2, 3] = -1
    return flat @ rigid(axes, eye)
