"""A crowd that suddenly runs or surges. Unit of level: times its limit."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import inside_polygon
from ray_app.domain.people import is_person
from ray_app.domain.place import GroundZone
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations.crowd_dynamics import StopAndGo, crowd_pressure, densest, divergence
from ray_app.situations.smoothing import ExponentialMean
from ray_app.situations.trails import Trails
from ray_app.situations.zone_view import ZoneView

FASTEST_M_PER_S = 7.0
"""Nobody sprints faster through a crowd: a longer step is two people under one number."""
STEADY_SHARE = 0.25
"""Share of the way each half of the window must show: a box that jumps is no runner."""
SUDDEN_RATIO = 1.5
"""How many times faster than usual in this place a rush must be: a fun run is no rush."""
USUAL_M_S = 1.0
"""What is taken as usual before anything was seen."""
Floats = NDArray[np.float64]


@settings
class CrowdMovementSettings:
    """How one zone is read.

    Attributes:
        zone: Name of the zone, on the ground.
        rush_m_s: Speed of a rush. Free walking is 1.34 +- 0.26 m/s (Weidmann 1993): of 200
            walkers one is above 2 m/s.
        min_people: How many must be so fast; one runner is no crowd.
        window_s: Time over which a velocity is measured.
        baseline_s: Time constant of what is usual in this place.
        pressure_per_s2: Crowd pressure, density times variance of velocity, above which a dense
            crowd is turbulent: 0.02 (Helbing, Johansson and Al-Abideen 2007).
        min_density_m2: Density from which pressure and stops count, people per square metre.
        stops_per_min: Stops of a person in a minute above which a dense crowd stops and goes.
    """

    zone: str
    rush_m_s: float = 2.0
    min_people: int = 5
    window_s: float = 1.0
    baseline_s: float = 60.0
    pressure_per_s2: float = 0.02
    min_density_m2: float = 3.0
    stops_per_min: float = 4.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("rush_m_s", self.rush_m_s, 0, FASTEST_M_PER_S),
            between("min_people", self.min_people, 2, 1000),
            above("window_s", self.window_s, 0, 60),
            above("baseline_s", self.baseline_s, 0, 86400),
            above("pressure_per_s2", self.pressure_per_s2, 0, 100),
            between("min_density_m2", self.min_density_m2, 0, 20),
            above("stops_per_min", self.stops_per_min, 0, 60),
        )


class CrowdMovement:
    """Compares a group's speed with a rush and with what is usual, and pressure with turbulence.

    The level is the largest of three: the speed that `min_people` people reach or exceed, over
    `rush_m_s` and over 1.5 times the usual such speed, whichever is less; and, where the crowd is
    dense, the highest local pressure and the stops of a person in a minute, each over its limit.
    1 is the limit. It needs people who are seen one by one.
    """

    name = "crowd_movement"
    unit = "times limit"

    def __init__(self, settings: CrowdMovementSettings, zone: GroundZone) -> None:
        self._settings, self._zone = settings, zone
        self._view = ZoneView(zone)
        self._trails = Trails(settings.window_s)
        self._stops = StopAndGo()
        self._usual = ExponentialMean(settings.baseline_s)
        self._usual_m_s: float | None = None

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns how near the crowd in the zone is to a rush or to turbulence."""
        refusal = self._view.refusal(scene, self._view.share_seen(scene), self._zone.name)
        if refusal is not None or scene.feet is None:
            return [] if refusal is None else [refusal]
        places = scene.feet.xy_m
        fastest = np.full(len(scene.tracks), FASTEST_M_PER_S)
        self._trails.update(scene.key.time_s, scene.tracks, places, fastest)
        here = inside_polygon(places, self._zone.polygon_m) & is_person(scene)
        ids, xy_m, velocity, noise = self._velocities(scene.tracks.ids[here], places[here])
        group_m_s = self._group_speed(velocity)
        usual_m_s = USUAL_M_S if self._usual_m_s is None else self._usual_m_s
        rush = min(group_m_s / self._settings.rush_m_s, group_m_s / (SUDDEN_RATIO * usual_m_s))
        density, pressure = crowd_pressure(
            xy_m, velocity, noise, places[here], self._settings.min_people
        )
        stops = self._stops.update(scene.key.time_s, ids, np.linalg.norm(velocity, axis=1))
        level = max(rush, self._unrest(density, pressure, densest(places[here]), stops))
        self._learn(scene.key.time_s, group_m_s)
        measures = (
            ("group_speed_m_s", group_m_s),
            ("usual_speed_m_s", usual_m_s),
            ("pressure_per_s2", pressure),
            ("density_m2", density),
            ("divergence_per_s", divergence(xy_m, velocity)),
            ("stops_per_person_min", stops),
            ("people_followed", float(len(velocity))),
        )
        return [Reading(self._zone.name, level, None, measures)]

    def forget(self) -> None:
        """Drops all trails; what is usual in the place stays known."""
        self._trails.forget()
        self._stops.forget()

    def _unrest(self, density: float, pressure: float, most: float, stops: float) -> float:
        """Returns how near a dense crowd is to turbulence or to stop-and-go, times the limit."""
        least = self._settings.min_density_m2
        turbulence = pressure / self._settings.pressure_per_s2 if density >= least else 0.0
        waves = stops / self._settings.stops_per_min if most >= least else 0.0
        return max(turbulence, waves)

    def _learn(self, time_s: float, group_m_s: float) -> None:
        if group_m_s == 0:
            return
        if self._usual_m_s is None:
            self._usual.update(time_s, (USUAL_M_S,))
        (self._usual_m_s,) = self._usual.update(time_s, (group_m_s,))

    def _velocities(
        self, ids: NDArray[np.int64], places: Floats
    ) -> tuple[NDArray[np.int64], Floats, Floats, float]:
        """Returns those followed long enough: ids, places, velocities; and noise variance."""
        window_s = self._settings.window_s
        rows, ways = [], []
        for row, track_id in enumerate(ids.tolist()):
            moved = self._trails.displacement(track_id)
            if moved is not None:
                rows.append(row)
                ways.append(moved)
        if not ways:
            return ids[:0], np.zeros((0, 2)), np.zeros((0, 2)), 0.0
        way = np.stack(ways)
        whole, halves = way[:, 0], way[:, 1:]
        length = np.linalg.norm(whole, axis=1, keepdims=True)
        along = np.einsum("nhk,nk->nh", halves, whole) / np.maximum(length, 1e-9)
        steady = along.min(axis=1) >= STEADY_SHARE * length[:, 0]
        # White noise s of places makes 2 s^2 of the whole way's variance and 6 s^2 of the halves'
        # difference, on each axis.
        difference = halves[:, 1] - halves[:, 0]
        noise = float((difference**2).sum(axis=1).mean()) / 3 / window_s**2
        velocity = whole / window_s
        velocity[~steady] = 0.0
        return ids[rows], places[rows], velocity, noise

    def _group_speed(self, velocity: Floats) -> float:
        speeds = np.sort(np.linalg.norm(velocity, axis=1))[::-1]
        count = self._settings.min_people
        return float(speeds[count - 1]) if len(speeds) >= count else 0.0
