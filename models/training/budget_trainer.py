"""A training loop with a budget of seconds: moving average, fixed statistics, checkpoint."""

import copy
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ray_app.domain.errors import ConfigError

_CHECKPOINT_EVERY_S = 60.0
_SETTLE_AT = 0.7
"""Share of the budget after which normalisation uses fixed statistics, as it will when shipped."""
_SETTLE_BATCHES = 48
Progress = dict[str, object]
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        budget_s: Processor seconds of training, validation left out: pausing costs nothing.
        peak_rate: Highest learning rate; warm-up over 5 % of the budget, then a cosine to 0.
        seed: Of the weights' start and of the crops.
        shares: Share of the crops per set of pictures.
        batch: Crops per step.
        stop_s: Seconds after which training stops, rates still high; None is the whole budget.
        weight_decay: Of convolution weights.
        backbone_rate: Learning rate of a network's `backbone`, which comes trained, relative to
            that of the rest.
        average: Factor of the exponential moving average that is shipped.
        validations: Validations over the budget.
        report_every: Steps between two reports.
    """

    budget_s: float
    peak_rate: float
    seed: int
    shares: tuple[tuple[str, float], ...]
    batch: int = 8
    stop_s: float | None = None
    weight_decay: float = 1e-2
    backbone_rate: float = 1.0
    average: float = 0.998
    validations: int = 2
    report_every: int = 100

    @property
    def until_s(self) -> float:
        """Seconds of training in all."""
        return self.budget_s if self.stop_s is None else min(self.stop_s, self.budget_s)


class BudgetTrainer(ABC, Generic[Network]):
    """Trains one network.

    Args:
        network: Where to start.
        schedule: Budget, rates, seed.
        out: The safetensors file (float16 where that suffices); the checkpoint lies beside it.
        settled: The network comes trained: its normalisations stay fixed as they are.
        crops: How crops are drawn, for the checkpoint to tell runs apart.
    """

    def __init__(
        self, network: Network, schedule: Schedule, out: Path, *, settled: bool, crops: object
    ) -> None:
        self._schedule, self._run = schedule, f"{schedule!r} {crops!r}"
        self._out, self.checkpoint = out, out.with_suffix(".checkpoint")
        self._random = np.random.default_rng(schedule.seed)
        self._network = network
        self._average = copy.deepcopy(network).eval().requires_grad_(False)
        self._optimiser = _build_optimiser(network, schedule)
        self._steps, self._used_s, self._loss = 0, 0.0, 0.0
        self._settled = settled

    @abstractmethod
    def draw_loss(self) -> Tensor:
        """Returns the loss of the network on a fresh batch."""

    @abstractmethod
    def draw_pixels(self) -> Tensor:
        """Returns pictures as in training, uint8, shape (batch, 3, side, side)."""

    @abstractmethod
    def validate(self, network: Network) -> Progress:
        """Returns errors of a network on pictures it was not trained on."""

    def train(self, report: Callable[[Progress], None]) -> None:
        """Trains until the budget is spent or it is to stop.

        Goes on from the checkpoint when there is one.
        However it ends, the weights and a checkpoint are written.

        Raises:
            ConfigError: The checkpoint is of a run with another schedule.
        """
        self._resume()
        validated = math.floor(self._used_s / self._interval_s())
        saved_s = self._used_s
        try:
            while self._used_s < self._schedule.until_s:
                self._step()
                if self._steps % self._schedule.report_every == 0:
                    report(self._progress())
                due = self._used_s >= (validated + 1) * self._interval_s()
                if due or self._used_s - saved_s > _CHECKPOINT_EVERY_S:
                    self._save()
                    saved_s = self._used_s
                if due:
                    validated += 1
                    report(self._progress() | self.validate(self._average))
        finally:
            self._save()

    def _interval_s(self) -> float:
        return self._schedule.until_s / self._schedule.validations

    def _progress(self) -> Progress:
        return {"s": round(self._used_s), "steps": self._steps, "loss": round(self._loss, 3)}

    def _step(self) -> None:
        began = time.process_time()
        done = self._used_s / self._schedule.budget_s
        for group in self._optimiser.param_groups:
            group["lr"] = group["share"] * self._schedule.peak_rate * rate_factor(done)
        self._network.train()
        if self._settled or done >= _SETTLE_AT:
            self._settle_norms()
        loss = self.draw_loss()
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._steps += 1
        self._follow()
        value = loss.item()
        self._loss = value if self._steps == 1 else 0.98 * self._loss + 0.02 * value
        self._used_s += time.process_time() - began

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
                    self._network(self.draw_pixels())
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

    def _save(self) -> None:
        weights = {name: as_stored(value) for name, value in self._average.state_dict().items()}
        aside = self._out.with_suffix(".aside")
        save_file(weights, aside)
        aside.replace(self._out)
        state = {
            "schedule": self._run,
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
        if state["schedule"] != self._run:
            raise ConfigError(
                f"{self.checkpoint}: of a run with {state['schedule']}; remove it to begin again"
            )
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._random.bit_generator.state = json.loads(state["random"])
        self._steps, self._used_s, self._loss = state["steps"], state["used_s"], state["loss"]
        self._settled = state["settled"]

    def _set_name(self) -> str:
        """Returns the name of a set, drawn by the schedule's shares."""
        names, shares = zip(*self._schedule.shares, strict=True)
        return str(self._random.choice(names, p=np.array(shares) / sum(shares)))


def rate_factor(done: float) -> float:
    """Returns the learning rate relative to its peak after this share of the budget."""
    warm_up = 0.05
    if done < warm_up:
        return 0.05 + 0.95 * done / warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) + 1e-3


def as_stored(value: Tensor) -> Tensor:
    """Returns a tensor as weights files hold it: float16, or float32 where that overflows.

    What a backbone without normalisations of its own hands to the first one can vary by 1e10.
    """
    if not value.is_floating_point():
        return value
    short = value.half().contiguous()
    return short if bool(torch.isfinite(short).all()) else value.float().contiguous()


def _build_optimiser(network: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    groups = []
    for share, trained in ((schedule.backbone_rate, True), (1.0, False)):
        own = [p for n, p in network.named_parameters() if n.startswith("backbone.") == trained]
        for decay, kernels in ((schedule.weight_decay, True), (0.0, False)):
            params = [p for p in own if (p.ndim > 1) == kernels]
            groups.append({"params": params, "weight_decay": decay, "share": share})
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=schedule.peak_rate, betas=(0.9, 0.99), fused=True)
