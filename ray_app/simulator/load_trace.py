"""Offered work of an event, second by second and zone by zone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.scaling.load import Anchor
from ray_app.scaling.plan_curve import PlanCurve, PlannedCount
from ray_app.simulator.crowd import FloatArray, Reality, crowd_movements
from ray_app.simulator.event_profile import ARRIVING, LEAVING, EventProfile, ZoneCameras

MOST_OCCUPANCY = 1.3
PLAN_STEP_S = 10


@dataclass(frozen=True, slots=True, eq=False)
class LoadTrace:
    """What the cameras offer.

    Attributes:
        start_s: Of the first second, on the event's clock.
        zones: Names, in the order of the columns.
        work_per_s: Tiles per second at full rate; shape (seconds, zones).
        frames_per_s: Frames per second; same shape.
        fps: Of one active camera; same shape.
        people: In every zone; same shape.
        anchors: Real times of the moments that are told, seconds.
        told_ahead_s: How long before its time a told moment is known, seconds.
    """

    start_s: float
    zones: tuple[str, ...]
    work_per_s: FloatArray
    frames_per_s: FloatArray
    fps: FloatArray
    people: FloatArray
    anchors: tuple[Anchor, ...] = ()
    told_ahead_s: float = 0.0

    @property
    def seconds(self) -> int:
        """Length."""
        return len(self.work_per_s)

    @property
    def total_per_s(self) -> FloatArray:
        """Work of all zones, tiles per second."""
        return np.asarray(self.work_per_s.sum(axis=1))


def planned_reality(profile: EventProfile) -> Reality:
    """Returns the event exactly as planned."""
    return Reality({moment.name: moment.at_min for moment in profile.programme})


def trace_of(
    profile: EventProfile,
    reality: Reality,
    rise: FloatArray | None = None,
    noise: Mapping[str, FloatArray] | None = None,
) -> LoadTrace:
    """Returns the work the cameras offer.

    Work of a zone = cameras sending x frames per second x tiles per frame, where rate and tiles
    grow with occupancy.

    Args:
        profile: The event.
        reality: How it goes.
        rise: Factor on all occupancies at every second, by incidents.
        noise: Factor on one zone's occupancy at every second.
    """
    times_s = seconds_of(profile)
    movements = crowd_movements(profile, reality, times_s / 60.0)
    factor = reality.attendance if rise is None else reality.attendance * rise
    columns = []
    for zone in profile.zones:
        seen = sum(f.weight * movements[f.crowd] for f in zone.follows)
        own = factor if noise is None else factor * noise[zone.name]
        flow = np.clip(movements[ARRIVING] + movements[LEAVING], 0, 1)
        columns.append(_zone(zone, np.clip(seen * own, 0, MOST_OCCUPANCY), flow))
    work, frames, fps, full = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    told = tuple(
        Anchor(moment.name, 60.0 * reality.moments_min[moment.name])
        for moment in profile.programme
        if moment.told
    )
    names = tuple(zone.name for zone in profile.zones)
    return LoadTrace(float(times_s[0]), names, work, frames, fps, full * profile.attendance, told)


def seconds_of(profile: EventProfile) -> FloatArray:
    """Returns every second of the watch on the event's clock."""
    return np.arange(60.0 * profile.from_min, 60.0 * profile.to_min, 1.0)


def plan_curve(profile: EventProfile) -> PlanCurve:
    """Returns what the planner expects, as the policies take it: steps of 10 s."""
    trace = trace_of(profile, planned_reality(profile))
    counted = [i for i, zone in enumerate(profile.zones) if zone.counted]
    return PlanCurve(
        trace.start_s,
        PLAN_STEP_S,
        trace.total_per_s[::PLAN_STEP_S].copy(),
        tuple(Anchor(moment.name, 60.0 * moment.at_min) for moment in profile.programme),
        tuple(PlannedCount(trace.zones[i], trace.people[::PLAN_STEP_S, i].copy()) for i in counted),
    )


def _zone(
    zone: ZoneCameras, occupancy: FloatArray, flow: FloatArray
) -> tuple[NDArray[np.float64], ...]:
    fps = zone.fps[0] + (zone.fps[1] - zone.fps[0]) * np.clip(occupancy / zone.full_fps_at, 0, 1)
    tiles = zone.tiles[0] + (zone.tiles[1] - zone.tiles[0]) * np.clip(occupancy, 0, 1)
    active = zone.active[0] + (zone.active[1] - zone.active[0]) * flow
    frames = zone.cameras * active * fps
    return frames * tiles, frames, fps, occupancy
