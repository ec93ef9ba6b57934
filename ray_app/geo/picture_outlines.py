"""Where the zones and lines of a site lie in a camera's picture."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import Points
from ray_app.domain.place import GroundZone, Line, Outline, PictureZone, Zone
from ray_app.domain.protocols import GroundProjection

STEPS_AN_EDGE = 16  # straight on the ground may be bent in a picture, or leave it


def outlines_in_picture(
    places: Sequence[Zone | Line], projection: GroundProjection | None
) -> tuple[Outline, ...]:
    """Returns every place that can be laid on the picture, in source pixels.

    Args:
        places: Of one camera.
        projection: At this instant; without one only places in pixels are returned.
    """
    return tuple(_outlines(places, projection))


def _outlines(
    places: Sequence[Zone | Line], projection: GroundProjection | None
) -> Iterator[Outline]:
    for place in places:
        if isinstance(place, PictureZone):
            yield Outline(place.name, place.polygon_px)
        elif projection is not None:
            points_px = projection.ground_to_px(_densely(_points_m(place)))
            kept = points_px[np.isfinite(points_px).all(axis=1)]
            if len(kept) >= 2:
                yield Outline(place.name, tuple((float(x), float(y)) for x, y in kept))


def _points_m(place: GroundZone | Line) -> Points:
    return place.polygon_m if isinstance(place, GroundZone) else (place.start_m, place.end_m)


def _densely(points_m: Points) -> NDArray[np.float64]:
    """Returns points along the closed outline, shape (n, 2)."""
    corners = np.asarray(points_m, np.float64)
    shares = np.arange(STEPS_AN_EDGE)[:, None, None] / STEPS_AN_EDGE
    steps = corners + shares * (np.roll(corners, -1, axis=0) - corners)
    return steps.transpose(1, 0, 2).reshape(-1, 2)
