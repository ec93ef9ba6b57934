"""How a crowd moves as a body: density, pressure, spreading, and stopping and going."""

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

DISC_M = 2.0
"""Radius around each person over which density and velocity variance are taken."""
FIELD_M = 1.0
"""How far neighbours count for the local velocity."""
LEAST_IN_DISC = 6
STOPPED_M_S, GOING_M_S = 0.15, 0.4
"""Who moves slower than the first has stopped, who moves faster than the second goes."""
MEMORY_S = 20.0
"""Stops are counted over so long."""
LEAST_PERSON_S = 60.0
"""On fewer seconds of people followed nothing is told of stopping."""
FORGET_S = 1.5


class StopAndGo:
    """Counts how often the people of a dense crowd come to a halt and go on.

    In free flow nobody stops, in a standing crowd nobody goes; in between, waves run through the
    crowd against its direction and everybody stops and goes (Helbing, Johansson and Al-Abideen
    2007; Portz and Seyfried 2011). A stop is one of somebody who went before.
    """

    def __init__(self) -> None:
        self._going: dict[int, tuple[bool, float]] = {}
        # Per frame: time, seconds since the last, seconds of people followed, stops.
        self._window: deque[tuple[float, float, float, int]] = deque()
        self._last_s: float | None = None

    def update(self, time_s: float, ids: NDArray[np.int64], speeds: Floats) -> float:
        """Takes this instant; returns stops per person and minute.

        Args:
            time_s: Stream time.
            ids: Tracks whose speed is known, shape (n,).
            speeds: Metres per second, shape (n,).
        """
        passed_s = 0.0 if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        stops = 0
        for number, speed in zip(ids.tolist(), speeds.tolist(), strict=True):
            went, _ = self._going.get(number, (False, time_s))
            goes = speed > (STOPPED_M_S if went else GOING_M_S)
            stops += went and not goes
            self._going[number] = (goes, time_s)
        self._going = {i: was for i, was in self._going.items() if time_s - was[1] <= FORGET_S}
        self._window.append((time_s, passed_s, passed_s * len(ids), stops))
        while self._window[0][0] <= time_s - MEMORY_S + 1e-6:
            self._window.popleft()
        person_s = sum(seconds for _, _, seconds, _ in self._window)
        covered_s = sum(step_s for _, step_s, _, _ in self._window)
        if person_s < LEAST_PERSON_S or covered_s <= 0:
            return 0.0
        # Over the whole memory even when it is younger: one stop of everybody is 3 a minute.
        people = person_s / covered_s
        stopped = sum(count for _, _, _, count in self._window)
        return 60.0 / MEMORY_S * stopped / people

    def forget(self) -> None:
        """Starts anew."""
        self._going.clear()
        self._window.clear()
        self._last_s = None


def densest(everybody_m: Floats) -> float:
    """Returns people per square metre in the disc of 2 m around a person where it is highest."""
    known = everybody_m[np.isfinite(everybody_m).all(axis=1)]
    if len(known) == 0:
        return 0.0
    return float((cdist(known, known) <= DISC_M).sum(axis=1).max() / (np.pi * DISC_M**2))


def crowd_pressure(
    followed_m: Floats, velocity: Floats, noise: float, everybody_m: Floats, least: int
) -> tuple[float, float]:
    """Returns density and pressure of the disc of 2 m around a person where pressure is highest.

    Pressure is density times the variance of the local velocity, 1/s2 (Helbing, Johansson and
    Al-Abideen 2007): the mean over neighbours, weighted by exp(-d^2 / 1 m^2), so that people who
    differ each for themselves are no pressure. The steady part that is linear in place, as before
    a narrow passage, is no turbulence either and is taken off. (0, 0) where too few are near.

    Args:
        followed_m: Places of those whose velocity is known, shape (n, 2).
        velocity: Metres per second, shape (n, 2).
        noise: Variance that wavering boxes add to velocities, both axes, (m/s)2.
        everybody_m: Places of everybody seen, shape (m, 2).
        least: Least people with a velocity in a disc; never fewer than 6.
    """
    known = everybody_m[np.isfinite(everybody_m).all(axis=1)]
    if len(followed_m) < max(least, LEAST_IN_DISC) or len(known) == 0:
        return 0.0, 0.0
    away_m = cdist(followed_m, followed_m)
    weight = np.exp(-((away_m / FIELD_M) ** 2))
    weight /= weight.sum(axis=1, keepdims=True)
    field, wavering = weight @ velocity, noise * (weight**2).sum(axis=1)
    crowd = (cdist(followed_m, known) <= DISC_M).sum(axis=1)
    best = (0.0, 0.0)
    for rows, there in zip(away_m <= DISC_M, crowd.tolist(), strict=True):
        if rows.sum() < max(least, LEAST_IN_DISC):
            continue
        density = there / (np.pi * DISC_M**2)
        spread = _unsteady(followed_m[rows], field[rows]) - float(wavering[rows].mean())
        pressure = density * max(0.0, spread)
        if pressure >= best[1]:
            best = (density, pressure)
    return best


def _unsteady(places_m: Floats, field: Floats) -> float:
    """Returns the variance of velocities about the flow that is linear in place, (m/s)2."""
    around = np.column_stack([np.ones(len(places_m)), places_m - places_m.mean(axis=0)])
    linear, *_ = np.linalg.lstsq(around, field, rcond=None)
    return float(((field - around @ linear) ** 2).sum() / (len(places_m) - 3))


def divergence(places_m: Floats, velocity: Floats) -> float:
    """Returns how fast the group spreads, 1/s: trace of the linear part of its velocity field.

    0 for fewer than 6 people, or people in one line.
    """
    if len(places_m) < 6:
        return 0.0
    around = places_m - places_m.mean(axis=0)
    if np.linalg.matrix_rank(around, tol=0.1) < 2:
        return 0.0
    field, *_ = np.linalg.lstsq(around, velocity - velocity.mean(axis=0), rcond=None)
    return float(np.trace(field))
