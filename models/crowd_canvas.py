"""Pictures as the crowd network wants them, and its maps back in their pixels."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.crowd_network import MULTIPLE_PX, STRIDE_PX
from models.resize import as_bytes, resized
from models.torch_detector import round_up

LONGEST_SIDE_PX = 1280
MOST_ENLARGED = 1.5
SPARSE_SPACING_PX = 56.0
"""Mean distance between heads, pixels, from which a picture is sparse.

Chosen on held-out pictures, on a plateau from 48 to 64 (docs/models/crowd_counter.md).
"""
CROWDED_SPACING_PX = 32.0
"""Mean distance between heads, pixels, below which heads are too small as they are.

Chosen by a network that saw none of the pictures it was chosen on (docs/models/crowd_counter.md).
"""
_GREY = 114


class Spread(IntEnum):
    """How far apart heads are in a picture."""

    EMPTY = 0
    SPARSE = 1
    DENSE = 2
    CROWDED = 3


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pictures as the network wants them.

    Attributes:
        pixels: RGB, uint8, shape (n, height, width, 3), sides multiples of 32.
        rows: Rows of cells that show the picture; the rest is padding.
        columns: Columns of such cells.
    """

    pixels: Tensor
    rows: int
    columns: int


def reduction_of(height_px: int, width_px: int) -> int:
    """Returns the whole factor that brings a picture to at most 1280 px a side."""
    return -(-max(height_px, width_px) // LONGEST_SIDE_PX)


def reduced(pixels: Tensor, factor: int) -> Tensor:
    """Returns pictures, uint8, shape (n, height, width, 3), reduced by a whole factor."""
    if factor == 1:
        return pixels
    planes = pixels.permute(0, 3, 1, 2).float()
    means = functional.avg_pool2d(planes, factor, ceil_mode=True)
    return as_bytes(means).permute(0, 2, 3, 1)


def lay_on_canvas(pixels: Tensor, scale: float = 1.0) -> Canvas:
    """Brings pictures to another size, padded with grey right and below.

    Args:
        pixels: RGB, uint8, shape (n, height, width, 3).
        scale: Enlargement above 1, reduction below.
    """
    if scale != 1:
        height, width = (max(1, round(side * scale)) for side in pixels.shape[1:3])
        pixels = resized(pixels, height, width)
    count, height, width, _ = pixels.shape
    padded = (count, round_up(height, MULTIPLE_PX), round_up(width, MULTIPLE_PX), 3)
    canvas = torch.full(padded, _GREY, dtype=torch.uint8)
    canvas[:, :height, :width] = pixels
    return Canvas(canvas, -(-height // STRIDE_PX), -(-width // STRIDE_PX))


def enlargement(height_px: int, width_px: int) -> float:
    """Returns how much a sparse picture is enlarged: to 1280 px at most, and 1.5 times at most.

    No picture then costs more than one of 1280 px.
    """
    return max(1.0, min(MOST_ENLARGED, LONGEST_SIDE_PX / max(height_px, width_px)))


def spread_of(counts: NDArray[np.float64], height_px: int, width_px: int) -> NDArray[np.int64]:
    """Returns the `Spread` of so many heads in each picture of this size."""
    each_px2 = height_px * width_px / np.maximum(counts, 1)
    is_dense, is_crowded = each_px2 < SPARSE_SPACING_PX**2, each_px2 < CROWDED_SPACING_PX**2
    spread = Spread.SPARSE + is_dense.astype(np.int64) + is_crowded
    return np.asarray(np.where(counts < 1, Spread.EMPTY, spread), np.int64)


def as_coarse_cells(
    heads: NDArray[np.float32], scale: float, rows: int, columns: int
) -> NDArray[np.float32]:
    """Returns a map of an enlarged picture as cells of the picture itself; the sum stays.

    Args:
        heads: Expected heads per cell of the enlarged picture.
        scale: How much it was enlarged.
        rows: Rows of the map that comes back.
        columns: Columns likewise.
    """
    down, across = _shares(heads.shape[0], scale, rows), _shares(heads.shape[1], scale, columns)
    return np.ascontiguousarray(down @ heads @ across.T, np.float32)


def _shares(fine: int, scale: float, coarse: int) -> NDArray[np.float32]:
    """Returns which share of each fine cell lies in each coarse cell, shape (coarse, fine)."""
    edges = np.arange(coarse + 1) * scale
    edges[-1] = math.inf
    first = np.arange(fine)
    low = np.maximum(edges[:-1, None], first)
    high = np.minimum(edges[1:, None], first + 1)
    return np.asarray((high - low).clip(0, None), np.float32)
