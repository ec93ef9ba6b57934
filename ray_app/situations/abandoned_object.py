"""Something brought in by somebody and left alone. Unit of level: seconds left alone."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.observation import Label, PictureGrid
from ray_app.domain.place import Zone
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations import passers_by
from ray_app.situations.lost_on_spot import LostOnSpot
from ray_app.situations.passers_by import Passing, covered, people_px, standing_boxes
from ray_app.situations.zone_view import cells_inside

VIEW = "view"
SQUARE = np.ones((3, 3), np.bool_)
Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]

FAST_S = 1.5
"""Time constant of what is there now: somebody who walks past is averaged out."""
STABLE = 9.0
"""A cell this near its fast mean holds still, grey levels."""
CONFIRM_S = 3.0
"""A change that stays so long is a thing, not somebody passing."""
CARRIED_S = 4.0
"""Somebody was at the place at most so long before it changed, or nobody brought anything."""
KNOWN_S = 2.0
"""A place that held still so long without anybody before it is known."""
NEAR_HEIGHTS = 1.5
"""In a picture without calibration an owner is near within so many of their own heights."""
TOUCH_HEIGHTS = 0.5
"""Anybody else attends to a thing only within so many of their own heights."""
ATTENDED_S = 2.0
"""Who stays that near so long attends to the thing; passers-by do not."""
OWNERS_S = 3.0
"""Who was near within so long before a thing appeared may have brought it."""
SAME_HEIGHTS = 0.2
"""Who was nearest within so much of the least gap may be the owner."""
SAME_CELLS, SAME_S = 6, 15.0
"""Patches so near in place and time are one thing: its shadow is seen before itself."""
BUSY_TIMES = 2
"""Cells that changed so often with nobody there are a clock or a screen."""
EDGES = 0.2
"""Grey levels of contrast asked for each of texture."""
CHANGED_VIEW = 0.3
"""When so large a share of the cells changes at once, the light or the camera did."""
GONE_S = 120.0
"""How long a thing that was taken away is still told, at level 0, so that its event closes."""
LIKE_AROUND = 0.75
"""What left a hole is more like its surroundings than before, by this factor."""


@settings
class AbandonedObjectSettings:
    """How things left alone are found.

    Attributes:
        zone: Name of the zone; None takes the whole view.
        contrast: Least change of a cell's mean colour, grey levels; more is asked of cells full
            of edges, which change when a tape flutters or the camera trembles.
        near_m: An owner within this distance attends to the thing, metres; needs a calibration.
        background_s: Time constant of what belongs to the place.
        most_share: Largest share of the picture a thing may cover.
    """

    zone: str | None = None
    contrast: float = 15.0
    near_m: float = 3.0
    background_s: float = 60.0
    most_share: float = 0.03

    def __post_init__(self) -> None:
        refuse_faults(
            between("contrast", self.contrast, 2, 128),
            above("near_m", self.near_m, 0, 100),
            above("background_s", self.background_s, 0, 86400),
            above("most_share", self.most_share, 0, 0.5),
        )


@dataclass(slots=True)
class _Thing:
    """A thing that somebody brought."""

    number: int
    cells: Cells
    since_s: float
    owners: set[int]
    alone_s: float = 0.0
    near_s: float = 0.0
    gone_s: float | None = None


@dataclass(slots=True)
class _Ground:
    """What a camera's cells look like now, and what belongs there."""

    slow: Floats
    fast: Floats
    texture_slow: Floats
    texture_fast: Floats
    changed_s: Floats
    first_s: Floats
    person_s: Floats
    known_s: Floats
    busy: Floats


@dataclass(slots=True)
class _Memory:
    ground: _Ground | None = None
    things: list[_Thing] = field(default_factory=list)
    passing: deque[Passing] = field(default_factory=deque)
    lost: LostOnSpot = field(default_factory=LostOnSpot)
    last_s: float = 0.0
    count: int = 0


