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


def distance_to_edges(points: NDArray[np.float64], polygon: Points) -> NDArray[np.float64]:
    """Returns how far points, shape (n, 2), are from the nearest edge; never negative."""
    corners = np.asarray(polygon, np.float64)
    nearest = np.full(len(points), np.inf)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge = end - start
        length2 = max(float(edge @ edge), 1e-12)
        share = np.clip((points - start) @ edge / length2, 0.0, 1.0)
        offset = points - (start + share[:, None] * edge)
        nearest = np.minimum(nearest, np.hypot(offset[:, 0], offset[:, 1]))
    return nearest


def along_line(
    points: NDArray[np.float64], start: tuple[float, float], end: tuple[float, float]
) -> NDArray[np.float64]:
    """Returns how far along start->end points, shape (n, 2), project; 0 at start."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    return np.asarray((points - a) @ (b - a) / np.linalg.norm(b - a), np.float64)


def grid_inside(polygon: Points, step: float) -> NDArray[np.float64]:
    """Returns the nodes of a square grid inside the polygon, shape (n, 2), at least one."""
    corners = np.asarray(polygon, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    counts = np.maximum(np.ceil((high - low) / step).astype(int), 1)
    axes = [
        a + (np.arange(n) + 0.5) * (b - a) / n for a, b, n in zip(low, high, counts, strict=True)
    ]
    nodes = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    inside = nodes[inside_polygon(nodes, polygon)]
    return inside if len(inside) else corners.mean(axis=0, keepdims=True)
