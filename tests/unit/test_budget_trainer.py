"""What training starts from, how fast its parts learn, and how weights are stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models.training.budget_trainer import Schedule, as_stored
from models.training.crowd_trainer import CrowdTrainer
from models.training.fire_augment import FireCropper, FireCrops
from models.training.fire_data import FirePicture
from models.training.fire_trainer import FireTrainer
from models.weights import load_weights


@pytest.mark.parametrize("largest", [3e4, 1e10])
def test_stored_weights_are_halved_unless_that_overflows(largest: float):
    value = torch.tensor([0.5, largest])
    stored = as_stored(value)
    assert stored.dtype is (torch.float16 if largest < 65504 else torch.float32)
    torch.testing.assert_close(stored.float(), value, rtol=1e-3, atol=0)
    assert as_stored(torch.tensor(7)) == 7


def crowd_trainer(schedule: Schedule, out: Path) -> CrowdTrainer:
    return CrowdTrainer({"only": []}, {}, schedule, out)


def fire_trainer(schedule: Schedule, out: Path) -> FireTrainer:
    return FireTrainer({"only": []}, {}, schedule, FireCropper(FireCrops(), []), out)


@pytest.mark.parametrize("build", [crowd_trainer, fire_trainer])
def test_training_starts_from_the_backbone_that_ships_and_lets_it_learn_slower(
    build: Callable[[Schedule, Path], CrowdTrainer | FireTrainer], tmp_path: Path
):
    schedule = Schedule(
        budget_s=1, peak_rate=1e-3, seed=0, shares=(("only", 1.0),), backbone_rate=0.25
    )
    trainer = build(schedule, tmp_path / "w.safetensors")
    stem = trainer._network.backbone.stem.conv.weight
    shipped = load_weights("nanodet_g")["stem.conv.weight"].float().flip(1)
    assert torch.equal(stem, shipped)
    share = {
        id(p): group["share"] for group in trainer._optimiser.param_groups for p in group["params"]
    }
    assert share[id(stem)] == 0.25
    assert share[id(trainer._network.head.weight)] == 1.0
    assert len(share) == len(list(trainer._network.parameters()))


def test_training_that_is_to_stop_ends_before_its_budget_with_rates_of_the_budget(tmp_path: Path):
    schedule = Schedule(
        budget_s=1e6, peak_rate=1e-3, seed=0, shares=(("only", 1.0),), batch=1, stop_s=0.05
    )
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    cropper = FireCropper(FireCrops(side_px=64, least_px=64, most_px=96), [])
    out = tmp_path / "w.safetensors"
    pictures = {"only": [FirePicture("a", pixels)]}
    trainer = FireTrainer(pictures, pictures, schedule, cropper, out)
    told: list[object] = []
    trainer.train(told.append)
    assert out.exists()
    assert told  # it is validated at its end
    rates = {group["lr"] / group["share"] for group in trainer._optimiser.param_groups}
    assert max(rates) < 2e-4  # still warming up: the budget sets the pace
