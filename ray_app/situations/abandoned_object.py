"""Something brought in by somebody and left alone. Unit of level: seconds left alone."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.observation import PictureGrid
from ray_app.domain.place import Zone
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations import passers_by
from ray_app.situations.brought_thing import NEAR_HEIGHTS, BroughtThing, foot_px
from ray_app.situations.lost_on_spot import LostOnSpot, Patch
from ray_app.situations.passers_by import Passing, covered, people_px, who_stands
from ray_app.situations.two_backgrounds import TwoBackgrounds
from ray_app.situations.zone_view import cells_inside

VIEW = "view"
Floats = NDArray[np.float64]
Cells = NDArray[np.bool_]

CONFIRM_S = 3.0
"""A change that stays so long is a thing, not somebody passing."""
CARRIED_S = 4.0
"""Somebody was at the place at most so long before it changed, or nobody brought anything."""
OWNERS_S = 3.0
"""Who was near within so long before a thing appeared may have brought it."""
SAME_HEIGHTS = 0.2
"""Who was nearest within so much of the least gap may be the owner."""
BUSY_TIMES = 2
"""Cells that changed so often with nobody there are a clock or a screen."""
GONE_S = 120.0
"""How long a thing that was taken away is still told, at level 0, so that its event closes."""


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
class _Memory:
    """What one camera remembers; `count` is how many things there have been."""

    ground: TwoBackgrounds | None = None
    busy: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    things: list[BroughtThing] = field(default_factory=list)
    passing: deque[Passing] = field(default_factory=deque)
    lost: LostOnSpot = field(default_factory=LostOnSpot)
    last_s: float = 0.0
    count: int = 0


class AbandonedObject:
    """Judges what changed and stays: brought by somebody, light, a hole, or somebody lying.

    A change that holds still where somebody just was becomes a thing; one that nobody brought is
    light and joins the background; one that looks more like its surroundings than before is a
    hole that a thing left. Seconds count while nobody stays near. Things have numbers of their
    own, never people's.
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
        hidden |= passers_by.burning_cells(scene.observation.fire, grid)
        ground, passed_s = self._look(grid, hidden, scene.key.time_s)
        now = self._pass(scene)
        self._find(ground, inside, grid)
        for thing in self._memory.things:
            self._follow(thing, ground, scene, grid, passed_s)
        self._memory.things = [
            thing
            for thing in self._memory.things
            if thing.gone_s is None or now.time_s - thing.gone_s < GONE_S
        ]
        if not self._memory.things:
            return [Reading(place, 0.0)]
        return [_reading(place, thing, grid, now.time_s) for thing in self._memory.things]

    def _look(
        self, grid: PictureGrid, hidden: Cells, time_s: float
    ) -> tuple[TwoBackgrounds, float]:
        """Takes one picture in; returns the backgrounds and the seconds since the last."""
        memory, settings = self._memory, self._settings
        ground, passed_s = memory.ground, time_s - memory.last_s
        memory.last_s = time_s
        if ground is not None and ground.shape == grid.texture.shape:
            ground.look(grid, hidden, time_s, passed_s)
            return ground, passed_s
        memory.ground = TwoBackgrounds(grid, hidden, settings.contrast, settings.background_s)
        memory.busy, memory.things = np.zeros(grid.texture.shape), []
        return memory.ground, 0.0

    def _pass(self, scene: Scene) -> Passing:
        """Notes where everybody stands; returns it."""
        now, passing = passers_by.now_passing(scene), self._memory.passing
        passing.append(now)
        while passing[0].time_s < now.time_s - CONFIRM_S - OWNERS_S - CARRIED_S:
            passing.popleft()
        return now

    def _find(self, ground: TwoBackgrounds, inside: Cells, grid: PictureGrid) -> None:
        """Makes things of changes that stay; what is none joins the background."""
        for cells in ground.patches(CONFIRM_S):
            since_s = float(ground.first_s[cells].min())
            if any(thing.takes_in(cells, since_s) for thing in self._memory.things):
                continue
            if not self._is_thing(ground, cells, inside):
                ground.absorb(cells)
                continue
            thing = self._bring(ground, cells, grid, since_s)
            if thing is None:
                self._memory.busy[cells] += 1
                ground.absorb(cells)
            else:
                self._memory.things.append(thing)

    def _is_thing(self, ground: TwoBackgrounds, cells: Cells, inside: Cells) -> bool:
        """Returns whether a lasting change is something that somebody brought."""
        if not (cells & inside).any() or cells.sum() > self._settings.most_share * cells.size:
            return False
        touched = ndimage.binary_dilation(cells, iterations=1)
        if ground.person_s[touched].max() < ground.first_s[cells].min() - CARRIED_S:
            self._memory.busy[cells] += 1
            return False
        return bool(self._memory.busy[cells].max() < BUSY_TIMES) and not ground.is_hole(cells)

    def _patch(
        self, ground: TwoBackgrounds, cells: Cells, grid: PictureGrid, since_s: float
    ) -> Patch:
        ring = ndimage.binary_dilation(cells, iterations=2) & ~cells
        beside = bool((ground.person_s[ring] >= self._memory.last_s).any())
        rows, columns = cells.shape
        picture_px = (columns * grid.cell_px, rows * grid.cell_px)
        return Patch(*passers_by.patch_sides(cells, grid), since_s, beside, picture_px)

    def _bring(
        self, ground: TwoBackgrounds, cells: Cells, grid: PictureGrid, since_s: float
    ) -> BroughtThing | None:
        """Returns the thing with who stood nearest when it appeared; None when nobody was near.

        Tracks break and begin again, so several numbers may be one owner.
        """
        memory, at_px = self._memory, foot_px(cells, grid)
        nearest: dict[int, float] = {}
        for then in memory.passing:
            if since_s - OWNERS_S <= then.time_s <= since_s + CONFIRM_S:
                for number, gap in zip(then.ids.tolist(), then.gaps(at_px).tolist(), strict=True):
                    nearest[number] = min(gap, nearest.get(number, math.inf))
        least = min(nearest.values(), default=math.inf)
        if least > NEAR_HEIGHTS:
            return None
        if memory.lost.explains(memory.passing, self._patch(ground, cells, grid, since_s)):
            return None
        owners = {number for number, gap in nearest.items() if gap <= least + SAME_HEIGHTS}
        here = [
            then.time_s
            for then in memory.passing
            if (then.gaps(at_px)[np.isin(then.ids, list(owners))] <= NEAR_HEIGHTS).any()
        ]
        memory.count += 1
        # It cannot have been left alone before it was there.
        alone_s = memory.last_s - max([since_s, *here])
        return BroughtThing(memory.count, cells, since_s, owners, alone_s)

    def _follow(
        self,
        thing: BroughtThing,
        ground: TwoBackgrounds,
        scene: Scene,
        grid: PictureGrid,
        passed_s: float,
    ) -> None:
        if thing.gone_s is not None:
            return
        now = self._memory.passing[-1]
        seen = thing.cells & (ground.person_s < now.time_s)
        still = seen & (ground.changed_s > 0)
        if seen.sum() > 0.5 * thing.cells.sum() and still.sum() < 0.3 * seen.sum():
            thing.gone_s = now.time_s
            ground.absorb(thing.cells)
            return
        stands = who_stands(self._memory.passing, now)
        if (covered(now.boxes_px[stands], grid, margin=0) & thing.cells).any():
            thing.alone_s = thing.near_s = 0.0  # it may be that person, seen now and then
            return
        standing = now.ids[stands].tolist()
        nearby = thing.who_is_near(scene, grid, now, standing, self._settings.near_m)
        thing.pass_time(nearby, passed_s)


def _reading(place: str, thing: BroughtThing, grid: PictureGrid, time_s: float) -> Reading:
    rows, columns = np.nonzero(thing.cells)
    sides = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    names = ("x1_px", "y1_px", "x2_px", "y2_px")
    where = ((name, float(side * grid.cell_px)) for name, side in zip(names, sides, strict=True))
    measures = (("here_s", time_s - thing.since_s), *where)
    level = 0.0 if thing.gone_s is not None else thing.alone_s
    return Reading(f"{place}/thing-{thing.number}", level, None, measures)
