"""Finds flame and smoke: where, and how sure."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.fire_smoke_network import MULTIPLE_PX, STRIDE_PX, FireSmokeNetwork
from models.resize import resized
from models.settings import FireFinderSettings, NetworkSettings
from models.torch_detector import NetworkRunner, as_tensor
from models.weights import load_weights
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import FireMap

FLAME_CELLS, SMOKE_CELLS = 8, 4
"""A picture's certainty is the mean of so many of its surest cells: one cell alone may be noise,
and far smoke covers few. Chosen on held-out pictures (docs/models/fire_smoke_detector.md)."""


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

    def look(self, batch: FrameBatch) -> list[FireMap]:
        """Returns the certainties of each frame, in the order of batch.keys."""
        if len(batch) == 0:
            return []
        pixels = self._reduced(as_tensor(batch.pixels))
        (certainty,) = self._runner.run(pixels)
        rows, columns = (-(-side // STRIDE_PX) for side in pixels.shape[1:3])
        cells = (255 * certainty[:, :, :rows, :columns].float()).round().to(torch.uint8)
        return [
            FireMap(flame, smoke, STRIDE_PX * size_px[0] / pixels.shape[2])
            for (flame, smoke), size_px in zip(
                cells.cpu().numpy(), batch.source_sizes_px, strict=True
            )
        ]

    def warm_up(self, height_px: int, width_px: int) -> None:
        """Runs once on a picture of this size, so that the first real call is as fast."""
        self._runner.run(self._reduced(torch.zeros((1, height_px, width_px, 3), dtype=torch.uint8)))

    def _reduced(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[1:3]
        scale = self._input_px / max(height, width)
        if scale >= 1:
            return pixels
        return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def certainty_of(seen: FireMap) -> tuple[float, float]:
    """Returns how sure a picture is that anything burns, and that anything smokes, 0 to 1."""
    return _surest(seen.flame, FLAME_CELLS), _surest(seen.smoke, SMOKE_CELLS)


def _surest(cells: NDArray[np.uint8], told: int) -> float:
    count = min(told, cells.size)
    return float(np.sort(cells, axis=None)[-count:].mean() / 255)


def build_fire_smoke_detector(settings: NetworkSettings) -> FireSmokeDetector:
    """Returns a detector with the shipped weights.

    Raises:
        WeightsError: The weights are missing, altered or of another network.
        ConfigError: The device or number type cannot be used.
    """
    asked = settings.fire or FireFinderSettings()
    network = fill_fire_network(load_weights("fire_smoke_detector"))
    return FireSmokeDetector(network, settings, asked.input_px)


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
