"""What goes wrong in a scenario, with its exact start."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.video.synthetic.bag import BagWay
from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.levels import true_levels
from ray_app.video.synthetic.scenario import Point3, Scenario, Watch

UNITS = {
    "crowd_density": "people/m2",
    "bottleneck": "s",
    "counterflow": "people",
    "restricted_area": "people and vehicles",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong.

    Attributes:
        situation: Name of the situation.
        cameras: Cameras that watch for it, or see it.
        place: Zone or line.
        start_s: First crossing of open_at by the true level; the moment itself where there is
            no level.
        end_s: When the level fell below close_at for good; None when it lasts to the end.
        level: Highest true level; None where there is no level.
        unit: Of the level.
    """

    situation: str
    cameras: tuple[str, ...]
    place: str
    start_s: float
    end_s: float | None
    level: float | None = None
    unit: str | None = None


def find_incidents(scenario: Scenario, cast: Cast, bag: BagWay | None) -> tuple[Incident, ...]:
    """Returns every incident, in order of start."""
    found = [i for watch in _watches(scenario) for i in _watched(scenario, cast, watch)]
    if scenario.bag is not None and bag is not None and bag.left_frame is not None:
        left_s, (x, y) = bag.left_frame / cast.rate_hz, bag.xy_m[-1].tolist()
        cameras = _cameras_that_see(scenario, (x, y, 0.4), left_s)
        found.append(Incident("abandoned_object", cameras, scenario.bag.zone, left_s, None))
    if scenario.fire is not None and scenario.fire.start_s < scenario.seconds:
        fire = scenario.fire
        cameras = _cameras_that_see(scenario, fire.place_m, fire.start_s)
        found.append(Incident("fire_start", cameras, fire.zone, fire.start_s, None))
    for camera in scenario.cameras:
        if camera.freezes_s is not None and camera.freezes_s[0] < scenario.seconds:
            start_s, end_s = camera.freezes_s
            name = camera.camera_id
            found.append(Incident("camera_frozen", (name,), name, start_s, end_s))
    return tuple(sorted(found, key=lambda incident: (incident.start_s, incident.situation)))


def level_spans(
    levels: NDArray[np.float64], rate_hz: float, alarm: HysteresisSettings
) -> list[tuple[int, int | None]]:
    """Returns (first frame, frame after the last or None) of every alarm a level deserves."""
    hold, release = round(alarm.hold_s * rate_hz), round(alarm.release_s * rate_hz)
    high, low = levels >= alarm.open_at, levels < alarm.close_at
    spans: list[tuple[int, int | None]] = []
    k = 0
    while k < len(levels):
        if not high[k : k + hold + 1].all() or k + hold >= len(levels):
            k += 1
            continue
        end = next(
            (e for e in range(k, len(levels) - release) if low[e : e + release + 1].all()), None
        )
        spans.append((k, end))
        k = len(levels) if end is None else end
    return spans


def _cameras_that_see(scenario: Scenario, place_m: Point3, time_s: float) -> tuple[str, ...]:
    seeing = []
    for camera in scenario.cameras:
        pixel, depth = camera.view_at(time_s, (16, 9)).project(np.array(place_m))
        if depth > 0 and 0 <= pixel[0] < 16 and 0 <= pixel[1] < 9:
            seeing.append(camera.camera_id)
    return tuple(seeing)


def _watches(scenario: Scenario) -> list[Watch]:
    watches: list[Watch] = []
    for camera in scenario.cameras:
        watches += [watch for watch in camera.watches if watch not in watches]
    return watches


def _watched(scenario: Scenario, cast: Cast, watch: Watch) -> list[Incident]:
    levels = true_levels(scenario, cast, watch)
    cameras = tuple(c.camera_id for c in scenario.cameras if watch in c.watches)
    found = []
    for first, end in level_spans(levels, cast.rate_hz, watch.alarm):
        found.append(
            Incident(
                situation=watch.situation,
                cameras=cameras,
                place=watch.place,
                start_s=first / cast.rate_hz,
                end_s=None if end is None else end / cast.rate_hz,
                level=round(float(np.nanmax(levels[first:end])), 4),
                unit=UNITS[watch.situation],
            )
        )
    return found
