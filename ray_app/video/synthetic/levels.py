"""How strong each situation truly is, from exact places: the yardstick for what is found.

Written apart from `ray_app.situations` on purpose, from the definitions alone: no tracking, no
smoothing, no sigma.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import Points, inside_polygon, polygon_area, signed_distance_to_line
from ray_app.domain.place import Line
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.crowd_movement import CrowdMovementSettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.scenario import LevelledSettings, Scenario

FloatArray = NDArray[np.float64]


def true_levels(scenario: Scenario, cast: Cast, settings: LevelledSettings) -> FloatArray:
    """Returns the level at every frame; NaN where the situation has none yet."""
    if isinstance(settings, CrowdDensitySettings):
        polygon = scenario.zone(settings.zone).polygon_m
        return count_people(cast, polygon) / polygon_area(polygon)
    if isinstance(settings, RestrictedAreaSettings):
        return _deep_inside(scenario, cast, settings)
    if isinstance(settings, CounterflowSettings):
        return _against(scenario, cast, settings)
    if isinstance(settings, CrowdMovementSettings):
        return _rush(scenario, cast, settings)
    return _waiting_s(scenario, cast, settings)


def count_people(cast: Cast, polygon: Points) -> FloatArray:
    """Returns how many people are inside at every frame."""
    inside = inside_polygon(cast.postures.xy_m, polygon)
    return _sum_frames(cast, inside)


def line_crossings(cast: Cast, line: Line) -> list[tuple[int, int, int]]:
    """Returns (frame, person, +1 out or -1 back) of every crossing, in order of time.

    The frame is the first after the crossing. Feet must pass between the ends of the line.
    """
    found = []
    start, end = np.array(line.start_m), np.array(line.end_m)
    for track in cast.tracks:
        side = signed_distance_to_line(track.xy_m, line.start_m, line.end_m)
        for k in np.flatnonzero((side[:-1] > 0) != (side[1:] > 0)):
            share = side[k] / (side[k] - side[k + 1])
            place = track.xy_m[k] + share * (track.xy_m[k + 1] - track.xy_m[k])
            along = float((place - start) @ (end - start)) / line.width_m**2
            if 0 <= along <= 1:
                way = 1 if side[k + 1] > 0 else -1
                found.append((track.first_frame + int(k) + 1, track.person_id, way))
    return sorted(found)


def _sum_frames(cast: Cast, counted: NDArray[np.bool_]) -> FloatArray:
    total = np.concatenate([[0], np.cumsum(counted)])
    return np.asarray(total[cast.starts[1:]] - total[cast.starts[:-1]], np.float64)


def _deep_inside(scenario: Scenario, cast: Cast, settings: RestrictedAreaSettings) -> FloatArray:
    polygon = scenario.zone(settings.zone).polygon_m
    places = cast.postures.xy_m
    deep = inside_polygon(places, polygon)
    if settings.margin_m:
        corners = np.array(polygon)
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            share = np.clip((places - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            nearest = a + share[:, None] * (b - a)
            deep &= np.linalg.norm(places - nearest, axis=1) >= settings.margin_m
    return _sum_frames(cast, deep)


def _against(scenario: Scenario, cast: Cast, settings: CounterflowSettings) -> FloatArray:
    polygon = scenario.zone(settings.zone).polygon_m
    way = np.array(settings.direction_m) / math.hypot(*settings.direction_m)
    lag = round(settings.window_s * cast.rate_hz)
    level = np.zeros(cast.frames)
    for track in cast.tracks:
        before = track.xy_m[np.maximum(0, np.arange(len(track.xy_m)) - lag)]
        back = -(track.xy_m - before) @ way
        counts = inside_polygon(track.xy_m, polygon) & (back >= settings.min_displacement_m)
        level[track.first_frame : track.first_frame + len(counts)] += counts
    return level


def _rush(scenario: Scenario, cast: Cast, settings: CrowdMovementSettings) -> FloatArray:
    """Returns the speed that min_people reach or exceed at every frame, over that of a rush."""
    polygon = scenario.zone(settings.zone).polygon_m
    lag = round(settings.window_s * cast.rate_hz)
    speeds: list[list[float]] = [[] for _ in range(cast.frames)]
    for track in cast.tracks:
        way = np.linalg.norm(track.xy_m[lag:] - track.xy_m[:-lag], axis=1) / settings.window_s
        inside = inside_polygon(track.xy_m[lag:], polygon)
        for k in np.flatnonzero(inside).tolist():
            speeds[track.first_frame + lag + k].append(float(way[k]))
    least = settings.min_people
    return np.array(
        [sorted(each)[-least] / settings.rush_m_s if len(each) >= least else 0.0 for each in speeds]
    )


def _waiting_s(scenario: Scenario, cast: Cast, settings: BottleneckSettings) -> FloatArray:
    queue = count_people(cast, scenario.zone(settings.queue_zone).polygon_m)
    passed = np.zeros(cast.frames)
    for frame, _, way in line_crossings(cast, scenario.line(settings.line)):
        passed[frame] += way > 0
    window = round(settings.window_s * cast.rate_hz)
    total = np.concatenate([[0], np.cumsum(passed)])
    level = np.full(cast.frames, np.nan)
    for k in range(cast.frames):
        first = max(0, k + 1 - window)
        covered_s = (k + 1 - first) / cast.rate_hz
        if covered_s >= settings.window_s / 2:
            flow = max(total[k + 1] - total[first], 1.0) / covered_s
            level[k] = queue[k] / flow if queue[k] >= settings.min_people else 0.0
    return level
