"""Polygons and lines on the ground or in the picture, in whatever unit the caller uses."""

import numpy as np
from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]


def polygon_area(polygon: Points) -> float:
    """Returns the area, in the square of the points' unit (shoelace formula)."""
    xy = np.asarray(polygon, np.float64)
    x, y = xy[:, 0], xy[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def inside_polygon(points: NDArray[np.float64], polygon: Points) -> NDArray[np.bool_]:
    """Returns which of points, shape (n, 2), lie inside; NaN points do not (even-odd rule)."""
    corners = np.asarray(polygon, np.float64)
    inside = np.zeros(len(points), np.bool_)
    x, y = points[:, 0], points[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            straddles = (y1 > y) != (y2 > y)
            inside ^= straddles & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def signed_distance_to_line(
    points: NDArray[np.float64], start: tuple[float, float], end: tuple[float, float]
) -> NDArray[np.float64]:
    """Returns the distance of points, shape (n, 2), left of start->end positive."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    along = (b - a) / np.linalg.norm(b - a)
    offset = points - a
    return np.asarray(along[0] * offset[:, 1] - along[1] * offset[:, 0], np.float64)
