"""What a pixel covers on the ground, and what a ground area covers in the picture."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import Points
from ray_app.domain.protocols import GroundProjection

_OUTLINE_STEPS = 32


def ground_area_per_px(
    projection: GroundProjection, points_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Returns the square metres of ground one pixel covers, shape (n,); NaN above the horizon."""
    points = np.asarray(points_px, np.float64).reshape(-1, 2)
    left, right, top, bottom = (
        projection.feet_to_ground(points + step).xy_m
        for step in ((-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5))
    )
    across, down = right - left, bottom - top
    return np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])


def outline_px(projection: GroundProjection, polygon_m: Points) -> NDArray[np.float64]:
    """Returns the outline of a ground polygon in the picture, shape (n, 2), for drawing.

    Edges are walked in short steps and what lies behind the camera is left out, so a polygon
    that reaches under or behind the camera is cut there; wholly behind it, n is 0.
    """
    corners = np.asarray(polygon_m, np.float64)
    shares = np.arange(_OUTLINE_STEPS)[None, :, None] / _OUTLINE_STEPS
    edges = corners[:, None] + (np.roll(corners, -1, axis=0) - corners)[:, None] * shares
    outline = projection.ground_to_px(edges.reshape(-1, 2))
    return outline[np.isfinite(outline[:, 0])]
