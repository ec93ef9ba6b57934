"""Somebody who stood and now lies. Unit of level: seconds on the ground."""

from dataclasses import dataclass

import numpy as np

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.geometry import inside_polygon
from ray_app.domain.people import feet_px, is_person
from ray_app.domain.place import GroundZone, Zone
from ray_app.domain.ranges import between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations.floor_memory import FloorMemory
from ray_app.situations.passers_by import people_px
from ray_app.situations.zone_view import no_calibration

VIEW = "view"
UPRIGHT_ASPECT = 1.5
"""Height over width of a box from which somebody stands or walks."""
LEAST_UPRIGHT_S = 1.0
LYING_ASPECT = 0.95
"""Height over width of a box below which somebody lies; who sits is about 1.1 to 1.4."""
SUNK_SHARE = 0.7
"""How high a lying box may be, as a share of the height the person had upright."""
RAISED_SHARE = 0.3
"""Who is hidden from below has a low box that ends higher up: that is no fall."""
LOST_S = 3.0
"""For so long a lost track may come back under another number: detectors lose who falls."""
GAP_S = 2.0
EDGE_SHARE = 0.1
"""Whose feet end so near to the edge of the picture, in their own heights, left the picture."""


@settings
class PersonDownSettings:
    """How somebody on the ground is read.

    Attributes:
        zone: Name of the zone; None takes the whole view.
        least_px: Least height somebody must have had upright, pixels: smaller boxes are too
            rough to tell lying from standing.
    """

    zone: str | None = None
    least_px: float = 40.0

    def __post_init__(self) -> None:
        refuse_faults(between("least_px", self.least_px, 8, 4096))


@dataclass(slots=True)
class _Body:
    """What is remembered of one track.

    Attributes:
        height_px: Height upright; 0 before it was ever seen so.
        feet_px: Where it last stood.
        upright_s: For how long it was seen upright.
        lies_since_s: None while it does not lie.
        seen_s: When it was last seen; of a lying one, last seen lying.
        patch: The ground it covers, when it is told by that; None otherwise.
    """

    height_px: float = 0.0
    feet_px: tuple[float, float] = (0.0, 0.0)
    upright_s: float = 0.0
    lies_since_s: float | None = None
    seen_s: float = 0.0
    patch: np.ndarray | None = None

    @property
    def stood(self) -> bool:
        """Whether it was upright long enough to be believed."""
        return self.upright_s >= LEAST_UPRIGHT_S

    @property
    def kept_s(self) -> float:
        """For how long it is remembered unseen."""
        return GAP_S if self.lies_since_s is not None and self.patch is None else LOST_S


