"""Where a fixed camera stands and which ground it sees, for the map of the report."""

import numpy as np
from numpy.typing import NDArray

from ray_app.config.schema import CameraConfig
from ray_app.domain.errors import CalibrationError
from ray_app.domain.geometry import Points
from ray_app.domain.protocols import GroundProjection
from ray_app.geo.homography_projection import HomographyProjection
from ray_app.geo.projection import build_projection

FARTHEST_M = 80.0
EDGE_STEPS = 24


def place_on_site(
    camera: CameraConfig,
) -> tuple[tuple[float, float] | None, Points | None]:
    """Returns x, y of the camera and the outline of its view, metres; None where unknown."""
    calibration = camera.calibration
    fixed = None if calibration is None else calibration.homography or calibration.pinhole
    if fixed is None:
        return None, None
    try:
        projection = build_projection(fixed, fixed.image_size_px)
    except CalibrationError:
        return None, None
    position_m = None
    if calibration is not None and calibration.pinhole is not None:
        position_m = calibration.pinhole.position_m[:2]
    elif isinstance(projection, HomographyProjection) and projection.camera is not None:
        x_m, y_m = projection.camera.centre_m[:2]
        position_m = (float(x_m), float(y_m))
    return position_m, _view(projection, fixed.image_size_px, position_m)


def _view(
    projection: GroundProjection,
    size_px: tuple[int, int],
    position_m: tuple[float, float] | None,
) -> Points | None:
    """Returns the outline of the ground in the picture, not farther than FARTHEST_M."""
    width, height = size_px
    rows = np.linspace(height - 1.0, 0.0, EDGE_STEPS)
    left = _reached(projection, np.column_stack([np.zeros(EDGE_STEPS), rows]), position_m)
    right = _reached(
        projection, np.column_stack([np.full(EDGE_STEPS, width - 1), rows]), position_m
    )
    if len(left) == 0 or len(right) == 0:
        return None
    return tuple((float(x), float(y)) for x, y in [left[0], left[-1], right[-1], right[0]])


def _reached(
    projection: GroundProjection,
    points_px: NDArray[np.float64],
    position_m: tuple[float, float] | None,
) -> NDArray[np.float64]:
    xy_m = projection.feet_to_ground(points_px.astype(np.float64)).xy_m
    centre = xy_m[0] if position_m is None else np.asarray(position_m)
    near = np.isfinite(xy_m).all(axis=1)
    near &= np.linalg.norm(np.nan_to_num(xy_m) - centre, axis=1) <= FARTHEST_M
    return xy_m[: int(np.argmin(near))] if not near.all() else xy_m
