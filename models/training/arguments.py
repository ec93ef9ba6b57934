"""What the command lines of all trainers have in common."""

import argparse
import math
from collections.abc import Collection
from pathlib import Path

from models.training.budget_trainer import Schedule
from ray_app.domain.errors import ConfigError

Shares = tuple[tuple[str, float], ...]
_MULTIPLE_PX = 64


def add_schedule(
    parser: argparse.ArgumentParser,
    *,
    peak_rate: float,
    backbone_rate: float,
    crop_px: int,
    batch: int,
) -> None:
    """Adds how long, how fast and on how many crops to learn, where to start, what to write."""
    add = parser.add_argument
    add("--budget-s", type=_seconds, default=2400, help="seconds of training")
    add(
        "--stop-s",
        type=_seconds,
        help="seconds after which to stop, before the rates have come down: what is learnt last is "
        "the sources themselves (default: the whole budget)",
    )
    add("--seed", type=int, default=0)
    add("--peak-rate", type=float, default=peak_rate, help="highest learning rate")
    add(
        "--backbone-rate",
        type=float,
        default=backbone_rate,
        help="learning rate of the backbone, which comes trained, relative to that of the rest",
    )
    add(
        "--crop-px",
        type=_side_px,
        default=crop_px,
        help="side of a crop: small ones are mostly edge, which a whole picture is not",
    )
    add("--batch", type=int, default=batch, help="crops per step")
    add(
        "--share",
        type=_share,
        nargs="+",
        default=[],
        metavar="SET=SHARE",
        help="other shares of the crops than usual, as far_smoke=0.2",
    )
    add("--start-from", type=Path, help="weights to go on from (fine-tuning)")
    add("--out", type=Path, required=True, help="safetensors file to write")


def as_schedule(
    arguments: argparse.Namespace, usual: Shares, there: Collection[str], validations: int
) -> Schedule:
    """Returns the schedule that was asked for.

    Args:
        arguments: Of a parser that `add_schedule` was called with.
        usual: Share of the crops per set.
        there: Sets there are pictures of; others get no share.
        validations: Over the budget.

    Raises:
        ConfigError: A share of a set that does not exist or is left out.
    """
    asked = dict(arguments.share)
    unknown = sorted(set(asked) - {name for name, _ in usual})
    if unknown:
        known = ", ".join(name for name, _ in usual)
        raise ConfigError(f"--share {unknown[0]}: no such set; there are {known}")
    left_out = sorted(set(asked) - set(there))
    if left_out:
        raise ConfigError(f"--share {left_out[0]}: this set is left out of this training")
    return Schedule(
        budget_s=arguments.budget_s,
        stop_s=arguments.stop_s,
        peak_rate=arguments.peak_rate,
        seed=arguments.seed,
        backbone_rate=arguments.backbone_rate,
        batch=arguments.batch,
        shares=tuple((name, asked.get(name, share)) for name, share in usual if name in there),
        validations=validations,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: give seconds above 0, as 1050")
    return seconds


def _side_px(text: str) -> int:
    side = int(text)
    if side <= 0 or side % _MULTIPLE_PX:
        raise argparse.ArgumentTypeError(f"{text} is no multiple of {_MULTIPLE_PX}")
    return side


def _share(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if share < 0:
        raise argparse.ArgumentTypeError(f"{text}: write it as far_smoke=0.2")
    return name, share
