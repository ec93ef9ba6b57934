"""What goes wrong in a scenario, with its exact start."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.situations.fire_smoke import VIEW
from ray_app.video.synthetic.bag import BagWay
from ray_app.video.synthetic.cast import Cast, falls_after_s
from ray_app.video.synthetic.levels import true_levels
from ray_app.video.synthetic.scenario import CameraPlan, LevelledSettings, Point3, Scenario, Watch
from ray_app.video.synthetic.strides import FALL_S

UNITS = {
    "crowd_density": "people/m2",
    "bottleneck": "s",
    "counterflow": "people",
    "restricted_area": "people and vehicles",
    "crowd_movement": "times limit",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong.

    Attributes:
        situation: Name of the situation.
        cameras: Cameras that watch for it, or see it.
        place: Zone or line.
        start_s: First crossing of open_at by the true level; of a fire and a frozen camera the
            moment itself.
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
    found: list[Incident] = []
    for watch in scenario.watches():
        cameras = tuple(c for c in scenario.cameras if watch in c.watches)
        if isinstance(watch.settings, LevelledSettings):
            found += _watched(scenario, cast, watch, watch.settings)
        elif watch.situation == "fire_smoke":
            found += _burnt(scenario, cameras)
        elif watch.situation == "person_down":
            found += _fallen(scenario, cast, cameras, watch.alarm)
        else:
            found += _left(scenario, cast, bag, cameras, watch.alarm.open_at)
    for camera in scenario.cameras:
        if camera.freezes_s is not None and camera.freezes_s[0] < scenario.seconds:
            start_s, end_s = camera.freezes_s
            name = camera.camera_id
            found.append(Incident("camera_health", (name,), "frozen", start_s, end_s))
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


def _burnt(scenario: Scenario, cameras: tuple[CameraPlan, ...]) -> list[Incident]:
    fire = scenario.fire
    if fire is None or fire.start_s >= scenario.seconds:
        return []
    seeing = _that_see(cameras, fire.place_m, fire.start_s)
    return [Incident("fire_smoke", seeing, VIEW, fire.start_s, None)] if seeing else []


def _left(
    scenario: Scenario,
    cast: Cast,
    bag: BagWay | None,
    cameras: tuple[CameraPlan, ...],
    dwell_s: float,
) -> list[Incident]:
    if bag is None or bag.left_frame is None:
        return []
    left_s, (x, y) = bag.left_frame / cast.rate_hz, bag.xy_m[-1].tolist()
    seeing = _that_see(cameras, (x, y, 0.4), left_s)
    if not seeing or left_s + dwell_s >= scenario.seconds:
        return []
    return [Incident("abandoned_object", seeing, VIEW, left_s + dwell_s, None)]


def _fallen(
    scenario: Scenario, cast: Cast, cameras: tuple[CameraPlan, ...], alarm: HysteresisSettings
) -> list[Incident]:
    """Incidents of people who have lain for as long as it takes to be signalled."""
    found = []
    for track in cast.tracks:
        after_s = falls_after_s(scenario, track, cast.rate_hz)
        if after_s is None or after_s * cast.rate_hz >= len(track.xy_m):
            continue
        down_s = track.first_frame / cast.rate_hz + after_s + FALL_S
        x, y = track.xy_m[-1].tolist()
        seeing = _that_see(cameras, (x, y, 0.2), down_s)
        if seeing and down_s + alarm.open_at < scenario.seconds:
            found.append(Incident("person_down", seeing, VIEW, down_s + alarm.open_at, None))
    return found


def _that_see(cameras: tuple[CameraPlan, ...], place_m: Point3, time_s: float) -> tuple[str, ...]:
    seeing = []
    for camera in cameras:
        pixel, depth = camera.view_at(time_s, (16, 9)).project(np.array(place_m))
        if depth > 0 and 0 <= pixel[0] < 16 and 0 <= pixel[1] < 9:
            seeing.append(camera.camera_id)
    return tuple(seeing)


def _watched(
    scenario: Scenario, cast: Cast, watch: Watch, settings: LevelledSettings
) -> list[Incident]:
    levels = true_levels(scenario, cast, settings)
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
