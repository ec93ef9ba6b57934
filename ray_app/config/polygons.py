"""Tells polygons that enclose an area from those that do not."""

from shapely.geometry import Polygon
from shapely.validation import explain_validity

from ray_app.domain.geometry import Points
from ray_app.domain.ranges import KeyFault


def polygon_fault(key: str, polygon: Points | None) -> KeyFault | None:
    """Returns why polygon encloses no area; None where it does, or where there is none."""
    if polygon is None:
        return None
    if len(polygon) < 3:
        return (
            key,
            f"{len(polygon)} points; a polygon has at least 3, as [[0, 0], [10, 0], [10, 5]]",
        )
    if len(set(polygon)) < len(polygon):
        return key, f"the point {_repeated(polygon)} is given twice; the polygon closes by itself"
    shape = Polygon(polygon)
    if shape.convex_hull.area == 0:
        return key, "the points lie on one line; a polygon encloses an area"
    if not shape.is_valid:
        told = explain_validity(shape)
        place = told[told.find("[") :] if "[" in told else told
        return key, f"the outline crosses itself at {place}; give the corners in order around it"
    return None


def _repeated(polygon: Points) -> list[float]:
    return list(next(point for i, point in enumerate(polygon) if point in polygon[:i]))
