"""A passage that clears too slowly. Unit of level: seconds to clear the queue at its outflow."""

import math
from collections import deque

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import polygon_area
from ray_app.domain.people import count_inside, count_variance, map_share, people_on_ground
from ray_app.domain.place import GroundZone, Line
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.scene import GroundPoints, Scene
from ray_app.domain.settings import settings
from ray_app.situations.line_crossings import LineCrossings
from ray_app.situations.passage_flow import PassageFlow
from ray_app.situations.smoothing import TrendMean
from ray_app.situations.zone_view import ZoneView

QUEUE_SMOOTHING_S = 2.0


@settings
class BottleneckSettings:
    """How one passage is read.

    Attributes:
        line: Name of the line people pass; its order start->end has the way out on its left.
        queue_zone: Name of the zone before the line where people wait.
        window_s: Time over which flow is averaged.
        capacity_per_m_s: Flow per metre of width the passage can carry, people/(m s).
            Default: Weidmann 1993; SFPE handbook gives 1.3, Green Guide 1.37.
        min_people: Fewer people in the queue zone than this never make a bottleneck.
    """

    line: str
    queue_zone: str
    window_s: float = 15.0
    capacity_per_m_s: float = 1.22
    min_people: float = 4.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("window_s", self.window_s, 0, 3600),
            above("capacity_per_m_s", self.capacity_per_m_s, 0, 10),
            between("min_people", self.min_people, 0, 100_000),
        )


class Bottleneck:
    """Waiting time before one passage: people in its queue over its outflow (Little 1961).

    Outflow is the larger of two estimates, as either can only miss people: tracks counted over
    the line, and density x speed x width at the line (J = rho v b) with the people of the crowd
    map where there is one. It is never taken below one person per window, so a passage at a
    standstill still has a level.
    """

    name = "bottleneck"
    unit = "s"

    def __init__(self, settings: BottleneckSettings, line: Line, queue: GroundZone) -> None:
        self._settings = settings
        self._line = line
        self._queue = queue
        self._view = ZoneView(queue)
        self._area_m2 = polygon_area(queue.polygon_m)
        self._crossings = LineCrossings(line)
        self._flow = PassageFlow(line)
        self._people = TrendMean(QUEUE_SMOOTHING_S)
        # Per frame: time, seconds since the frame before, people out, people out by density.
        self._window: deque[tuple[float, float, int, float]] = deque()
        self._last_s: float | None = None

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns the seconds the queue needs to clear."""
        share_seen = self._view.share_seen(scene)
        refusal = self._view.refusal(scene, share_seen, self._line.name)
        crowd = people_on_ground(scene)
        if refusal is not None or crowd is None or scene.feet is None:
            self._last_s = None  # what passed meanwhile is not known
            return [] if refusal is None else [refusal]
        self._take(scene, scene.feet)
        people, moved_variance = count_inside(crowd, self._queue.polygon_m)
        share = map_share(scene.observation.crowd)
        variance = count_variance(people, share) + moved_variance
        people, variance = self._people.update(scene.key.time_s, (people, variance))
        covered_s = sum(step_s for _, step_s, _, _ in self._window)
        if covered_s < self._settings.window_s / 2 - 1e-6:
            reason = f"flow needs {self._settings.window_s / 2:g} s of footage first"
            return [Unmeasured(self._line.name, reason)]
        return [self._reading(people, variance, covered_s, share_seen)]

    def forget(self) -> None:
        """Drops the window and every track."""
        self._crossings.forget()
        self._flow.forget()
        self._people.forget()
        self._window.clear()
        self._last_s = None

    def _take(self, scene: Scene, feet: GroundPoints) -> None:
        time_s, last_s = scene.key.time_s, self._last_s
        self._last_s = time_s
        out, _ = self._crossings.update(time_s, scene.tracks, feet.xy_m)
        by_density = self._flow.update(scene, self._queue)
        if last_s is not None:
            self._window.append((time_s, time_s - last_s, out, by_density * (time_s - last_s)))
        while self._window and self._window[0][0] <= time_s - self._settings.window_s + 1e-6:
            self._window.popleft()

    def _reading(
        self, people: float, variance: float, covered_s: float, share_seen: float
    ) -> Reading:
        s = self._settings
        crossed = sum(out for _, _, out, _ in self._window)
        by_density = max(sum(passed for _, _, _, passed in self._window), 0.0)
        passed = max(float(crossed), by_density)
        flow = max(passed, 1.0) / covered_s
        level = people / flow if people >= s.min_people else 0.0
        relative = math.sqrt(variance / max(people, 1.0) ** 2 + 1.0 / max(passed, 1.0))
        specific = passed / covered_s / self._line.width_m
        measures = (
            ("queue_people", people),
            ("queue_people_per_m2", people / (self._area_m2 * share_seen)),
            ("flow_per_s", passed / covered_s),
            ("flow_by_crossings_per_s", crossed / covered_s),
            ("flow_by_density_per_s", by_density / covered_s),
            ("flow_per_m_s", specific),
            ("capacity_share", specific / s.capacity_per_m_s),
            ("queue_speed_m_per_s", self._flow.queue_speed_m_per_s),
        )
        return Reading(self._line.name, level, level * relative, measures)
