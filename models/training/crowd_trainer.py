"""How the crowd network is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.crowd_counter import CrowdCounter
from models.crowd_network import STRIDE_PX, CrowdNetwork
from models.evaluate_crowd import count_pictures, errors_by_band
from models.settings import NetworkSettings
from models.training.budget_trainer import BudgetTrainer, Progress, Schedule
from models.training.crowd_data import (
    CountedPicture,
    CropSettings,
    cell_counts,
    draw_crop,
    paste_window,
)
from models.training.crowd_loss import crowd_loss
from models.weights import load_weights

SHARES = (
    ("part_A", 0.38),
    ("part_B", 0.24),
    ("dense", 0.11),
    ("rendered", 0.21),
    ("sparse", 0.06),
)
"""Share of the crops per set of pictures."""


class CrowdTrainer(BudgetTrainer[CrowdNetwork]):
    """Trains one network on named sets of pictures.

    Args:
        training: Pictures per set named in the schedule's shares.
        validation: Pictures per set; errors are reported by set and band of heads.
        schedule: Budget, rates, seed.
        out: The safetensors file; the checkpoint lies beside it.
        start: Weights to go on from, their normalisations fixed as they are; None begins
            with the backbone of nanodet_g, as COCO left it, and the rest at random.
        crops: How crops are drawn.
    """

    def __init__(
        self,
        training: Mapping[str, Sequence[CountedPicture]],
        validation: Mapping[str, Sequence[CountedPicture]],
        schedule: Schedule,
        out: Path,
        start: CrowdNetwork | None = None,
        crops: CropSettings | None = None,
    ) -> None:
        torch.manual_seed(schedule.seed)
        self._training, self._validation = training, validation
        self._crops = crops or CropSettings()
        network = start or CrowdNetwork()
        if start is None:
            network.backbone.start_from(load_weights("nanodet_g"))
        super().__init__(network, schedule, out, settled=start is not None, crops=self._crops)

    def draw_loss(self) -> Tensor:
        """Returns the loss of the network on a fresh batch."""
        pixels, heads = self._draw_batch()
        with torch.autocast("cpu", torch.bfloat16):
            rate, presence = self._network.rate_and_presence(pixels)
        return crowd_loss(rate, presence, heads)

    def draw_pixels(self) -> Tensor:
        """Returns pictures as in training, uint8, shape (batch, 3, side, side)."""
        return self._draw_batch()[0]

    def validate(self, network: CrowdNetwork) -> Progress:
        """Returns the errors by set and band of heads."""
        counter = CrowdCounter(network, NetworkSettings(batch_size=1))
        found: Progress = {}
        for name, pictures in self._validation.items():
            slices = errors_by_band(*count_pictures(counter, pictures))
            found[name] = {
                band: {key: round(value, 2) for key, value in asdict(errors).items()}
                for band, errors in slices.items()
            }
        return found

    def _draw_batch(self) -> tuple[Tensor, Tensor]:
        drawn = [self._draw_counted() for _ in range(self._schedule.batch)]
        crops, counts = np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn])
        for number in np.flatnonzero(self._random.random(len(drawn)) < self._crops.pasted):
            paste_window(crops[number], counts[number], drawn[number - 1], self._random)
        return torch.from_numpy(crops).permute(0, 3, 1, 2), torch.from_numpy(counts)

    def _draw_counted(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Returns a crop and its heads per cell."""
        cells = self._crops.side_px // STRIDE_PX
        pictures = self._training[self._set_name()]
        picture = pictures[int(self._random.integers(len(pictures)))]
        pixels, heads_px = draw_crop(picture, self._crops, self._random)
        return pixels, cell_counts(heads_px, cells, cells)
