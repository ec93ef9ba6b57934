"""Flow through a line from density and speed, for crowds where boxes come and go."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import along_line, inside_polygon, signed_distance_to_line
from ray_app.domain.people import is_person
from ray_app.domain.place import GroundZone, Line
from ray_app.domain.scene import GroundCrowd, Scene
from ray_app.situations.trails import Trails

FASTEST_M_PER_S = 4.0
STRIP_DEPTH_M = 1.5
BEYOND_ENDS_M = 0.3
SPEED_WINDOW_S = 1.0


class PassageFlow:
    """Measures J = rho v b in a strip around a line (Edie 1963; Seyfried et al. 2005).

    The people of the strip times their mean speed across the line over the depth of the strip
    are the people who pass per second. Summed over frames, a person who walks through counts as
    one, a person lost half-way as a half.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._trails = Trails(SPEED_WINDOW_S)
        self.queue_speed_m_per_s = 0.0

    def update(self, scene: Scene, crowd: GroundCrowd, queue: GroundZone) -> float:
        """Takes this instant; returns people per second to the left of the line, 0 or more."""
        assert scene.feet is not None  # noqa: S101  there is no crowd on the ground without
        xy_m = scene.feet.xy_m
        fastest = np.full(len(scene.tracks), FASTEST_M_PER_S)
        self._trails.update(scene.key.time_s, scene.tracks, xy_m, fastest)
        velocities = self._velocities(scene)
        known = np.isfinite(velocities).all(axis=1) & is_person(scene)
        waiting = known & inside_polygon(xy_m, queue.polygon_m)
        speeds = np.hypot(velocities[waiting, 0], velocities[waiting, 1])
        self.queue_speed_m_per_s = float(speeds.mean()) if len(speeds) else 0.0
        passing = known & self._in_strip(xy_m)
        if not passing.any():
            return 0.0
        (x1, y1), (x2, y2) = self._line.start_m, self._line.end_m
        out = np.array([y1 - y2, x2 - x1]) / self._line.width_m
        people = float(crowd.people[self._in_strip(crowd.places.xy_m)].sum())
        mean_speed = float((velocities[passing] @ out).mean())
        return max(people * mean_speed / STRIP_DEPTH_M, 0.0)

    def forget(self) -> None:
        """Drops all trails."""
        self._trails.forget()
        self.queue_speed_m_per_s = 0.0

    def _velocities(self, scene: Scene) -> NDArray[np.float64]:
        velocities = np.full((len(scene.tracks), 2), np.nan)
        for row, track_id in enumerate(scene.tracks.ids.tolist()):
            step = self._trails.step(track_id)
            if step is not None:
                velocities[row] = step[1] / step[0]
        return velocities

    def _in_strip(self, xy_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        line = self._line
        across = signed_distance_to_line(xy_m, line.start_m, line.end_m)
        along = along_line(xy_m, line.start_m, line.end_m)
        beside = (along >= -BEYOND_ENDS_M) & (along <= line.width_m + BEYOND_ENDS_M)
        return np.asarray((np.abs(across) <= STRIP_DEPTH_M / 2) & beside)
