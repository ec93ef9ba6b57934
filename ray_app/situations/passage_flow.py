"""Flow through a line from density and speed, for crowds where boxes come and go."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import along_line, inside_polygon, signed_distance_to_line
from ray_app.domain.people import box_weight, is_person, map_share
from ray_app.domain.place import GroundZone, Line
from ray_app.domain.scene import Scene
from ray_app.situations.trails import Trails

FASTEST_M_PER_S = 4.0
STRIP_DEPTH_M = 1.5
# The strip fades over this depth at both sides, so that coarse cells of a map do not jump in.
FADE_M = 0.75
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

    def update(self, scene: Scene, queue: GroundZone) -> float:
        """Takes this instant; returns people per second to the left of the line.

        Negative when more go the other way; wavering boxes only cancel out over many frames.
        """
        if scene.feet is None:
            return 0.0
        xy_m = scene.feet.xy_m
        fastest = np.full(len(scene.tracks), FASTEST_M_PER_S)
        self._trails.update(scene.key.time_s, scene.tracks, xy_m, fastest)
        steps_m, steps_s = self._steps(scene)
        walking = np.isfinite(steps_s) & is_person(scene)
        xy_m, steps_m, steps_s = xy_m[walking], steps_m[walking], steps_s[walking]
        waiting = inside_polygon(xy_m, queue.polygon_m)
        speeds = np.hypot(steps_m[:, 0], steps_m[:, 1])[waiting] / steps_s[waiting]
        self.queue_speed_m_per_s = float(speeds.mean()) if len(speeds) else 0.0
        (x1, y1), (x2, y2) = self._line.start_m, self._line.end_m
        out = np.array([y1 - y2, x2 - x1]) / self._line.width_m
        # The middle of the step, as the place after it would favour steps towards the line.
        weight = self._share_in_strip(xy_m - steps_m / 2)
        moving = float((steps_m @ out / steps_s * weight).sum())
        return self._joined(scene, moving, float(weight.sum())) / STRIP_DEPTH_M

    def forget(self) -> None:
        """Drops all trails."""
        self._trails.forget()
        self.queue_speed_m_per_s = 0.0

    def _joined(self, scene: Scene, moving: float, tracked: float) -> float:
        """Returns people times speed in the strip, boxes and crowd map joined."""
        if scene.crowd is None or tracked < 1e-9:
            return moving
        share = map_share(scene.observation.crowd)
        in_strip = self._share_in_strip(scene.crowd.places.xy_m)
        mapped = float((scene.crowd.people * in_strip).sum())
        boxes = box_weight(scene.observation.crowd)
        return boxes * moving + share * mapped * moving / tracked

    def _steps(self, scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns last step and its seconds for each track, NaN for one without."""
        steps_m = np.full((len(scene.tracks), 2), np.nan)
        steps_s = np.full(len(scene.tracks), np.nan)
        for row, track_id in enumerate(scene.tracks.ids.tolist()):
            step = self._trails.step(track_id)
            if step is not None:
                steps_s[row], steps_m[row] = step
        return steps_m, steps_s

    def _share_in_strip(self, xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        line = self._line
        across = np.abs(signed_distance_to_line(xy_m, line.start_m, line.end_m))
        along = along_line(xy_m, line.start_m, line.end_m)
        beside = (along >= -BEYOND_ENDS_M) & (along <= line.width_m + BEYOND_ENDS_M)
        depth = np.clip((STRIP_DEPTH_M / 2 + FADE_M / 2 - across) / FADE_M, 0.0, 1.0)
        return np.where(beside, np.nan_to_num(depth), 0.0)
