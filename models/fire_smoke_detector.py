"""Finds flame and smoke: where, and how sure."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.fire_smoke_network import MULTIPLE_PX, STRIDE_PX, FireSmokeNetwork
from models.settings import NetworkSettings
from models.torch_detector import NetworkRunner, as_tensor
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import FrameBatch

CELLS_TOLD = 4
"""A picture's certainty is the mean of its surest cells: one cell alone may be noise."""


class FireSmokeDetector:
    """Certainty of flame and of smoke per cell of 16 x 16 analysed pixels.

    Args:
        network: In float32; left as it is, a fused copy runs.
        settings: Device, number type, batch size, compilation.
        input_px: Longer side that pictures are reduced to, pixels; never enlarged.
    """

    def __init__(
        self, network: FireSmokeNetwork, settings: NetworkSettings, input_px: int = 512
    ) -> None:
        fused = copy.deepcopy(network)
        fused.fuse()
        self._runner = NetworkRunner(fused, settings, MULTIPLE_PX)
        self._input_px = input_px

    def look(self, batch: FrameBatch) -> NDArray[np.float32]:
        """Returns certainty 0 to 1, shape (frames, 2, rows, columns): flame, then smoke."""
        pixels = self._reduced(as_tensor(batch.pixels))
        (certainty,) = self._runner.run(pixels)
        rows, columns = (-(-side // STRIDE_PX) for side in pixels.shape[1:3])
        found: NDArray[np.float32] = certainty[:, :, :rows, :columns].float().cpu().numpy()
        return found

    def _reduced(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[1:3]
        scale = self._input_px / max(height, width)
        if scale >= 1:
            return pixels
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        planes = pixels.permute(0, 3, 1, 2).float()
        small = functional.interpolate(planes, size, mode="bilinear", antialias=True)
        return small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def certainty_of(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns how sure a map is that anything is there: the mean of its surest cells.

    Args:
        cells: Certainty per cell, shape (..., rows, columns).
    """
    flat = cells.reshape(*cells.shape[:-2], -1)
    count = min(CELLS_TOLD, flat.shape[-1])
    return np.asarray(np.sort(flat, axis=-1)[..., -count:].mean(axis=-1), np.float32)


def fill_fire_network(weights: dict[str, Tensor]) -> FireSmokeNetwork:
    """Returns the network in float32 with these weights.

    Raises:
        WeightsError: They are of another network.
    """
    network = FireSmokeNetwork()
    try:
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise WeightsError(f"these are not weights of the fire network: {cause}") from error
    return network