class PersonDown:
    """Follows who stood, sank where they stood, and stays down.

    Somebody lies when the box is wider than high, lower than before, and its lower edge is about
    where the feet were; or, with a `grid` network, when nobody is found there any more and the
    ground at the feet shows something as wide and low as a body that was not there before. People
    who lie from the start, or sit, are not told: they did not fall.
    """

    name = "person_down"
    unit = "s down"

    def __init__(self, settings: PersonDownSettings, zone: Zone | None) -> None:
        self._settings, self._zone = settings, zone
        self._bodies: dict[int, _Body] = {}
        self._floor = FloorMemory()
        self._on_floor = 0
        self._last_s: float | None = None

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns for how long the one who lies longest in the place has been down."""
        place = VIEW if self._zone is None else self._zone.name
        now_s = scene.key.time_s
        if isinstance(self._zone, GroundZone) and scene.feet is None:
            return [Unmeasured(place, scene.no_ground or no_calibration(scene))]
        passed_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        inside = self._inside(scene) & is_person(scene)
        boxes = scene.tracks.boxes_px.astype(np.float64)
        for row in np.flatnonzero(inside).tolist():
            track_id = int(scene.tracks.ids[row])
            self._leave_on_floor(track_id)
            if track_id not in self._bodies:
                self._bodies[track_id] = self._take_over(boxes[row], now_s) or _Body()
            self._follow(self._bodies[track_id], boxes[row], now_s, passed_s)
        self._see_on_floor(scene, set(scene.tracks.ids[inside].tolist()))
        self._bodies = {
            i: body for i, body in self._bodies.items() if now_s - body.seen_s <= body.kept_s
        }
        down_s = [
            max(0.0, body.seen_s - body.lies_since_s)
            for body in self._bodies.values()
            if body.lies_since_s is not None
        ]
        measures = (("people_down", float(len(down_s))), ("people_followed", float(inside.sum())))
        return [Reading(place, max(down_s, default=0.0), None, measures)]

    def forget(self) -> None:
        """Drops everybody."""
        self._bodies.clear()
        self._floor = FloorMemory()
        self._last_s = None

    def _leave_on_floor(self, track_id: int) -> None:
        """Keeps who is told by the ground when somebody is followed under their number again.

        Trackers give the number of somebody lost to the next who comes by; if it is them, up
        again, the ground says so.
        """
        body = self._bodies.get(track_id)
        if body is not None and body.patch is not None:
            self._on_floor += 1
            self._bodies[-self._on_floor] = self._bodies.pop(track_id)

    def _see_on_floor(self, scene: Scene, followed: set[int]) -> None:
        """Looks for those who are followed no more as patches on the ground."""
        grid, now_s = scene.observation.grid, scene.key.time_s
        if grid is None:
            return
        self._floor.look(grid, people_px(scene), now_s)
        for track_id, body in self._bodies.items():
            if track_id in followed or not body.stood:
                continue
            if body.height_px < self._settings.least_px or _left_picture(scene, body):
                continue
            if body.patch is not None:
                self._see_again(body, body.patch, now_s)
            else:
                body.patch = self._floor.find_body(body.feet_px, body.height_px, body.seen_s)
                if body.patch is not None and body.lies_since_s is None:
                    body.lies_since_s = now_s

    def _see_again(self, body: _Body, patch: np.ndarray, now_s: float) -> None:
        """A patch counts from its second sighting on: it must stay where it is."""
        there = self._floor.is_there(patch)
        if there:
            body.seen_s = now_s
        elif there is False:
            body.patch = body.lies_since_s = None

    def _inside(self, scene: Scene) -> np.ndarray:
        if self._zone is None:
            return np.ones(len(scene.tracks), np.bool_)
        if isinstance(self._zone, GroundZone):
            assert scene.feet is not None  # noqa: S101  refused before
            return inside_polygon(scene.feet.xy_m, self._zone.polygon_m)
        return inside_polygon(feet_px(scene.tracks.boxes_px), self._zone.polygon_px)

    def _follow(self, body: _Body, box: np.ndarray, now_s: float, passed_s: float) -> None:
        width, height = float(box[2] - box[0]), float(box[3] - box[1])
        aspect = height / max(width, 1e-6)
        if aspect >= UPRIGHT_ASPECT and height >= SUNK_SHARE * body.height_px:
            body.height_px = height
            body.feet_px = (float(box[0] + box[2]) / 2, float(box[3]))
            body.upright_s += passed_s
            body.lies_since_s, body.seen_s = None, now_s
        elif body.stood and self._lies(body, box, aspect, height):
            if body.lies_since_s is None:
                body.lies_since_s = now_s
            body.seen_s = now_s
        elif body.lies_since_s is None:
            body.seen_s = now_s

    def _lies(self, body: _Body, box: np.ndarray, aspect: float, height: float) -> bool:
        if body.height_px < self._settings.least_px or aspect > LYING_ASPECT:
            return False
        across = abs(float(box[0] + box[2]) / 2 - body.feet_px[0])
        raised = body.feet_px[1] - float(box[3])
        return (
            height <= SUNK_SHARE * body.height_px
            and raised <= RAISED_SHARE * body.height_px
            and across <= body.height_px
        )

    def _take_over(self, box: np.ndarray, now_s: float) -> _Body | None:
        """Returns who was lost here a moment ago, when a new lying box may be the same."""
        height = float(box[3] - box[1])
        aspect = height / max(float(box[2] - box[0]), 1e-6)
        lost = [
            (now_s - body.seen_s, i)
            for i, body in self._bodies.items()
            if body.seen_s < now_s and body.stood and self._lies(body, box, aspect, height)
        ]
        return self._bodies.pop(min(lost)[1]) if lost else None


def _left_picture(scene: Scene, body: _Body) -> bool:
    """Returns whether somebody was last seen upright at the edge of the picture."""
    (x, y), edge_px = body.feet_px, EDGE_SHARE * body.height_px
    width, height = scene.observation.source_size_px
    return y > height - edge_px or not edge_px <= x <= width - edge_px
