"""How the fire and smoke network is trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.fire_smoke_detector import FireSmokeDetector, certainty_of
from models.fire_smoke_network import FireSmokeNetwork
from models.rank_scores import Floats, Numbers, auroc, rank_scenes
from models.settings import NetworkSettings
from models.training.budget_trainer import BudgetTrainer, Progress, Schedule
from models.training.fire_augment import FireCrop, FireCropper
from models.training.fire_data import FLAME, FirePicture, scenes_of
from models.training.fire_loss import fire_loss
from models.weights import load_weights
from ray_app.domain.frame import FrameBatch, FrameKey


class FireTrainer(BudgetTrainer[FireSmokeNetwork]):
    """Trains one network on named sets of pictures.

    Args:
        training: Pictures per set named in the schedule's shares.
        validation: Pictures that burn and pictures that do not, per set.
        schedule: Budget, rates, seed.
        cropper: Draws crops.
        out: The safetensors file; the checkpoint lies beside it.
        start: Network to go on from, its normalisations fixed as they are; None begins with the
            backbone of nanodet_g, as COCO left it, and the rest at random.
    """

    def __init__(
        self,
        training: Mapping[str, Sequence[FirePicture]],
        validation: Mapping[str, Sequence[FirePicture]],
        schedule: Schedule,
        cropper: FireCropper,
        out: Path,
        start: FireSmokeNetwork | None = None,
    ) -> None:
        torch.manual_seed(schedule.seed)
        self._training, self._validation, self._cropper = training, validation, cropper
        network = start or FireSmokeNetwork()
        if start is None:
            network.backbone.start_from(load_weights("nanodet_g"))
        super().__init__(network, schedule, out, settled=start is not None, crops=cropper.settings)

    def draw_loss(self) -> Tensor:
        """Returns the loss of the network on a fresh batch."""
        crops = self._draw_crops()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self._network.logits(_stacked(crops))
        return fire_loss(
            logits,
            torch.from_numpy(np.stack([crop.cells for crop in crops])),
            [torch.from_numpy(crop.boxes) for crop in crops],
            torch.tensor([crop.somewhere for crop in crops]),
        )

    def draw_pixels(self) -> Tensor:
        """Returns pictures as in training, uint8, shape (batch, 3, side, side)."""
        return _stacked(self._draw_crops())

    def validate(self, network: FireSmokeNetwork) -> Progress:
        """Returns how well burning pictures are told from others, all and set by set."""
        detector = FireSmokeDetector(network, NetworkSettings(batch_size=1))
        scores = {
            name: certainties(detector, pictures).max(axis=1)
            for name, pictures in self._validation.items()
        }
        burning = {
            name: np.array([picture.burns for picture in pictures])
            for name, pictures in self._validation.items()
        }
        scenes = _numbered_apart(self._validation)
        calm = np.concatenate([scores[n][~burning[n]] for n in scores])
        calm_scenes = np.concatenate([scenes[n][~burning[n]] for n in scores])
        found: Progress = {"calm": len(calm), "calm_scenes": len(np.unique(calm_scenes))}
        for name, both in scores.items():
            fires, fire_scenes = both[burning[name]], scenes[name][burning[name]]
            if len(fires) > 0:
                own = both[~burning[name]]
                found[name] = {
                    "fires": len(fires),
                    "scenes": len(np.unique(fire_scenes)),
                    "auroc_own": round(auroc(fires, own), 4) if len(own) else None,
                    **_told(fires, fire_scenes, calm, calm_scenes),
                }
        return found

    def _draw_crops(self) -> list[FireCrop]:
        crops = []
        for _ in range(self._schedule.batch):
            pictures = self._training[self._set_name()]
            picture = pictures[int(self._random.integers(len(pictures)))]
            crops.append(self._cropper.draw(picture, self._random))
        return crops


def _told(fires: Floats, fire_scenes: Numbers, calm: Floats, calm_scenes: Numbers) -> Progress:
    ranks = rank_scenes(fires, fire_scenes, calm, calm_scenes)
    told, by_scene, spread = ranks.by_picture, ranks.by_scene, ranks.intervals
    return {
        "auroc": round(told.auroc, 4),
        "auroc_interval": [round(value, 4) for value in spread.auroc],
        "auroc_by_scene": round(by_scene.auroc, 4),
        "recall_at_1": round(told.recall_at_1, 3),
        "recall_at_5": round(told.recall_at_5, 3),
        "recall_at_5_interval": [round(value, 3) for value in spread.recall_at_5],
        "recall_at_5_by_scene": round(by_scene.recall_at_5, 3),
    }


def _numbered_apart(sets: Mapping[str, Sequence[FirePicture]]) -> dict[str, Numbers]:
    """Returns a scene number per picture; those of different sets differ."""
    numbers: dict[str, Numbers] = {}
    first = 0
    for name, pictures in sets.items():
        numbers[name] = scenes_of(pictures) + first
        first = int(numbers[name].max(initial=first)) + 1
    return numbers


def certainties(
    detector: FireSmokeDetector, pictures: Sequence[FirePicture]
) -> NDArray[np.float32]:
    """Returns certainty of flame and smoke per picture, shape (pictures, 2)."""
    rows = []
    for number, picture in enumerate(pictures):
        height, width = picture.pixels.shape[:2]
        key = FrameKey("picture", number, 0, 0.0)
        batch = FrameBatch((key,), picture.pixels[None], ((width, height),))
        (seen,) = detector.look(batch)
        rows.append(certainty_of(seen))
    return np.array(rows, np.float32).reshape(-1, 2)


def with_flames(pictures: Sequence[FirePicture]) -> list[FirePicture]:
    """Returns the pictures that have a flame box."""
    return [picture for picture in pictures if (picture.boxes_px[:, 0] == FLAME).any()]


def _stacked(crops: Sequence[FireCrop]) -> Tensor:
    return torch.from_numpy(np.stack([crop.pixels for crop in crops])).permute(0, 3, 1, 2)
