"""Checks that calibrations hold, and that each camera sees the places it is asked to watch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.config.schema import SiteConfig
from ray_app.config.watches import CameraView, camera_views
from ray_app.domain.errors import CalibrationError
from ray_app.domain.geometry import Points, inside_polygon
from ray_app.domain.protocols import GroundProjection
from ray_app.geo.projection import build_projection

SAMPLES_A_SIDE = 15


def calibration_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields calibrations that fit no camera, and places outside the picture."""
    for view in camera_views(site):
        if view.camera.calibration is None:
            continue
        for way in ("homography", "pinhole"):
            calibration = getattr(view.camera.calibration, way)
            if calibration is None:
                continue
            path = (*view.path, "calibration", way)
            try:
                projection = build_projection(calibration, calibration.image_size_px)
            except CalibrationError as error:
                yield KeyProblem(path, str(error))
            else:
                yield from _unseen(view, path, projection, calibration.image_size_px)


def _unseen(
    view: CameraView, calibration: KeyPath, projection: GroundProjection, size_px: tuple[int, int]
) -> Iterator[KeyProblem]:
    advice = "lies outside the picture of this camera; are x and y, or the calibration, swapped?"
    for index, zone in enumerate(view.camera.zones):
        path = (*view.path, "zones", index, "polygon_m")
        if zone.polygon_m and not _is_seen(_samples(zone.polygon_m), projection, size_px):
            yield KeyProblem(path, f"{zone.name!r} {advice}", (calibration,))
    for index, line in enumerate(view.camera.lines):
        path = (*view.path, "lines", index, "start_m")
        along = np.linspace(line.start_m, line.end_m, SAMPLES_A_SIDE)
        if not _is_seen(along, projection, size_px):
            yield KeyProblem(path, f"{line.name!r} {advice}", (calibration,))


def _samples(polygon: Points) -> NDArray[np.float64]:
    corners = np.asarray(polygon, np.float64)
    axes = np.linspace(corners.min(axis=0), corners.max(axis=0), SAMPLES_A_SIDE)
    grid = np.stack(np.meshgrid(axes[:, 0], axes[:, 1]), axis=-1).reshape(-1, 2)
    return np.concatenate([corners, grid[inside_polygon(grid, polygon)]])


def _is_seen(
    points_m: NDArray[np.float64], projection: GroundProjection, size_px: tuple[int, int]
) -> bool:
    pixels = projection.ground_to_px(points_m)
    inside = (pixels >= 0) & (pixels <= np.asarray(size_px, np.float64))
    return bool(inside.all(axis=1).any())
