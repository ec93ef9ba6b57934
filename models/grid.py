"""Anchor-free grids: from what a cell of the network says to boxes."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def grid_cells(height_px: int, width_px: int, strides_px: tuple[int, ...]) -> NDArray[np.float32]:
    """Returns x and y of the top left pixel and stride of every cell, shape (cells, 3).

    Level by level, row by row: the order in which networks put out their cells. Read-only.
    """
    levels = []
    for stride in strides_px:
        rows, columns = -(-height_px // stride), -(-width_px // stride)
        y, x = np.divmod(np.arange(rows * columns), columns)
        levels.append(np.stack([x * stride, y * stride, np.full(len(x), stride)], 1))
    cells = np.concatenate(levels).astype(np.float32)
    cells.flags.writeable = False
    return cells


def read_distances(bins: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the expected distance of each side, in strides, shape (n, 4).

    Args:
        bins: Logits that the distance is 0, 1, 2... strides, shape (n, 4, bins).
    """
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    steps = np.arange(bins.shape[2], dtype=np.float32)
    return np.asarray((weights * steps).sum(axis=2) / weights.sum(axis=2), np.float32)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns probabilities of the same shape."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def boxes_around(cells: NDArray[np.float32], distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns corners x1, y1, x2, y2 in pixels, shape (n, 4).

    Args:
        cells: Rows of `grid_cells`, shape (n, 3).
        distances: From the cell's middle pixel to left, top, right, bottom, in strides, (n, 4).
    """
    stride = cells[:, 2:]
    centres = cells[:, :2] + (stride - 1) / 2
    sides = distances * stride
    return np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], 1)
