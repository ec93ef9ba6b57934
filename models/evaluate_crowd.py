"""Says how well heads are counted on a folder of pictures with a points.json."""

import argparse
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from models.crowd_counter import CrowdCounter, build_crowd_counter, fill_network
from models.settings import NetworkSettings
from models.training.crowd_data import CountedPicture, read_pictures
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.domain.people import map_count_variance

BANDS = ((0, 0), (1, 5), (6, 20), (21, 100), (101, 300), (301, 1000), (1001, math.inf))
"""Bands of true heads, ends included, that errors are split by."""
INTERVAL_SIGMAS = 1.645
"""Half the width of an interval that holds 90 % of a normal distribution."""
_log = logging.getLogger("evaluate_crowd")


@dataclass(frozen=True, slots=True)
class CountErrors:
    """Errors of counts over pictures.

    Attributes:
        pictures: How many.
        heads: Mean of the true counts.
        mae: Mean absolute error, heads.
        rmse: Root of the mean squared error, heads.
        nae: Mean of |error| / max(truth, 1).
        bias: Mean of found minus true, heads.
        covered: Share of pictures whose truth lies in the 90 % interval of the count.
    """

    pictures: int
    heads: float
    mae: float
    rmse: float
    nae: float
    bias: float
    covered: float


def count_errors(found: NDArray[np.float64], true: NDArray[np.float64]) -> CountErrors:
    """Returns the errors of counts found, one per picture; there must be at least one."""
    error = found - true
    return CountErrors(
        pictures=len(true),
        heads=float(true.mean()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        nae=float((np.abs(error) / np.maximum(true, 1)).mean()),
        bias=float(error.mean()),
        covered=float(
            (np.abs(error) <= [INTERVAL_SIGMAS * sigma(count) for count in found]).mean()
        ),
    )


def sigma(count: float) -> float:
    """Returns one standard deviation of a counted number of heads."""
    return math.sqrt(map_count_variance(count))


def errors_by_band(found: NDArray[np.float64], true: NDArray[np.float64]) -> dict[str, CountErrors]:
    """Returns the errors of all pictures, then of each band of true heads that has any."""
    slices = {"all": count_errors(found, true)}
    for least, most in BANDS:
        inside = (true >= least) & (true <= most)
        if inside.any():
            slices[_band_name(least, most)] = count_errors(found[inside], true[inside])
    return slices


def _band_name(least: int, most: float) -> str:
    if least == most:
        return f"{least}"
    return f"{least} or more" if math.isinf(most) else f"{least}-{most}"


def count_pictures(
    counter: CrowdCounter, pictures: Sequence[CountedPicture]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the heads found and the true heads of each picture."""
    found = []
    for picture in pictures:
        height, width = picture.pixels.shape[:2]
        batch = FrameBatch(
            (FrameKey(picture.name, 0, 0, 0.0),), picture.pixels[None], ((width, height),)
        )
        found.append(counter.count(batch)[0][0].count)
    return np.array(found), np.array([len(p.heads_px) for p in pictures], np.float64)


def main() -> None:
    """Evaluates the shipped weights, or others, and logs one JSON line per slice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures and points.json")
    parser.add_argument("--weights", type=Path, help="safetensors file; default: as shipped")
    parser.add_argument("--last", type=int, default=0, help="only the last N by image number")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    settings = NetworkSettings(batch_size=1)
    if arguments.weights is None:
        counter = build_crowd_counter(settings)
    else:
        counter = CrowdCounter(fill_network(load_file(arguments.weights)), settings)
    pictures = read_pictures(arguments.folder)[-arguments.last :]
    for name, errors in errors_by_band(*count_pictures(counter, pictures)).items():
        _log.info(json.dumps({"heads_band": name, **asdict(errors)}))


if __name__ == "__main__":
    main()
