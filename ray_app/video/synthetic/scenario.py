"""What a scenario is: a place, its people, what goes wrong, and the cameras that see it."""

from dataclasses import dataclass

import numpy as np

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.geometry import Points
from ray_app.domain.place import GroundZone, Line
from ray_app.situations.abandoned_object import AbandonedObjectSettings
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.crowd_movement import CrowdMovementSettings
from ray_app.situations.fire_smoke import VIEW, FireSmokeSettings
from ray_app.situations.person_down import PersonDownSettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.synthetic.scene import Scenery
from ray_app.video.synthetic.view import View, looking_at
from ray_app.video.synthetic.walkers import Group

LevelledSettings = (
    CrowdDensitySettings
    | BottleneckSettings
    | CounterflowSettings
    | RestrictedAreaSettings
    | CrowdMovementSettings
)
WatchSettings = LevelledSettings | FireSmokeSettings | AbandonedObjectSettings | PersonDownSettings
SITUATIONS: dict[type, str] = {
    CrowdDensitySettings: "crowd_density",
    BottleneckSettings: "bottleneck",
    CounterflowSettings: "counterflow",
    RestrictedAreaSettings: "restricted_area",
    CrowdMovementSettings: "crowd_movement",
    FireSmokeSettings: "fire_smoke",
    AbandonedObjectSettings: "abandoned_object",
    PersonDownSettings: "person_down",
}
Point3 = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Watch:
    """One situation watched for, with its alarm levels."""

    settings: WatchSettings
    alarm: HysteresisSettings

    @property
    def situation(self) -> str:
        """Name of the situation."""
        return SITUATIONS[type(self.settings)]

    @property
    def place(self) -> str:
        """Name of the zone or line, "view" for the whole picture."""
        if isinstance(self.settings, BottleneckSettings):
            return self.settings.line
        return self.settings.zone or VIEW


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where a drone is and what it looks at, at one instant."""

    time_s: float
    position_m: Point3
    target_m: Point3


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """One camera.

    Attributes:
        camera_id: Its name; its file is named after it.
        path: One waypoint for a fixed camera; a drone flies from one to the next.
        horizontal_fov_deg: Horizontal field of view.
        watches: What it watches for.
        freezes_s: Start and end of a time in which its picture stands still.
        tiles: Tiles along a side its object finder needs to see people large enough.
    """

    camera_id: str
    path: tuple[Waypoint, ...]
    horizontal_fov_deg: float
    watches: tuple[Watch, ...] = ()
    freezes_s: tuple[float, float] | None = None
    tiles: int = 1

    @property
    def flies(self) -> bool:
        """Whether it is a drone."""
        return len(self.path) > 1

    def view_at(self, time_s: float, size_px: tuple[int, int]) -> View:
        """Returns where it is and looks; smooth between waypoints, still after the last."""
        times = [point.time_s for point in self.path]
        after = int(np.clip(np.searchsorted(times, time_s), 1, max(1, len(times) - 1)))
        first, second = self.path[after - 1], self.path[min(after, len(times) - 1)]
        share = 0.0
        if second.time_s > first.time_s:
            share = float(np.clip((time_s - first.time_s) / (second.time_s - first.time_s), 0, 1))
        share = share * share * (3 - 2 * share)
        position = _between(first.position_m, second.position_m, share)
        target = _between(first.target_m, second.target_m, share)
        return looking_at(position, target, self.horizontal_fov_deg, size_px)


@dataclass(frozen=True, slots=True)
class BagPlan:
    """A suitcase somebody leaves.

    Attributes:
        group: The group of one that carries it and halts where it stays behind.
    """

    group: str


@dataclass(frozen=True, slots=True)
class FirePlan:
    """A fire that starts small.

    Attributes:
        place_m: Where it burns.
        start_s: When the first flame shows.
    """

    place_m: Point3
    start_s: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is drawn and everything that is known.

    Attributes:
        name: Its name on the command line.
        site: Name of the site in the site file.
        seconds: Length of the footage.
        scenery: What stands still.
        area_m: Where people can walk.
        obstacles_m: What they walk around.
        groups: Who walks.
        cameras: Who looks.
        zones: Named areas.
        lines: Named lines; left of start -> end is the way out.
        bag: A bag left behind, if any.
        fire: A fire, if any.
    """

    name: str
    site: str
    seconds: float
    scenery: Scenery
    area_m: Points
    obstacles_m: tuple[Points, ...]
    groups: tuple[Group, ...]
    cameras: tuple[CameraPlan, ...]
    zones: tuple[GroundZone, ...]
    lines: tuple[Line, ...] = ()
    bag: BagPlan | None = None
    fire: FirePlan | None = None

    def zone(self, name: str) -> GroundZone:
        """Returns the zone of that name."""
        return next(zone for zone in self.zones if zone.name == name)

    def watches(self) -> list[Watch]:
        """Returns every watch once."""
        found: list[Watch] = []
        for camera in self.cameras:
            found += [watch for watch in camera.watches if watch not in found]
        return found

    def line(self, name: str) -> Line:
        """Returns the line of that name."""
        return next(line for line in self.lines if line.name == name)


def _between(first: Point3, second: Point3, share: float) -> Point3:
    x, y, z = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return x, y, z
