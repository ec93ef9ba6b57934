"""Counts heads in crowds: a density map in source pixels, and head points read off it."""

import copy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.crowd_canvas import (
    MOST_ENLARGED,
    Canvas,
    Spread,
    as_coarse_cells,
    enlargement,
    lay_on_canvas,
    reduced,
    reduction_of,
    spread_of,
)
from models.crowd_network import MULTIPLE_PX, STRIDE_PX, CrowdNetwork
from models.settings import NetworkSettings
from models.torch_detector import NetworkRunner, as_tensor
from models.weights import load_weights
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import CrowdMap, HeadPoints

Heads = NDArray[np.float32]
_GLANCE_SCALE = 0.5
_LEAST_HEADS_AT_POINT = 0.35


class CrowdCounter:
    """A `HeadCounter`: expected heads per 8 x 8 analysed pixels.

    One rule, how far apart heads are, chooses how a picture is analysed. A glance at half size (a
    quarter of the work) tells it; pictures of 1280 px are not glanced at, the look itself tells.
    Sparse pictures are looked at enlarged, to 1280 px at most. Crowded ones, whose heads are small
    and where a wrong count is dangerous, are so whatever size that makes. What lies between is
    looked at as it is.

    The count of a region is the sum of the map there. Head points are approximate: two heads
    closer than about two cells make one point, a large near head may make none.

    Args:
        network: In float32; left as it is, a fused copy runs.
        settings: Device, number type, batch size, compilation. A processor takes pictures one by
            one: they are large enough, 1.2 times faster so, and no group by size is padded.
    """

    def __init__(self, network: CrowdNetwork, settings: NetworkSettings) -> None:
        fused = copy.deepcopy(network)
        fused.fuse()
        if settings.device == "cpu":
            settings = replace(settings, batch_size=1)
        self._runner = NetworkRunner(fused, settings, MULTIPLE_PX)

    def count(self, batch: FrameBatch) -> list[tuple[CrowdMap, HeadPoints]]:
        """Returns the crowd of each frame in source pixels, in the order of batch.keys."""
        if len(batch) == 0:
            return []
        pixels = as_tensor(batch.pixels)
        reduction = reduction_of(*pixels.shape[1:3])
        cell_px = STRIDE_PX * reduction / pixels.shape[2]
        return [
            _in_source_pixels(heads, cell_px * source_px[0])
            for heads, source_px in zip(
                self._maps(reduced(pixels, reduction)), batch.source_sizes_px, strict=True
            )
        ]

    def _maps(self, pixels: Tensor) -> Heads:
        """Returns heads per 8 x 8 pixels of pictures up to 1280 px, shape (n, rows, columns)."""
        height, width = pixels.shape[1:3]
        larger = enlargement(height, width)
        maps = self._look(lay_on_canvas(pixels, 1.0 if larger == 1 else _GLANCE_SCALE))
        spread = spread_of(maps.sum((1, 2), dtype=np.float64), height, width)
        sparse, crowded = spread == Spread.SPARSE, spread == Spread.CROWDED
        if larger > 1:
            rows, columns = -(-height // STRIDE_PX), -(-width // STRIDE_PX)
            maps = np.empty((len(pixels), rows, columns), np.float32)
            self._fill(maps, pixels, ~(sparse | crowded), 1.0)
            self._fill(maps, pixels, sparse, larger)
        self._fill(maps, pixels, crowded, MOST_ENLARGED)
        return maps

    def _fill(self, maps: Heads, pixels: Tensor, which: NDArray[np.bool_], scale: float) -> None:
        """Fills in the maps of those pictures, looked at in this size."""
        if which.any():
            fine = self._look(lay_on_canvas(pixels[torch.from_numpy(which)], scale))
            rows, columns = maps.shape[1:]
            maps[which] = [as_coarse_cells(heads, scale, rows, columns) for heads in fine]

    def _look(self, canvas: Canvas) -> Heads:
        """Returns heads per cell of the canvas's pictures, shape (n, rows, columns)."""
        (cells,) = self._runner.run(canvas.pixels)
        return np.asarray(cells[:, : canvas.rows, : canvas.columns].float().cpu().numpy())

    def warm_up(self, height_px: int, width_px: int) -> None:
        """Runs once on pictures of this size, so that the first real call is as fast."""
        nothing = torch.zeros((1, height_px, width_px, 3), dtype=torch.uint8)
        nothing = reduced(nothing, reduction_of(height_px, width_px))
        for scale in {1.0, enlargement(*nothing.shape[1:3]), MOST_ENLARGED}:
            self._runner.run(lay_on_canvas(nothing, scale).pixels)


def build_crowd_counter(settings: NetworkSettings) -> CrowdCounter:
    """Returns a counter with the shipped weights.

    Raises:
        WeightsError: The weights are missing, altered or of another network.
        ConfigError: The device or number type cannot be used.
    """
    return CrowdCounter(fill_network(load_weights("crowd_counter")), settings)


def fill_network(weights: dict[str, Tensor]) -> CrowdNetwork:
    """Returns the network in float32 with these weights.

    Raises:
        WeightsError: They are of another network.
    """
    network = CrowdNetwork()
    try:
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise WeightsError(f"these are not weights of the crowd counter: {cause}") from error
    return network


def _in_source_pixels(heads: NDArray[np.float32], cell_px: float) -> tuple[CrowdMap, HeadPoints]:
    heads = np.ascontiguousarray(heads)
    return CrowdMap(heads, cell_px), find_head_points(heads, cell_px)


def find_head_points(heads: NDArray[np.float32], cell_px: float) -> HeadPoints:
    """Returns the local maxima of the map summed over 3 x 3 cells.

    A point lies at the centre of mass of its 3 x 3 cells and needs 0.35 heads there. Of equal
    neighbours the first in reading order stays.

    Args:
        heads: Expected heads per cell, shape (rows, columns).
        cell_px: Side of a cell in pixels of the source picture.
    """
    rows, columns = heads.shape
    around = np.stack([_shifted(heads, dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    mass = around.sum(axis=0)
    peak = mass >= _LEAST_HEADS_AT_POINT
    for dy, dx in [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]:
        neighbour = _shifted(mass, dy, dx)
        peak &= (mass > neighbour) if (dy, dx) < (0, 0) else (mass >= neighbour)
    row, column = np.nonzero(peak)
    weights = around[:, row, column] / mass[row, column]
    offset_y, offset_x = np.repeat([-1, 0, 1], 3), np.tile([-1, 0, 1], 3)
    x = (column + 0.5 + offset_x @ weights) * cell_px
    y = (row + 0.5 + offset_y @ weights) * cell_px
    x, y = x.clip(0, columns * cell_px), y.clip(0, rows * cell_px)
    return HeadPoints(np.stack([x, y], axis=1).astype(np.float32), mass[row, column])


def _shifted(values: NDArray[np.float32], dy: int, dx: int) -> NDArray[np.float32]:
    """Returns, at each cell, the value dy rows below and dx columns to the right; 0 outside."""
    rows, columns = values.shape
    return np.pad(values, 1)[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns]
