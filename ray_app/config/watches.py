"""What one camera is asked to watch, with the place of each part in the site file."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ray_app.config.faults import KeyPath
from ray_app.config.schema import (
    AbandonedObjectWatch,
    BottleneckWatch,
    CameraConfig,
    CounterflowWatch,
    CrowdDensityWatch,
    CrowdMovementWatch,
    FireSmokeWatch,
    LineConfig,
    PersonDownWatch,
    RestrictedAreaWatch,
    SiteConfig,
    SituationsConfig,
    ZoneConfig,
)
from ray_app.situations.fire_smoke import VIEW

Watch = (
    CrowdDensityWatch
    | BottleneckWatch
    | CounterflowWatch
    | RestrictedAreaWatch
    | FireSmokeWatch
    | AbandonedObjectWatch
    | CrowdMovementWatch
    | PersonDownWatch
)
SITUATIONS = tuple(field.name for field in dataclasses.fields(SituationsConfig))


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera and where it stands in the file."""

    camera: CameraConfig
    path: KeyPath

    def zone(self, name: str) -> ZoneConfig | None:
        """Returns the zone of that name."""
        return next((zone for zone in self.camera.zones if zone.name == name), None)

    def line(self, name: str) -> LineConfig | None:
        """Returns the line of that name."""
        return next((line for line in self.camera.lines if line.name == name), None)

    def watches(self) -> Iterator[tuple[str, KeyPath, Watch]]:
        """Yields situation, path and settings of each watch."""
        for situation in SITUATIONS:
            for index, watch in enumerate(getattr(self.camera.situations, situation)):
                yield situation, (*self.path, "situations", situation, index), watch


def camera_views(site: SiteConfig) -> tuple[CameraView, ...]:
    """Returns every camera of the site with its place in the file."""
    return tuple(CameraView(c, ("cameras", index)) for index, c in enumerate(site.cameras))


def watched_place(watch: Watch) -> tuple[str, str]:
    """Returns the key that names the place a watch reports, and the name."""
    if isinstance(watch, BottleneckWatch):
        return "line", watch.settings.line
    if isinstance(watch, FireSmokeWatch | AbandonedObjectWatch | PersonDownWatch):
        return "zone", watch.settings.zone or VIEW
    return "zone", watch.settings.zone
