"""A constant-velocity Kalman filter over many boxes at once (as in SORT, Bewley et al. 2016)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Standard deviations in box heights, columns centre x, centre y, width, height. A person is
# about 1.75 m high: walkers start, stop and turn at about 1 m/s2.
ACCELERATION = np.array([0.6, 0.6, 0.15, 0.15])  # per second squared
FIRST_RATE = np.array([0.8, 0.8, 0.15, 0.15])  # per second
SIGHTING = np.array([0.05, 0.05, 0.08, 0.08])


@dataclass(frozen=True, slots=True)
class BoxStates:
    """What is known of n boxes; the four coordinates of a box are independent.

    Attributes:
        mean: Centre x, centre y, width, height (px) and their rates (px/s), shape (n, 4, 2).
        spread: Variance of the value, covariance, variance of the rate, shape (n, 4, 3).
    """

    mean: Floats
    spread: Floats

    def only(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "BoxStates":
        """Returns some of the boxes."""
        return BoxStates(self.mean[rows], self.spread[rows])

    def join(self, more: "BoxStates") -> "BoxStates":
        """Returns these boxes followed by more."""
        return BoxStates(
            np.concatenate([self.mean, more.mean]), np.concatenate([self.spread, more.spread])
        )

    @property
    def values(self) -> Floats:
        """Centre x, centre y, width, height, shape (n, 4)."""
        return self.mean[:, :, 0]

    @property
    def scale(self) -> Floats:
        """Longer side of each box, px, shape (n, 1); all noise is in proportion to it."""
        return np.asarray(np.maximum(self.mean[:, 2:, 0].max(axis=1, keepdims=True), 1.0))


def start(centres: Floats) -> BoxStates:
    """Returns states of boxes seen for the first time, given as rows of `BoxStates.values`."""
    states = BoxStates(np.stack([centres, np.zeros_like(centres)], axis=2), np.zeros((0, 4, 3)))
    sighting, rate = states.scale * SIGHTING, states.scale * FIRST_RATE
    spread = np.stack([sighting**2, np.zeros_like(sighting), rate**2], axis=2)
    return BoxStates(states.mean, spread)


def predict(states: BoxStates, elapsed_s: float) -> BoxStates:
    """Returns the states elapsed_s later."""
    t = elapsed_s
    push = (states.scale * ACCELERATION) ** 2
    value, shared, rate = np.moveaxis(states.spread, 2, 0)
    mean = states.mean.copy()
    mean[:, :, 0] += t * mean[:, :, 1]
    mean[:, 2:, 0] = np.maximum(mean[:, 2:, 0], 1.0)
    spread = (
        value + 2 * t * shared + t**2 * rate + t**4 / 4 * push,
        shared + t * rate + t**3 / 2 * push,
        rate + t**2 * push,
    )
    return BoxStates(mean, np.stack(spread, axis=2))


def sighting_variance(states: BoxStates) -> Floats:
    """Returns how far a sighting may lie from the predicted values, variance, shape (n, 4)."""
    return np.asarray(states.spread[:, :, 0] + (states.scale * SIGHTING) ** 2)


def correct(states: BoxStates, seen: Floats) -> BoxStates:
    """Returns the states after sightings, one row of `BoxStates.values` per box."""
    total = sighting_variance(states)
    value, shared, rate = np.moveaxis(states.spread, 2, 0)
    gain_value, gain_rate = value / total, shared / total
    surprise = seen - states.values
    mean = states.mean + np.stack([gain_value, gain_rate], axis=2) * surprise[:, :, None]
    spread = (value * (1 - gain_value), shared * (1 - gain_value), rate - gain_rate * shared)
    return BoxStates(mean, np.stack(spread, axis=2))
