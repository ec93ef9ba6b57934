"""Density by Voronoi cells: every piece of floor belongs to the nearest person.

Steffen and Seyfried, "Methods for measuring pedestrian density, flow, speed and direction with
minimal scatter", Physica A 389 (2010) 1902-1910.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from ray_app.domain.geometry import Points
from ray_app.domain.scene import GroundCrowd

FAR_M = 1e4


def clip_to_convex(
    polygon: NDArray[np.float64], window: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cuts any simple polygon to a convex window (Sutherland and Hodgman 1974).

    Args:
        polygon: Corners in order, shape (n, 2).
        window: Corners of the convex window, counter-clockwise, shape (m, 2).

    Returns:
        Corners of the part inside, shape (k, 2); k is 0 when nothing is.
    """
    for start, end in zip(window, np.roll(window, -1, axis=0), strict=True):
        if len(polygon) == 0:
            break
        edge = end - start
        left = edge[0] * (polygon[:, 1] - start[1]) - edge[1] * (polygon[:, 0] - start[0])
        polygon = _keep_left(polygon, left)
    return polygon


def _keep_left(polygon: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
    following, left_next = np.roll(polygon, -1, axis=0), np.roll(left, -1)
    crosses = (left >= 0) != (left_next >= 0)
    share = np.where(crosses, left / np.where(crosses, left - left_next, 1.0), 0.0)
    cuts = polygon + share[:, None] * (following - polygon)
    corners = np.stack([polygon, cuts], axis=1).reshape(-1, 2)
    return np.asarray(corners[np.stack([left >= 0, crosses], axis=1).reshape(-1)])


def area_of(corners: NDArray[np.float64]) -> float:
    """Returns the area of a polygon with corners of shape (n, 2), n from 0."""
    if len(corners) < 3:
        return 0.0
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def voronoi_cells(
    places_m: NDArray[np.float64], cutoff_m: float, corners: int = 32
) -> list[NDArray[np.float64]]:
    """Returns the cell of each place, no farther than cutoff_m from it (a regular polygon).

    Args:
        places_m: Distinct places, shape (n, 2).
        cutoff_m: Largest distance of a cell's corner from its person, metres.
        corners: Corners of the polygon that stands for the circle.
    """
    turns = np.arange(corners) * 2 * np.pi / corners
    circle = cutoff_m * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    # Four far points close every cell; they bend none within the cut-off.
    far = FAR_M * np.array([[1.0, 0.3], [-0.3, 1.0], [-1.0, -0.3], [0.3, -1.0]])
    diagram = Voronoi(np.concatenate([places_m, far + places_m.mean(axis=0)]))
    cells = []
    for place, region in zip(places_m, diagram.point_region[: len(places_m)], strict=True):
        cell = diagram.vertices[diagram.regions[region]]
        middle = cell.mean(axis=0)
        order = np.argsort(np.arctan2(cell[:, 1] - middle[1], cell[:, 0] - middle[0]))
        cells.append(clip_to_convex(circle + place, cell[order]))
    return cells


def voronoi_people(
    crowd: GroundCrowd, polygon_m: Points, floor_m: Points | None = None, cutoff_m: float = 0.8
) -> float:
    """Returns how many people the polygon holds, each spread evenly over their own cell.

    Args:
        crowd: People on the ground; each place counts with its number of people.
        polygon_m: The measured polygon.
        floor_m: Where people can walk; cells end at its walls. None knows no walls.
        cutoff_m: Largest distance of a cell's corner from its person.
    """
    known = np.isfinite(crowd.places.xy_m).all(axis=1) & (crowd.people > 0)
    places, rows = np.unique(crowd.places.xy_m[known], axis=0, return_inverse=True)
    people = np.bincount(rows.reshape(-1), crowd.people[known], minlength=len(places))
    zone = np.asarray(polygon_m, np.float64)
    floor = None if floor_m is None else np.asarray(floor_m, np.float64)
    total = 0.0
    cells = voronoi_cells(places, cutoff_m) if len(places) else []
    for cell, number in zip(cells, people, strict=True):
        whole = area_of(cell if floor is None else clip_to_convex(floor, cell))
        if whole > 0:
            total += number * area_of(clip_to_convex(zone, cell)) / whole
    return total