class AbandonedObject:
    """Background by two speeds: what is there now against what belongs there, cell by cell.

    After the two-background scheme of Porikli et al. (2008, EURASIP JASP, "Robust abandoned
    object detection using dual foregrounds"). A change that holds still where somebody just was
    becomes a thing; one that nobody brought is light and joins the background; one that looks
    more like its surroundings than before is a hole that a thing left. Seconds count while nobody
    stays near. Things have numbers of their own, never people's.
    """

    name = "abandoned_object"
    unit = "s alone"

    def __init__(self, settings: AbandonedObjectSettings, zone: Zone | None) -> None:
        self._settings, self._zone = settings, zone
        self._memory = _Memory()

    def forget(self) -> None:
        """Drops all memory."""
        self._memory = _Memory(count=self._memory.count)

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns how long each thing has been left alone."""
        place = VIEW if self._zone is None else self._zone.name
        grid = scene.observation.grid
        if grid is None:
            reason = "no grid was taken: add networks.grid, as {width_px: 640}"
            return [Unmeasured(place, reason)]
        inside = cells_inside(self._zone, scene, grid.texture.shape, grid.cell_px)
        if inside is None:
            return [Unmeasured(place, scene.no_ground or "the camera has no calibration")]
        hidden = covered(people_px(scene), grid, margin=1)
        time_s = scene.key.time_s
        passed_s = self._look(
            grid, hidden | passers_by.burning_cells(scene.observation.fire, grid), time_s
        )
        now = self._pass(scene)
        self._find(inside, grid)
        for thing in self._memory.things:
            self._follow(thing, scene, grid, now, passed_s)
        self._memory.things = [
            t for t in self._memory.things if t.gone_s is None or time_s - t.gone_s < GONE_S
        ]
        if not self._memory.things:
            return [Reading(place, 0.0)]
        return [self._reading(place, thing, time_s) for thing in self._memory.things]

    def _reading(self, place: str, thing: _Thing, time_s: float) -> Reading:
        rows, columns = np.nonzero(thing.cells)
        measures = (
            ("here_s", time_s - thing.since_s),
            ("cells", float(len(rows))),
            ("column", float(columns.mean())),
            ("row", float(rows.mean())),
        )
        level = 0.0 if thing.gone_s is not None else thing.alone_s
        return Reading(f"{place}/thing-{thing.number}", level, None, measures)

    def _look(self, grid: PictureGrid, hidden: Cells, time_s: float) -> float:
        """Takes one picture into the two backgrounds; returns the seconds since the last."""
        colours = grid.colours.astype(np.float64)
        texture = grid.texture.astype(np.float64)
        memory = self._memory
        if memory.ground is None or memory.ground.slow.shape != colours.shape:
            never = np.full(texture.shape, -np.inf)
            memory.ground = _Ground(
                slow=colours.copy(),
                fast=colours.copy(),
                texture_slow=texture.copy(),
                texture_fast=texture.copy(),
                changed_s=np.zeros_like(texture),
                first_s=never.copy(),
                person_s=never.copy(),
                known_s=np.where(hidden, 0.0, KNOWN_S),
                busy=np.zeros_like(texture),
            )
            memory.things, memory.last_s = [], time_s
            return 0.0
        ground, passed_s = memory.ground, time_s - memory.last_s
        memory.last_s = time_s
        colours = colours * _gain(ground.slow, colours, ~hidden)
        seen = ~hidden
        fresh = 1 - math.exp(-passed_s / FAST_S)
        steady = seen & (np.abs(colours - ground.fast).max(axis=2) < STABLE)
        # Somebody who steps away uncovers what is there: that is taken at once.
        uncovered = seen & (time_s - ground.person_s < FAST_S)
        share = np.where(uncovered, np.maximum(fresh, 0.5), fresh) * seen
        ground.fast += share[..., None] * (colours - ground.fast)
        ground.texture_fast += share * (texture - ground.texture_fast)
        ground.person_s[hidden] = time_s
        unknown = ground.known_s < KNOWN_S
        ground.known_s = np.where(unknown, (ground.known_s + passed_s) * steady, ground.known_s)
        ground.slow[unknown] = ground.fast[unknown]
        ground.texture_slow[unknown] = ground.texture_fast[unknown]
        change = np.abs(ground.fast - ground.slow).max(axis=2)
        changed = change > self._settings.contrast + EDGES * ground.texture_slow
        if (changed & seen).sum() > CHANGED_VIEW * seen.sum():
            self._absorb(np.ones_like(changed))
            return passed_s
        began = changed & seen & (ground.changed_s == 0)
        ground.first_s[began] = time_s
        ground.changed_s += passed_s * (changed & steady)
        ground.changed_s[seen & ~changed] = 0
        slow = (1 - math.exp(-passed_s / self._settings.background_s)) * (seen & ~changed)
        ground.slow += slow[..., None] * (ground.fast - ground.slow)
        ground.texture_slow += slow * (ground.texture_fast - ground.texture_slow)
        return passed_s

    def _absorb(self, cells: Cells) -> None:
        """Takes what is there now as what belongs there."""
        ground = self._memory.ground
        assert ground is not None  # noqa: S101
        ground.slow[cells] = ground.fast[cells]
        ground.texture_slow[cells] = ground.texture_fast[cells]
        ground.changed_s[cells] = 0

    def _pass(self, scene: Scene) -> Passing:
        """Notes where everybody stands; returns it."""
        tracks, time_s = scene.tracks, scene.key.time_s
        people = tracks.labels == Label.PERSON
        boxes = tracks.boxes_px[people].reshape(-1, 4).astype(np.float64)
        now = Passing(time_s, tracks.ids[people], boxes)
        passing = self._memory.passing
        passing.append(now)
        while passing[0].time_s < time_s - CONFIRM_S - OWNERS_S - CARRIED_S:
            passing.popleft()
        return now

    def _find(self, inside: Cells, grid: PictureGrid) -> None:
        """Makes things of changes that stay; what is none joins the background."""
        ground = self._memory.ground
        assert ground is not None  # noqa: S101
        kept = ground.changed_s >= CONFIRM_S
        kept[[0, -1]] = kept[:, [0, -1]] = False  # of what the edge cuts nobody sees the rest
        if not kept.any():
            return
        labels, count = ndimage.label(kept, structure=SQUARE)
        for number in range(1, count + 1):
            cells = labels == number
            since_s = float(ground.first_s[cells].min())
            if self._join(cells, since_s):
                continue
            if not self._is_thing(cells, inside):
                self._absorb(cells)
                continue
            thing = self._bring(cells, grid, since_s)
            if thing is None:
                ground.busy[cells] += 1
                self._absorb(cells)
            else:
                self._memory.things.append(thing)

    def _join(self, cells: Cells, since_s: float) -> bool:
        """Adds a patch to the thing it belongs to; returns whether there is one."""
        for thing in self._memory.things:
            if thing.gone_s is not None:
                continue
            if (cells & ndimage.binary_dilation(thing.cells, iterations=2)).any():
                return True
            near = ndimage.binary_dilation(thing.cells, SQUARE, iterations=SAME_CELLS)
            if abs(since_s - thing.since_s) <= SAME_S and (cells & near).any():
                thing.cells = thing.cells | cells
                return True
        return False

    def _bring(self, cells: Cells, grid: PictureGrid, since_s: float) -> _Thing | None:
        """Returns the thing with who stood nearest when it appeared; None when nobody was near.

        Tracks break and begin again, so several numbers may be one owner.
        """
        at_px = _foot(cells, grid)
        nearest: dict[int, float] = {}
        for then in self._memory.passing:
            if since_s - OWNERS_S <= then.time_s <= since_s + CONFIRM_S:
                for number, gap in zip(then.ids.tolist(), then.gaps(at_px).tolist(), strict=True):
                    nearest[number] = min(gap, nearest.get(number, math.inf))
        least = min(nearest.values(), default=math.inf)
        if least > NEAR_HEIGHTS:
            return None
        if self._memory.lost.explains(
            self._memory.passing, nearest, passers_by.patch_sides(cells, grid), since_s
        ):
            return None
        owners = {number for number, gap in nearest.items() if gap <= least + SAME_HEIGHTS}
        here = [
            then.time_s
            for then in self._memory.passing
            if (then.gaps(at_px)[np.isin(then.ids, list(owners))] <= NEAR_HEIGHTS).any()
        ]
        self._memory.count += 1
        alone_s = self._memory.last_s - max(here, default=since_s)
        return _Thing(self._memory.count, cells, since_s, owners, alone_s)

    def _is_thing(self, cells: Cells, inside: Cells) -> bool:
        """Returns whether a lasting change is something that somebody brought."""
        ground = self._memory.ground
        assert ground is not None  # noqa: S101
        if not (cells & inside).any() or cells.sum() > self._settings.most_share * cells.size:
            return False
        touched = ndimage.binary_dilation(cells, iterations=1)
        if ground.person_s[touched].max() < ground.first_s[cells].min() - CARRIED_S:
            ground.busy[cells] += 1
            return False
        if ground.busy[cells].max() >= BUSY_TIMES:
            return False
        ring = ndimage.binary_dilation(cells, iterations=3) & ~touched & (ground.changed_s == 0)
        if ring.sum() < 3:
            return True
        stands_out_now = _stands_out(ground.fast, ground.texture_fast, cells, ring)
        stood_out_before = _stands_out(ground.slow, ground.texture_slow, cells, ring)
        return stands_out_now > LIKE_AROUND * stood_out_before

    def _follow(
        self, thing: _Thing, scene: Scene, grid: PictureGrid, now: Passing, passed_s: float
    ) -> None:
        ground = self._memory.ground
        assert ground is not None  # noqa: S101
        if thing.gone_s is not None:
            return
        seen = thing.cells & (ground.person_s < now.time_s)
        still = seen & (ground.changed_s > 0)
        if seen.sum() > 0.5 * thing.cells.sum() and still.sum() < 0.3 * seen.sum():
            thing.gone_s = now.time_s
            self._absorb(thing.cells)
            return
        if (covered(standing_boxes(self._memory.passing, now), grid, margin=0) & thing.cells).any():
            thing.alone_s = thing.near_s = 0.0  # it may be that person, seen now and then
            return
        owner, other = self._who_is_near(thing, scene, grid, now)
        thing.near_s = thing.near_s + passed_s if other else 0.0
        if owner or thing.near_s >= ATTENDED_S:
            thing.alone_s = 0.0
        else:
            thing.alone_s += passed_s

    def _who_is_near(
        self, thing: _Thing, scene: Scene, grid: PictureGrid, now: Passing
    ) -> tuple[bool, bool]:
        """Returns whether an owner is near, and whether anybody is near enough to touch it."""
        if len(now.ids) == 0:
            return False, False
        at_px = _foot(thing.cells, grid)
        gaps = now.gaps(at_px)
        near = gaps <= NEAR_HEIGHTS
        if scene.projection is not None:
            thing_m = scene.projection.feet_to_ground(at_px[None]).xy_m
            people_m = scene.projection.feet_to_ground(now.feet_px).xy_m
            away_m = np.linalg.norm(people_m - thing_m, axis=1)
            near = np.where(np.isfinite(away_m), away_m <= self._settings.near_m, near)
        owners = np.isin(now.ids, list(thing.owners))
        return bool((near & owners).any()), bool((gaps <= TOUCH_HEIGHTS).any())


def _foot(cells: Cells, grid: PictureGrid) -> Floats:
    """Returns x, y where a thing stands, source pixels, shape (2,)."""
    rows, columns = np.nonzero(cells)
    return np.array([columns.mean() + 0.5, rows.max() + 0.5]) * grid.cell_px


def _gain(slow: Floats, colours: Floats, seen: Cells) -> Floats:
    """Returns what brings a picture to the background's brightness: median ratio per channel."""
    if seen.sum() < 20:
        return np.ones(3)
    ratio = (slow[seen] + 5) / (colours[seen] + 5)
    return np.asarray(np.median(ratio, axis=0).clip(0.5, 2.0))


def _stands_out(colours: Floats, texture: Floats, cells: Cells, ring: Cells) -> float:
    """Returns how unlike its surroundings a patch is, grey levels."""
    colour = np.abs(colours[cells].mean(axis=0) - colours[ring].mean(axis=0)).max()
    return float(colour + abs(texture[cells].mean() - texture[ring].mean()))
