"""People moving against the common direction. Unit of level: people."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import inside_polygon
from ray_app.domain.people import feet_px, is_person
from ray_app.domain.place import GroundZone, Zone
from ray_app.domain.ranges import above, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations.trails import Trails
from ray_app.situations.zone_view import ZoneView

# Nobody walks faster than 4 m/s through a crowd; a box is about 1.75 m high.
FASTEST_M_PER_S = 4.0
FASTEST_HEIGHTS_PER_S = 2.3
# Share of the displacement each half of the window must show: a box whose feet come out of
# hiding jumps once, a walker moves all the time.
STEADY_SHARE = 0.2


@settings
class CounterflowSettings:
    """How one zone is read.

    Attributes:
        zone: Name of the zone.
        direction_m: The common direction as a vector x, y on the site (or in the picture,
            for a zone given in pixels); its length does not matter.
        window_s: Time over which a displacement is measured.
        min_displacement_m: Displacement against the direction that counts, metres.
        min_displacement_px: The same for a camera without calibration, pixels; None refuses.
    """

    zone: str
    direction_m: tuple[float, float]
    window_s: float = 2.0
    min_displacement_m: float = 1.0
    min_displacement_px: float | None = None

    def __post_init__(self) -> None:
        still = self.direction_m == (0.0, 0.0)
        refuse_faults(
            ("direction_m", "[0, 0] points nowhere; give a vector, as [0, 1]") if still else None,
            above("window_s", self.window_s, 0, 600),
            above("min_displacement_m", self.min_displacement_m, 0, 1000),
            above("min_displacement_px", self.min_displacement_px, 0, 32768),
        )


class Counterflow:
    """Counts the people in a zone who have walked against its direction."""

    name = "counterflow"
    unit = "people"

    def __init__(self, settings: CounterflowSettings, zone: Zone) -> None:
        self._settings = settings
        self._zone = zone
        self._view = ZoneView(zone) if isinstance(zone, GroundZone) else None
        self._trails = Trails(settings.window_s)
        way = np.asarray(settings.direction_m, np.float64)
        self._against = -way / np.linalg.norm(way)

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns how many people in the zone walk against it."""
        if self._view is None:
            return [self._measure_picture(scene)]
        seen = self._view.share_seen(scene)
        refusal = self._view.refusal(scene, seen, self._zone.name)
        if refusal is not None or scene.feet is None:
            return [] if refusal is None else [refusal]
        fastest = np.full(len(scene.tracks), FASTEST_M_PER_S)
        return [self._count(scene, scene.feet.xy_m, fastest, self._settings.min_displacement_m)]

    def forget(self) -> None:
        """Drops all trails."""
        self._trails.forget()

    def _measure_picture(self, scene: Scene) -> Reading | Unmeasured:
        least_px = self._settings.min_displacement_px
        if least_px is None:
            reason = f"zone {self._zone.name!r} is in pixels: set min_displacement_px"
            return Unmeasured(self._zone.name, reason)
        boxes = scene.tracks.boxes_px.astype(np.float64)
        fastest = FASTEST_HEIGHTS_PER_S * (boxes[:, 3] - boxes[:, 1])
        return self._count(scene, feet_px(scene.tracks.boxes_px), fastest, least_px)

    def _count(
        self,
        scene: Scene,
        places: NDArray[np.float64],
        fastest_per_s: NDArray[np.float64],
        least: float,
    ) -> Reading:
        self._trails.update(scene.key.time_s, scene.tracks, places, fastest_per_s)
        zone = self._zone
        polygon = zone.polygon_m if isinstance(zone, GroundZone) else zone.polygon_px
        here = inside_polygon(places, polygon) & is_person(scene)
        moved = [self._trails.displacement(int(i)) for i in scene.tracks.ids[here]]
        against = [d @ self._against for d in moved if d is not None]
        walkers = [d for d in against if d[0] >= least and d[1:].min() >= STEADY_SHARE * d[0]]
        followed = len(against)
        measures = (
            ("people_followed", float(followed)),
            ("share_against", len(walkers) / followed if followed else 0.0),
            ("farthest_against", float(max((d[0] for d in walkers), default=0.0))),
        )
        return Reading(zone.name, float(len(walkers)), None, measures)
