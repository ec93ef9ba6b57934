"""How well burning pictures are told from others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.fire_smoke_detector import FireSmokeDetector, certainty_of
from models.pictures import picture_files, read_picture
from models.rank_scores import auroc, recall_at
from ray_app.domain.errors import FootageError
from ray_app.domain.frame import FrameBatch, FrameKey

BURNING, CALM = ("fire_images",), ("normal_images", "non_fire_images")
NOTHING = 1
"""YOLO class number of a box that says nothing burns in the frame it fills."""
_FILLS = 0.5
"""Least share of the frame such a box covers; a smaller one of that class is something else."""


@dataclass(frozen=True, slots=True)
class FireReport:
    """How certainties of pictures with fire or smoke compare with those of pictures without.

    Attributes:
        burning: Pictures with fire or smoke.
        calm: Pictures without.
        skipped: Pictures that could not be read; no part of any number.
        auroc: Area under the receiver operating characteristic.
        recall_at_1: Share of burning pictures found when 1 % of calm ones are false alarms.
        threshold_at_1: Certainty from which they count as found.
        recall_at_5: The same with 5 %.
        threshold_at_5: Likewise.
        recall_at_half: Share found at certainty 0.5.
        false_at_half: Share of calm pictures that reach 0.5.
    """

    burning: int
    calm: int
    skipped: int
    auroc: float
    recall_at_1: float
    threshold_at_1: float
    recall_at_5: float
    threshold_at_5: float
    recall_at_half: float
    false_at_half: float


def labelled_pictures(folder: Path) -> list[tuple[Path, bool]]:
    """Returns the pictures of a folder and whether each burns.

    Either fire_images/ and normal_images/ lie in it, or images/ and labels/ (YOLO, at any depth:
    class 0 fire, 2 smoke; a class-1 box that fills the frame, or an empty file, says nothing
    burns).

    Raises:
        FootageError: It is neither, a picture has no label, or one of the two kinds is missing.
    """
    if not folder.is_dir():
        raise FootageError(f"{folder}: no such folder")
    named = {name: folder / name for name in (*BURNING, *CALM) if (folder / name).is_dir()}
    if named:
        pairs = [
            (path, name in BURNING)
            for name, place in named.items()
            for path in picture_files(place)
        ]
    else:
        pairs = [
            (path, _burns(path)) for path in picture_files(folder) if path.parent.name == "images"
        ]
    kinds = {burns for _, burns in pairs}
    if kinds != {True, False}:
        raise FootageError(
            f"{folder}: {len(pairs)} labelled pictures, and both kinds are needed; give a folder "
            "with fire_images/ and normal_images/, or with images/ and labels/ (YOLO)"
        )
    return pairs


def evaluate_fire(
    detector: FireSmokeDetector,
    pictures: Iterable[tuple[Path, bool]],
    skip: Callable[[FootageError], None],
) -> FireReport:
    """Returns the report.

    Args:
        detector: The finder measured.
        pictures: Files, and whether each burns.
        skip: Told of each picture that cannot be read.

    Raises:
        FootageError: No burning picture, or no calm one, could be read.
    """
    scores: dict[bool, list[float]] = {True: [], False: []}
    skipped = 0
    for path, burns in pictures:
        try:
            scores[burns].append(max(_certainty(detector, path)))
        except FootageError as fault:
            skipped += 1
            skip(fault)
    burning, calm = np.array(scores[True]), np.array(scores[False])
    if not len(burning) or not len(calm):
        raise FootageError(
            f"{len(burning)} burning and {len(calm)} calm pictures could be read, {skipped} not; "
            "both kinds are needed"
        )
    at_1, at_5 = recall_at(burning, calm, 0.01), recall_at(burning, calm, 0.05)
    return FireReport(
        burning=len(burning),
        calm=len(calm),
        skipped=skipped,
        auroc=auroc(burning, calm),
        recall_at_1=at_1[0],
        threshold_at_1=at_1[1],
        recall_at_5=at_5[0],
        threshold_at_5=at_5[1],
        recall_at_half=float((burning >= 0.5).mean()),
        false_at_half=float((calm >= 0.5).mean()),
    )


def _certainty(detector: FireSmokeDetector, path: Path) -> tuple[float, float]:
    pixels = read_picture(path)
    height, width = pixels.shape[:2]
    key = FrameKey(path.name, 0, 0, 0.0)
    (seen,) = detector.look(FrameBatch((key,), pixels[None], ((width, height),)))
    return certainty_of(seen)


def _burns(picture: Path) -> bool:
    label = picture.parent.parent / "labels" / f"{picture.stem}.txt"
    try:
        lines = label.read_text("utf-8").splitlines()
        rows = [[float(value) for value in line.split()] for line in lines if line.strip()]
        return any(row[0] != NOTHING or row[3] * row[4] < _FILLS for row in rows)
    except (OSError, ValueError, IndexError) as error:
        cause = f"{error}; a picture without fire needs an empty label file"
        raise FootageError(f"{label}: cannot be read as YOLO labels ({cause})") from error
