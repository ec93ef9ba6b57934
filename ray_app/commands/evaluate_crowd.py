"""`vigie evaluate crowd`: counted heads against labelled heads."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from models.crowd_counter import build_crowd_counter
from models.evaluate_crowd import count_pictures, errors_by_band
from models.settings import NetworkSettings
from models.training.crowd_data import read_pictures
from ray_app.domain.errors import FootageError

RESAMPLED = 1000


def run(images: Path, *, as_json: bool) -> int:
    """Prints the errors, all and by band of heads."""
    torch.set_num_threads(1)
    pictures = read_pictures(images)
    if not pictures:
        raise FootageError(f"{images}/points.json names no picture")
    counter = build_crowd_counter(NetworkSettings(batch_size=1))
    looked = track(pictures, "counting", console=Console(stderr=True), transient=True)
    pairs = [count_pictures(counter, [picture]) for picture in looked]
    found = np.concatenate([pair[0] for pair in pairs])
    true = np.concatenate([pair[1] for pair in pairs])
    bands = errors_by_band(found, true)
    low, high = mae_interval(found, true)
    if as_json:
        told = asdict(bands["all"]) | {
            "mae_low": low,
            "mae_high": high,
            "bands": {name: asdict(band) for name, band in bands.items() if name != "all"},
        }
        print(json.dumps(told, indent=2))  # noqa: T201
        return 0
    table = Table("heads", "pictures", "mean", "MAE", "RMSE", "NAE", "bias", title=str(images))
    for name, band in bands.items():
        numbers = (band.heads, band.mae, band.rmse)
        table.add_row(
            name,
            str(band.pictures),
            *(f"{number:.1f}" for number in numbers),
            f"{band.nae:.2f}",
            f"{band.bias:+.1f}",
        )
    console = Console()
    console.print(table)
    console.print(f"MAE 95 % interval, pictures drawn again: {low:.1f} to {high:.1f}")
    return 0


def mae_interval(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean absolute error over pictures."""
    error = np.abs(found - true)
    rng = np.random.default_rng(0)
    means = [error[rng.integers(0, len(error), len(error))].mean() for _ in range(RESAMPLED)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
