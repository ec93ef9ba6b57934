"""The training loop of the crowd network: wall-clock budget, moving average, checkpoint."""

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.crowd_counter import CrowdCounter
from models.crowd_network import STRIDE_PX, CrowdNetwork
from models.evaluate_crowd import count_pictures, errors_by_band
from models.settings import NetworkSettings
from models.training.crowd_data import CountedPicture, CropSettings, cell_counts, draw_crop
from models.training.crowd_loss import crowd_loss
from ray_app.domain.errors import ConfigError

_CHECKPOINT_EVERY_S = 60.0
_SETTLE_AT = 0.7
"""Share of the budget after which normalisation uses fixed statistics, as it will when shipped."""
_SETTLE_BATCHES = 48
Progress = dict[str, object]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        budget_s: Seconds of training, validation left out.
        peak_rate: Highest learning rate; warm-up over 5 % of the budget, then a cosine to 0.
        seed: Of the weights' start and of the crops.
        batch: Crops per step.
        weight_decay: Of convolution weights.
        average: Factor of the exponential moving average that is shipped.
        shares: Share of the crops per set of pictures.
        validations: Validations over the budget.
        crops: How crops are drawn.
        report_every: Steps between two reports.
    """

    budget_s: float
    peak_rate: float
    seed: int
    batch: int = 8
    weight_decay: float = 1e-2
    average: float = 0.998
    shares: tuple[tuple[str, float], ...] = (
        ("part_A", 0.26),
        ("part_B", 0.22),
        ("dense", 0.04),
        ("rendered", 0.38),
        ("sparse", 0.10),
    )
    validations: int = 2
    crops: CropSettings = field(default_factory=CropSettings)
    report_every: int = 100


class CrowdTrainer:
    """Trains one network on named sets of pictures.

    Args:
        training: Pictures per set named in the schedule's shares.
        validation: Pictures per set; errors are reported by set and band of heads.
        schedule: Budget, rates, seed.
        out: The safetensors file (float16); the checkpoint lies beside it.
        start: Weights to go on from, their normalisations fixed as they are; None begins at
            random.
    """

    def __init__(
        self,
        training: Mapping[str, Sequence[CountedPicture]],
        validation: Mapping[str, Sequence[CountedPicture]],
        schedule: Schedule,
        out: Path,
        start: CrowdNetwork | None = None,
    ) -> None:
        torch.manual_seed(schedule.seed)
        self._training, self._validation, self._schedule = training, validation, schedule
        self._out, self.checkpoint = out, out.with_suffix(".checkpoint")
        self._random = np.random.default_rng(schedule.seed)
        network = CrowdNetwork() if start is None else start
        self._network = network
        self._average = copy.deepcopy(self._network).eval().requires_grad_(False)
        self._optimiser = _build_optimiser(self._network, schedule)
        self._steps, self._used_s, self._loss = 0, 0.0, 0.0
        self._settled = start is not None

    def train(self, report: Callable[[Progress], None]) -> None:
        """Trains until the budget is spent; goes on from the checkpoint when there is one.

        However it ends, the weights and a checkpoint are written.

        Raises:
            ConfigError: The checkpoint is of a run with another schedule.
        """
        self._resume()
        validated = math.floor(self._used_s / self._interval_s())
        saved_s = self._used_s
        try:
            while self._used_s < self._schedule.budget_s:
                self._step()
                if self._steps % self._schedule.report_every == 0:
                    report(self._progress())
                due = self._used_s >= (validated + 1) * self._interval_s()
                if due or self._used_s - saved_s > _CHECKPOINT_EVERY_S:
                    self._save()
                    saved_s = self._used_s
                if due:
                    validated += 1
                    report(self._progress() | self._validate())
        finally:
            self._save()

    def _interval_s(self) -> float:
        return self._schedule.budget_s / self._schedule.validations

    def _progress(self) -> Progress:
        return {"s": round(self._used_s), "steps": self._steps, "loss": round(self._loss, 3)}

    def _step(self) -> None:
        began = time.monotonic()
        done = self._used_s / self._schedule.budget_s
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.peak_rate * rate_factor(done)
        self._network.train()
        if self._settled or done >= _SETTLE_AT:
            self._settle_norms()
        pixels, heads = self._draw_batch()
        with torch.autocast("cpu", torch.bfloat16):
            rate, presence = self._network.rate_and_presence(pixels)
        loss = crowd_loss(rate, presence, heads)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._steps += 1
        self._follow()
        value = loss.item()
        self._loss = value if self._steps == 1 else 0.98 * self._loss + 0.02 * value
        self._used_s += time.monotonic() - began

    def _settle_norms(self) -> None:
        """Fixes the normalisations at statistics of many batches; measures them once.

        Running statistics lag behind moving weights: with them the averaged network undercounts
        until the rate is near 0.
        """
        norms = [unit for unit in self._network.modules() if isinstance(unit, nn.BatchNorm2d)]
        if not self._settled:
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None  # the plain mean over all batches
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                for _ in range(_SETTLE_BATCHES):
                    self._network(self._draw_batch()[0])
            self._average.load_state_dict(self._network.state_dict())
            self._settled = True
        for norm in norms:
            norm.eval()

    @torch.no_grad()
    def _follow(self) -> None:
        factor = min(self._schedule.average, (1 + self._steps) / (10 + self._steps))
        mine, theirs = self._average.state_dict(), self._network.state_dict()
        real = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [mine[name] for name in real], [theirs[name] for name in real], 1 - factor
        )

    def _draw_batch(self) -> tuple[Tensor, Tensor]:
        names, shares = zip(*self._schedule.shares, strict=True)
        cells = self._schedule.crops.side_px // STRIDE_PX
        crops, counts = [], []
        for name in self._random.choice(names, self._schedule.batch, p=shares):
            pictures = self._training[name]
            picture = pictures[int(self._random.integers(len(pictures)))]
            pixels, heads_px = draw_crop(picture, self._schedule.crops, self._random)
            crops.append(pixels)
            counts.append(cell_counts(heads_px, cells, cells))
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2), torch.from_numpy(
            np.stack(counts)
        )

    def _validate(self) -> Progress:
        counter = CrowdCounter(self._average, NetworkSettings(batch_size=1))
        found: Progress = {}
        for name, pictures in self._validation.items():
            slices = errors_by_band(*count_pictures(counter, pictures))
            found[name] = {
                band: {key: round(value, 2) for key, value in asdict(errors).items()}
                for band, errors in slices.items()
            }
        return found

    def _save(self) -> None:
        weights = {
            name: value.half().contiguous() if value.is_floating_point() else value
            for name, value in self._average.state_dict().items()
        }
        aside = self._out.with_suffix(".aside")
        save_file(weights, aside)
        aside.replace(self._out)
        state = {
            "schedule": repr(self._schedule),
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "random": json.dumps(self._random.bit_generator.state),
            "steps": self._steps,
            "used_s": self._used_s,
            "loss": self._loss,
            "settled": self._settled,
        }
        torch.save(state, aside)
        aside.replace(self.checkpoint)

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        if state["schedule"] != repr(self._schedule):
            raise ConfigError(
                f"{self.checkpoint}: of a run with {state['schedule']}; remove it to begin again"
            )
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._random.bit_generator.state = json.loads(state["random"])
        self._steps, self._used_s, self._loss = state["steps"], state["used_s"], state["loss"]
        self._settled = state["settled"]


def rate_factor(done: float) -> float:
    """Returns the learning rate relative to its peak after this share of the budget."""
    warm_up = 0.05
    if done < warm_up:
        return 0.05 + 0.95 * done / warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) + 1e-3


def _build_optimiser(network: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.peak_rate, betas=(0.9, 0.99), fused=True)
