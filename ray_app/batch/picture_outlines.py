"""Where the zones and lines of a site lie in a camera's picture."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ray_app.config.schema import CameraConfig
from ray_app.domain.errors import CalibrationError
from ray_app.domain.geometry import Points
from ray_app.domain.observation import Observation
from ray_app.domain.protocols import GroundProjection
from ray_app.report.data import Outline
from ray_app.wiring import build_projection_of

STEPS_AN_EDGE = 16  # straight on the ground may be bent in a picture, or leave it


def outlines_in_picture(camera: CameraConfig, seen: Observation) -> tuple[Outline, ...]:
    """Returns every place of the camera that can be laid on the picture, in source pixels."""
    return tuple(_outlines(camera, seen))


def _outlines(camera: CameraConfig, seen: Observation) -> Iterator[Outline]:
    for zone in camera.zones:
        if zone.polygon_px is not None:
            yield Outline(zone.name, zone.polygon_px)
    projection = _projection(camera, seen)
    if projection is None:
        return
    on_ground = [(z.name, z.polygon_m) for z in camera.zones if z.polygon_m is not None]
    on_ground += [(line.name, (line.start_m, line.end_m)) for line in camera.lines]
    for name, points_m in on_ground:
        points_px = projection.ground_to_px(_densely(points_m))
        kept = points_px[np.isfinite(points_px).all(axis=1)]
        if len(kept) >= 2:
            yield Outline(name, tuple((float(x), float(y)) for x, y in kept))


def _projection(camera: CameraConfig, seen: Observation) -> GroundProjection | None:
    project = build_projection_of(camera.calibration)
    if project is None:
        return None
    try:
        return project(seen)
    except CalibrationError:  # a drone without pose: the still is shown without outlines
        return None


def _densely(points_m: Points) -> NDArray[np.float64]:
    """Returns points along the closed outline, shape (n, 2)."""
    corners = np.asarray(points_m, np.float64)
    shares = np.arange(STEPS_AN_EDGE)[:, None, None] / STEPS_AN_EDGE
    steps = corners + shares * (np.roll(corners, -1, axis=0) - corners)
    return steps.transpose(1, 0, 2).reshape(-1, 2)
