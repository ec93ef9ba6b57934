"""Which part of a zone the camera sees in this frame."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Unmeasured
from ray_app.domain.geometry import grid_inside, inside_polygon, polygon_area
from ray_app.domain.place import GroundZone, Zone
from ray_app.domain.scene import Scene

LEAST_SHARE_SEEN = 0.5


class ZoneView:
    """Tells how much of one zone on the ground lies in the picture.

    A drone looks elsewhere from one minute to the next; a zone out of sight must never read as
    an empty one.
    """

    def __init__(self, zone: GroundZone) -> None:
        self._zone = zone
        self._nodes_m = grid_inside(zone.polygon_m, np.sqrt(polygon_area(zone.polygon_m)) / 10)

    def share_seen(self, scene: Scene) -> float:
        """Returns the part of the zone inside the picture, 0 to 1; 1 without a projection."""
        if scene.projection is None:
            return 1.0
        px = scene.projection.ground_to_px(self._nodes_m)
        width, height = scene.observation.source_size_px
        with np.errstate(invalid="ignore"):
            seen = (px >= 0).all(axis=1) & (px[:, 0] <= width) & (px[:, 1] <= height)
        return float(seen.mean())

    def refusal(self, scene: Scene, share_seen: float, place: str) -> Unmeasured | None:
        """Returns why the zone cannot be measured, or None when it can."""
        if scene.feet is None:
            return Unmeasured(place, scene.no_ground or no_calibration(scene))
        if share_seen < LEAST_SHARE_SEEN:
            reason = f"less than half of zone {self._zone.name!r} is in the picture"
            return Unmeasured(place, reason)
        return None


def cells_inside(
    zone: Zone | None, scene: Scene, shape: tuple[int, ...], cell_px: float
) -> NDArray[np.bool_] | None:
    """Returns which cells of a map of the picture lie in the zone; None where nobody can say.

    Args:
        zone: On the ground or in the picture; None is the whole picture.
        scene: Tells how the picture lies on the ground.
        shape: Rows and columns of the map.
        cell_px: Side of a cell, source pixels.
    """
    rows, columns = shape
    if zone is None:
        return np.ones((rows, columns), np.bool_)
    y, x = np.mgrid[0:rows, 0:columns]
    centres = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * cell_px
    if not isinstance(zone, GroundZone):
        return inside_polygon(centres, zone.polygon_px).reshape(rows, columns)
    if scene.projection is None:
        return None
    on_ground = scene.projection.sight_at(centres, 0.0)
    return inside_polygon(on_ground, zone.polygon_m).reshape(rows, columns)


def no_calibration(scene: Scene) -> str:
    """Returns the words for a camera that cannot tell metres."""
    camera = scene.key.camera_id
    return f"camera {camera!r} has no calibration, so nothing is known in metres: add one"
