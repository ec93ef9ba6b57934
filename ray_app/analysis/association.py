"""Which box is which track."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ray_app.analysis.kalman import BoxStates, Floats, sighting_variance

# 99.9 % of a chi-square with two degrees of freedom.
GATE = 13.8
# Largest change of height and width from one sighting to the next, as a ratio.
RESIZED_MOST = 2.0
APART = 1e6


def assign(
    states: BoxStates,
    labels: NDArray[np.int16],
    seen: Floats,
    seen_labels: NDArray[np.int16],
    reach: Floats,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs predicted tracks with boxes at the highest likelihood, as many pairs as possible.

    Args:
        states: Predicted tracks, n rows.
        labels: Class of each track.
        seen: Centre x, centre y, width, height of the boxes, shape (m, 4).
        seen_labels: Class of each box.
        reach: How far a box's centre may lie from each track's predicted one, px, shape (n,).

    Returns:
        Rows of tracks and rows of boxes, pair by pair.
    """
    none = np.zeros(0, np.intp)
    if len(labels) == 0 or len(seen) == 0:
        return none, none
    variance = sighting_variance(states)[:, None, :]
    surprise = seen[None, :, :] - states.values[:, None, :]
    squares = surprise**2 / variance
    near = squares[:, :, :2].sum(axis=2) <= GATE
    near &= np.hypot(surprise[:, :, 0], surprise[:, :, 1]) <= reach[:, None]
    ratio = seen[None, :, 2:] / states.values[:, None, 2:]
    near &= (np.maximum(ratio, 1 / np.maximum(ratio, 1e-9)) <= RESIZED_MOST).all(axis=2)
    near &= labels[:, None] == seen_labels[None, :]
    # Twice the negative log-likelihood; without its second term unsure tracks would steal.
    cost = squares.sum(axis=2) + np.log(variance).sum(axis=2)
    rows, columns = linear_sum_assignment(np.where(near, cost, APART))
    paired = near[rows, columns]
    return rows[paired], columns[paired]


def overlap(boxes: Floats, others: Floats) -> Floats:
    """Returns intersection over union of corner boxes, shape (n, m)."""
    shared = _shared(boxes, others)
    joined = _areas(boxes)[:, None] + _areas(others)[None, :] - shared
    return np.asarray(shared / np.maximum(joined, 1e-9))


def cover(boxes: Floats, others: Floats) -> Floats:
    """Returns intersection over the smaller box's area of corner boxes, shape (n, m)."""
    smaller = np.minimum(_areas(boxes)[:, None], _areas(others)[None, :])
    return np.asarray(_shared(boxes, others) / np.maximum(smaller, 1e-9))


def _shared(boxes: Floats, others: Floats) -> Floats:
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2))


def _areas(boxes: Floats) -> Floats:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
