"""How many people are in the view and in each zone; known without any calibration."""

import math
from collections.abc import Sequence

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import inside_polygon
from ray_app.domain.people import (
    count_inside,
    count_variance,
    map_share,
    people_in_picture,
    people_on_ground,
)
from ray_app.domain.place import GroundZone, PictureZone, Zone
from ray_app.domain.scene import Scene

VIEW = "view"


class PeopleCount:
    """Counts people, boxes and crowd map joined by the rule of `ray_app.domain.people`.

    Not a situation: it has no alarm, it feeds curves. The place of the whole picture is "view".
    """

    name = "people_count"
    unit = "people"

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns the count of the view, then of each zone."""
        share = map_share(scene.observation.crowd)
        answers: list[Reading | Unmeasured] = [self._view(scene, share)]
        for zone in self._zones:
            if isinstance(zone, PictureZone):
                answers.append(_picture_zone(scene, zone, share))
            else:
                answers.append(_ground_zone(scene, zone, share))
        return answers

    def forget(self) -> None:
        """Nothing is remembered from frame to frame."""

    def _view(self, scene: Scene, share: float) -> Reading:
        people = float(people_in_picture(scene).people.sum())
        sigma = math.sqrt(count_variance(people, share))
        return Reading(VIEW, people, sigma, (("crowd_map_share", share),))


def _picture_zone(scene: Scene, zone: PictureZone, share: float) -> Reading:
    seen = people_in_picture(scene)
    people = float(seen.people[inside_polygon(seen.points_px, zone.polygon_px)].sum())
    return Reading(zone.name, people, math.sqrt(count_variance(people, share)))


def _ground_zone(scene: Scene, zone: GroundZone, share: float) -> Reading | Unmeasured:
    crowd = people_on_ground(scene)
    if crowd is None:
        reason = scene.no_ground or f"camera {scene.key.camera_id!r} has no calibration"
        return Unmeasured(zone.name, reason)
    people, moved_variance = count_inside(crowd, zone.polygon_m)
    return Reading(zone.name, people, math.sqrt(count_variance(people, share) + moved_variance))
