"""Trains the fire and smoke network: `python -m models.training.fire_smoke_detector --data DIR`.

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

from models.fire_smoke_detector import fill_fire_network
from models.training.arguments import add_schedule, as_schedule
from models.training.fire_augment import FireCropper, FireCrops
from models.training.fire_data import (
    FirePicture,
    flames_in,
    hold_out,
    read_burning,
    read_clear,
    read_clear_video,
    read_far_smoke,
    read_flame_video,
    read_yolo,
)
from models.training.fire_trainer import FireTrainer, with_flames
from ray_app.domain.errors import VigieError

SHARES = (
    ("cctv", 0.28),
    ("photos", 0.16),
    ("photos_clear", 0.09),
    ("far_smoke", 0.12),
    ("house", 0.03),
    ("crowds", 0.22),
    ("drawn", 0.08),
    ("drawn_fire", 0.08),
)
HELD_OUT = 0.2
SOURCES = {
    "cctv": ("cctv",),
    "photos": ("photos", "photos_clear"),
    "far_smoke": ("far_smoke",),
    "house": ("house",),
}
"""Sets of pictures by where they were taken from."""
_log = logging.getLogger("train_fire")


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


def read_sets(
    data: Path, drawn: Path, drawn_fire: Path
) -> tuple[dict[str, list[FirePicture]], dict[str, list[FirePicture]]]:
    """Returns pictures to train on and pictures held out, by set; no scene is in both.

    Args:
        data: Folder with fire8_roboflow, fire_kaggle999, smoke_hpwren, fire_video_furg,
            shanghaitech_train, ucf_cc_50, pets09_vtest, abandoned.
        drawn: Rendered stills without fire.
        drawn_fire: Rendered stills with fire, YOLO labels.
    """
    house = data / "fire_video_furg"
    crowds = read_clear(data / "shanghaitech_train/part_B") + read_clear(data / "ucf_cc_50")
    crowds += read_clear(data / "shanghaitech_train/part_A")
    crowds += read_clear_video(data / "pets09_vtest/vtest.avi", 40)
    crowds += read_clear_video(data / "abandoned/aboda_video4.avi", 40)
    crowds += read_clear_video(data / "abandoned/campus_redbox_aban3.mp4", 60)
    whole = {
        "cctv": read_yolo(data / "fire8_roboflow"),
        "photos": read_burning(data / "fire_kaggle999/fire_images"),
        "photos_clear": read_clear(data / "fire_kaggle999/non_fire_images"),
        "far_smoke": read_far_smoke(data / "smoke_hpwren"),
        "crowds": crowds,
        "drawn": read_clear(drawn, 2),
        "drawn_fire": read_yolo(drawn_fire),
    }
    training: dict[str, list[FirePicture]] = {}
    held: dict[str, list[FirePicture]] = {}
    for name, pictures in whole.items():
        training[name], held[name] = hold_out(pictures, HELD_OUT, seed=7)
    training["house"] = read_flame_video(house / "house6.mp4", house / "house6.xml", 15)
    return training, held


def leave_out(
    source: str, training: dict[str, list[FirePicture]], held: dict[str, list[FirePicture]]
) -> None:
    """Moves all pictures of a source from training to those held out (cross-source test)."""
    for name in SOURCES[source]:
        held[name] = held.get(name, []) + training.pop(name)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of all data sets")
    parser.add_argument("--drawn", type=Path, required=True, help="rendered stills without fire")
    parser.add_argument(
        "--drawn-fire", type=Path, required=True, help="rendered stills with fire, YOLO labels"
    )
    parser.add_argument(
        "--without",
        choices=tuple(SOURCES),
        help="train on nothing of this source and validate on all of it (cross-source test)",
    )
    parser.add_argument(
        "--least-px", type=int, default=320, help="least length a picture is brought to"
    )
    add_schedule(parser, peak_rate=1.5e-3, backbone_rate=0.3, crop_px=448, batch=4)
    return parser.parse_args()


def _prepare(arguments: argparse.Namespace) -> FireTrainer:
    training, held = read_sets(arguments.data, arguments.drawn, arguments.drawn_fire)
    if arguments.without is not None:
        leave_out(arguments.without, training, held)
    for name, pictures in training.items():
        _log.info("%s: %d to train on, %d held out", name, len(pictures), len(held.get(name, ())))
    start = arguments.start_from
    crops = FireCrops(side_px=arguments.crop_px, least_px=arguments.least_px)
    return FireTrainer(
        training,
        held,
        as_schedule(arguments, SHARES, training, validations=4),
        FireCropper(crops, _to_cut_from(training)),
        arguments.out,
        None if start is None else fill_fire_network(load_file(start)),
    )


def _to_cut_from(training: dict[str, list[FirePicture]]) -> list[FirePicture]:
    """Returns pictures with flame boxes: labelled ones, and photographs boxed by colour."""
    boxed = [*training.get("cctv", []), *training.get("house", [])]
    return with_flames(boxed + [flames_in(picture) for picture in training.get("photos", [])])


if __name__ == "__main__":
    sys.exit(main())
