"""`vigie evaluate crowd`: counted heads against labelled heads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from models.crowd_counter import build_crowd_counter
from models.evaluate_crowd import CountErrors, count_pictures, errors_by_band, sigma
from models.settings import NetworkSettings
from models.training.crowd_data import read_counted, read_points
from ray_app.domain.errors import FootageError

RESAMPLED = 1000


@dataclass(frozen=True, slots=True)
class _Counted:
    """One picture: heads found, with one standard deviation, and labelled heads."""

    picture: str
    width_px: int
    height_px: int
    found: float
    sigma: float
    true: int


def run(images: Path, *, as_json: bool) -> int:
    """Prints the errors, all and by band of heads."""
    torch.set_num_threads(1)
    counted, skipped = _count(images)
    found, true = np.array([c.found for c in counted]), np.array([float(c.true) for c in counted])
    bands = errors_by_band(found, true)
    low, high = mae_interval(found, true)
    if as_json:
        told = asdict(bands["all"]) | {
            "skipped": skipped,
            "mae_low": low,
            "mae_high": high,
            "bands": {name: asdict(band) for name, band in bands.items() if name != "all"},
            "each": [asdict(one) for one in counted],
        }
        print(json.dumps(told, indent=2))  # noqa: T201
        return 0
    console = Console()
    console.print(_table(bands, escape(str(images))))
    console.print(
        "in interval: share of pictures whose truth lies in the 90 % interval of the count"
    )
    if skipped:
        console.print(f"skipped: {skipped} pictures that cannot be read")
    console.print(f"MAE 95 % interval, pictures drawn again: {low:.1f} to {high:.1f}")
    return 0


def _count(images: Path) -> tuple[list[_Counted], int]:
    """Returns the pictures counted, and how many could not be read; these are told."""
    named = read_points(images)
    counter = build_crowd_counter(NetworkSettings(batch_size=1))
    aside = Console(stderr=True)
    counted: list[_Counted] = []
    for path, heads_px in track(named, "counting", console=aside, transient=True):
        try:
            picture = read_counted(path, heads_px)
        except FootageError as fault:
            aside.print(f"skipped: {fault}", markup=False, soft_wrap=True)
            continue
        (found,), (true,) = count_pictures(counter, [picture])
        height, width = picture.pixels.shape[:2]
        count = float(found)
        counted.append(_Counted(path.name, width, height, count, sigma(count), int(true)))
    if not counted:
        raise FootageError(f"{images}: none of the {len(named)} pictures named can be read")
    return counted, len(named) - len(counted)


def _table(bands: dict[str, CountErrors], title: str) -> Table:
    heads = ("heads", "pictures", "mean", "MAE", "RMSE", "NAE", "bias", "in interval")
    table = Table(*heads, title=title)
    for name, band in bands.items():
        numbers = (band.heads, band.mae, band.rmse)
        table.add_row(
            name,
            str(band.pictures),
            *(f"{number:.1f}" for number in numbers),
            f"{band.nae:.2f}",
            f"{band.bias:+.1f}",
            f"{band.covered:.0%}",
        )
    return table


def mae_interval(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean absolute error over pictures."""
    error = np.abs(found - true)
    rng = np.random.default_rng(0)
    means = [error[rng.integers(0, len(error), len(error))].mean() for _ in range(RESAMPLED)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
