"""Somebody or some vehicle where nobody may be. Unit of level: people and vehicles."""

import math

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import Points, distance_to_edges, inside_polygon
from ray_app.domain.observation import Label
from ray_app.domain.people import feet_px
from ray_app.domain.place import GroundZone, Zone
from ray_app.domain.ranges import between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations.zone_view import ZoneView


@settings
class RestrictedAreaSettings:
    """How one closed zone is read.

    Attributes:
        zone: Name of the zone.
        vehicles: Whether vehicles count as well as people.
        margin_m: How far inside the edge feet must be, metres, against calibration error. Not
            used for a zone given in pixels.
    """

    zone: str
    vehicles: bool = True
    margin_m: float = 0.0

    def __post_init__(self) -> None:
        refuse_faults(between("margin_m", self.margin_m, 0, 100))


class RestrictedArea:
    """Counts who stands in a closed zone.

    A box counts from its second sighting on. Sigma says how sure calibration is of the side of
    the edge each one stands on.
    """

    name = "restricted_area"
    unit = "people and vehicles"

    def __init__(self, settings: RestrictedAreaSettings, zone: Zone) -> None:
        self._settings = settings
        self._zone = zone
        self._view = ZoneView(zone) if isinstance(zone, GroundZone) else None
        labels = [Label.PERSON, Label.VEHICLE] if settings.vehicles else [Label.PERSON]
        self._labels = np.array([int(label) for label in labels])

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns how many people and vehicles stand in the zone."""
        counted = np.isin(scene.tracks.labels, self._labels) & (scene.tracks.ages_s > 0)
        labels = scene.tracks.labels[counted]
        if not isinstance(self._zone, GroundZone):
            places = feet_px(scene.tracks.boxes_px[counted])
            inside = inside_polygon(places, self._zone.polygon_px)
            return [self._reading(labels[inside], None)]
        assert self._view is not None  # noqa: S101  made with every zone on the ground
        refusal = self._view.refusal(scene, self._view.share_seen(scene), self._zone.name)
        if scene.feet is None:
            return [] if refusal is None else [refusal]
        places, sigma_m = scene.feet.xy_m[counted], scene.feet.sigma_m[counted]
        depth_m = depth_inside(places, self._zone.polygon_m) - self._settings.margin_m
        inside = depth_m >= 0
        if refusal is not None and not inside.any():
            return [refusal]
        return [self._reading(labels[inside], doubt(depth_m, sigma_m))]

    def forget(self) -> None:
        """Nothing is remembered from frame to frame."""

    def _reading(self, labels: NDArray[np.int16], sigma: float | None) -> Reading:
        people = float((labels == Label.PERSON).sum())
        vehicles = float((labels == Label.VEHICLE).sum())
        measures = (("people", people), ("vehicles", vehicles))
        return Reading(self._zone.name, people + vehicles, sigma, measures)


def depth_inside(places_m: NDArray[np.float64], polygon_m: Points) -> NDArray[np.float64]:
    """Returns how far inside the polygon places are, negative outside; NaN reads as far outside."""
    edge = distance_to_edges(places_m, polygon_m)
    depth = np.where(inside_polygon(places_m, polygon_m), edge, -edge)
    return np.where(np.isfinite(depth), depth, -np.inf)


def doubt(depth_m: NDArray[np.float64], sigma_m: NDArray[np.float64]) -> float:
    """Returns one standard deviation of the number inside, each place being normal about itself."""
    known = np.isfinite(depth_m) & np.isfinite(sigma_m)
    scaled = depth_m[known] / np.maximum(sigma_m[known], 1e-6) / math.sqrt(2)
    chance = np.array([0.5 * math.erfc(-value) for value in scaled])
    return float(math.sqrt((chance * (1 - chance)).sum()))
