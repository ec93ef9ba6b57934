"""Too many people for the floor they stand on. Unit of level: people per square metre."""

import math

import numpy as np
from scipy.spatial import cKDTree

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import grid_inside, polygon_area
from ray_app.domain.people import count_inside, count_variance, map_share, people_on_ground
from ray_app.domain.place import GroundZone
from ray_app.domain.ranges import above, between, one_of, refuse_faults
from ray_app.domain.scene import GroundCrowd, Scene
from ray_app.domain.settings import settings
from ray_app.situations.smoothing import ExponentialMean, TrendMean
from ray_app.situations.voronoi import voronoi_people
from ray_app.situations.zone_view import ZoneView


@settings
class CrowdDensitySettings:
    """How density is read in one zone.

    Attributes:
        zone: Name of the zone.
        measure: "zone" is people in the zone over its area; "local" is the densest spot of
            `local_radius_m` inside it; "voronoi" shares the floor out to the nearest person
            (Steffen and Seyfried 2010), less jumpy in small zones, for people seen one by one.
        local_radius_m: Radius of the spot for "local", metres.
        smoothing_s: Time constant over which counts are averaged before the level is read.
    """

    zone: str
    measure: str = "zone"
    local_radius_m: float = 1.5
    smoothing_s: float = 1.0

    def __post_init__(self) -> None:
        refuse_faults(
            one_of("measure", self.measure, ("zone", "local", "voronoi")),
            above("local_radius_m", self.local_radius_m, 0, 50),
            between("smoothing_s", self.smoothing_s, 0, 600),
        )


class CrowdDensity:
    """People per square metre in one zone.

    People are tracked feet and the crowd map joined by the rule of `ray_app.domain.people`.
    Sigma joins the error of counting with the error of calibration, which carries people over
    the edge of the zone.
    """

    name = "crowd_density"
    unit = "people/m2"

    def __init__(self, settings: CrowdDensitySettings, zone: GroundZone) -> None:
        self._settings = settings
        self._zone = zone
        self._view = ZoneView(zone)
        self._area_m2 = polygon_area(zone.polygon_m)
        self._spots_m = grid_inside(zone.polygon_m, settings.local_radius_m / 3)
        self._mean = TrendMean(settings.smoothing_s)
        self._sigma = ExponentialMean(settings.smoothing_s)

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns the density of the zone."""
        share_seen = self._view.share_seen(scene)
        refusal = self._view.refusal(scene, share_seen, self._zone.name)
        crowd = people_on_ground(scene)
        if refusal is not None or crowd is None:
            return [] if refusal is None else [refusal]
        floor_m2 = self._area_m2 * share_seen
        people, moved_variance = count_inside(crowd, self._zone.polygon_m)
        variance = count_variance(people, map_share(scene.observation.crowd)) + moved_variance
        density = self._density(crowd, people / floor_m2)
        relative = math.sqrt(variance) / max(people, 1.0)
        sigma = relative * max(density, 1.0 / floor_m2)
        level, count = self._mean.update(scene.key.time_s, (density, people))
        (spread,) = self._sigma.update(scene.key.time_s, (sigma,))
        measures = (("people", count), ("area_m2", floor_m2), ("share_in_view", share_seen))
        return [Reading(self._zone.name, level, spread, measures)]

    def forget(self) -> None:
        """Drops the running means."""
        self._mean.forget()
        self._sigma.forget()

    def _density(self, crowd: GroundCrowd, zone_density: float) -> float:
        if self._settings.measure == "local":
            return densest_spot(crowd, self._spots_m, self._settings.local_radius_m)
        if self._settings.measure == "voronoi":
            return voronoi_people(crowd, self._zone.polygon_m) / self._area_m2
        return zone_density


def densest_spot(crowd: GroundCrowd, spots_m: np.ndarray, radius_m: float) -> float:
    """Returns the highest density of the discs of radius_m around spots_m, people/m2."""
    known = np.isfinite(crowd.places.xy_m).all(axis=1)
    if not known.any():
        return 0.0
    people = crowd.people[known]
    tree = cKDTree(crowd.places.xy_m[known])
    discs = tree.query_ball_point(spots_m, radius_m)
    return max(float(people[rows].sum()) for rows in discs) / (math.pi * radius_m**2)
