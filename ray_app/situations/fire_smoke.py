"""A fire that starts: flame or smoke that stays and was not there before. Unit: certainty."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.place import Zone
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.scene import Scene
from ray_app.domain.settings import settings
from ray_app.situations.zone_view import cells_inside

VIEW = "view"
CELLS_TOLD = 4
"""The level is the mean of the surest cells of one place; one cell alone may be noise."""
SMOOTHEST = 1e-6
LEAST_ROOM = 0.5
"""Where the baseline is high, what is above it counts at most twice."""
Floats = NDArray[np.float64]


@settings
class FireSmokeSettings:
    """How flame and smoke are read.

    Attributes:
        zone: Name of the zone; None takes the whole view.
        evidence_s: Time constant over which certainty is averaged: what flares up for one frame
            is no fire.
        baseline_s: Time constant of what the camera always shows: a lamp, a sign, a sunset that the
            network half takes for fire raises the level needed there, not elsewhere.
        smoke: Whether smoke counts as well as flame.
    """

    zone: str | None = None
    evidence_s: float = 2.0
    baseline_s: float = 300.0
    smoke: bool = True

    def __post_init__(self) -> None:
        refuse_faults(
            between("evidence_s", self.evidence_s, 0, 600),
            above("baseline_s", self.baseline_s, 0, 86400),
        )


class FireSmoke:
    """Averages certainty cell by cell, takes off what was always there, tells the surest place.

    Level is 0 to 1. Flame and smoke are averaged apart and told apart; the level is the larger.
    For flame the baseline begins at nothing, so that footage that begins with a fire tells of it;
    for smoke with the first picture, since haze, spray and pale walls are there from the start.
    """

    name = "fire_smoke"
    unit = "certainty"

    def __init__(self, settings: FireSmokeSettings, zone: Zone | None) -> None:
        self._settings, self._zone = settings, zone
        self._recent: Floats | None = None
        self._baseline: Floats | None = None
        self._first_s = self._last_s = 0.0

    def measure(self, scene: Scene) -> list[Reading | Unmeasured]:
        """Returns how sure it is that something burns or smokes in the place."""
        place = VIEW if self._zone is None else self._zone.name
        fire = scene.observation.fire
        if fire is None:
            reason = "no fire network looked: add networks.fire, as {name: fire_smoke_detector}"
            return [Unmeasured(place, reason)]
        inside = cells_inside(self._zone, scene, fire.flame.shape, fire.cell_px)
        if inside is None:
            return [Unmeasured(place, scene.no_ground or "the camera has no calibration")]
        now = np.stack([fire.flame, fire.smoke]).astype(np.float64) / 255
        recent, baseline = self._follow(now, scene.key.time_s)
        # A place that is always half sure must become surer by as much as it lacks; what is always
        # there wavers by a cell.
        usual = ndimage.maximum_filter(baseline, size=(1, 3, 3))
        novel = (recent - usual).clip(0) / np.maximum(1 - usual, LEAST_ROOM)
        level = [surest(each * inside) for each in novel]
        flame, smoke = level[0], level[1] if self._settings.smoke else 0.0
        cells = float(((novel.max(axis=0) >= 0.5) & inside).sum() / max(1, inside.sum()))
        measures = (("flame", flame), ("smoke", smoke), ("share_of_place", cells))
        return [Reading(place, max(flame, smoke), None, measures)]

    def forget(self) -> None:
        """Drops all memory: the footage was interrupted."""
        self._recent = self._baseline = None

    def _follow(self, now: Floats, time_s: float) -> tuple[Floats, Floats]:
        """Returns the recent mean and the baseline, both with this frame in."""
        if self._recent is None or self._baseline is None or self._recent.shape != now.shape:
            self._recent, self._baseline = np.zeros_like(now), np.zeros_like(now)
            self._recent[1] = self._baseline[1] = now[1]
            passed_s, self._first_s = 0.2, time_s
        else:
            passed_s = time_s - self._last_s
        self._last_s = time_s
        fresh = 1 - math.exp(-passed_s / max(self._settings.evidence_s, SMOOTHEST))
        # Haze is learnt at once, as the mean so far; flame is not, or a fire would hide itself.
        whole_s = self._settings.baseline_s
        so_far_s = min(whole_s, max(time_s - self._first_s, 3 * self._settings.evidence_s))
        slow = 1 - np.exp(-passed_s / np.array([whole_s, so_far_s]))[:, None, None]
        self._recent = self._recent + fresh * (now - self._recent)
        self._baseline = self._baseline + slow * (self._recent - self._baseline)
        return self._recent, self._baseline


def surest(cells: Floats) -> float:
    """Returns the mean of the surest cells of any 3 x 3 neighbourhood, 0 to 1.

    Args:
        cells: Certainty, shape (rows, columns).
    """
    padded = np.pad(cells, 1)
    rows, columns = cells.shape
    around = np.stack(
        [padded[dy : dy + rows, dx : dx + columns] for dy in range(3) for dx in range(3)]
    )
    best = np.sort(around, axis=0)[-CELLS_TOLD:].mean(axis=0)
    return float(best.max(initial=0.0))
