"""Trains the crowd counter: `python -m models.training.crowd_counter --data DIR --rendered DIR`.

May be killed at any time: the same command goes on from the last checkpoint beside --out.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

import cv2
import torch
from safetensors.torch import load_file

from models.crowd_counter import fill_network
from models.training.arguments import add_schedule, as_schedule
from models.training.crowd_data import CountedPicture, CropSettings, read_pictures
from models.training.crowd_trainer import SHARES, CrowdTrainer
from ray_app.domain.errors import VigieError

HELD_OUT = {"part_A": 60, "part_B": 80}
"""Pictures of ShanghaiTech's train sets kept for validation: the last by image number."""
MOST_SPARSE = 20
"""Rendered stills with so few heads are drawn more often: real crowds teach little of them."""
_log = logging.getLogger("train_crowd")


def main() -> int:
    """Trains until the budget is spent; returns the exit status."""
    arguments = _parse()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        _prepare(arguments).train(lambda progress: _log.info(json.dumps(progress)))
    except VigieError as error:
        _log.error(error)
        return 2
    except KeyboardInterrupt:
        _log.info("interrupted; the same command goes on from the checkpoint beside --out")
        return 130
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="ShanghaiTech train: part_A, part_B"
    )
    parser.add_argument(
        "--rendered", type=Path, required=True, nargs="+", help="folders of rendered stills"
    )
    parser.add_argument("--dense", type=Path, required=True, help="UCF_CC_50")
    parser.add_argument("--validate", type=Path, help="rendered stills of another seed")
    parser.add_argument(
        "--without",
        choices=tuple(HELD_OUT),
        help="train on nothing of this part and validate on all of it (cross-part test)",
    )
    parser.add_argument(
        "--scales", type=float, nargs=2, default=(0.5, 2.0), help="least and most magnification"
    )
    parser.add_argument(
        "--pasted", type=float, default=0.25, help="share of crops with part of another over them"
    )
    add_schedule(parser, peak_rate=1.5e-3, backbone_rate=0.25, crop_px=512, batch=2)
    return parser.parse_args()


def _prepare(arguments: argparse.Namespace) -> CrowdTrainer:
    training: dict[str, list[CountedPicture]] = {}
    validation: dict[str, list[CountedPicture]] = {}
    for part, held_out in HELD_OUT.items():
        pictures = read_pictures(arguments.data / part)
        kept = 0 if part == arguments.without else len(pictures) - held_out
        training[part], validation[part] = pictures[:kept], pictures[kept:]
    training["rendered"] = [p for folder in arguments.rendered for p in read_pictures(folder)]
    training["dense"] = read_pictures(arguments.dense)
    training["sparse"] = [p for p in training["rendered"] if len(p.heads_px) <= MOST_SPARSE]
    if arguments.validate is not None:
        validation["rendered"] = read_pictures(arguments.validate)
    if arguments.without is not None:
        del training[arguments.without]
    start = arguments.start_from
    return CrowdTrainer(
        training=training,
        validation=validation,
        schedule=as_schedule(arguments, SHARES, training, validations=2),
        out=arguments.out,
        start=None if start is None else fill_network(load_file(start)),
        crops=CropSettings(
            side_px=arguments.crop_px,
            least_scale=arguments.scales[0],
            most_scale=arguments.scales[1],
            pasted=arguments.pasted,
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
