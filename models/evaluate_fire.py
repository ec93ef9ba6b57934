"""How well burning pictures are told from others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.fire_smoke_detector import FireSmokeDetector, certainty_of
from models.rank_scores import auroc, recall_at
from ray_app.domain.errors import FootageError
from ray_app.domain.frame import FrameBatch, FrameKey

BURNING, CALM = ("fire_images",), ("normal_images", "non_fire_images")
ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
NOTHING = 1
"""YOLO class number of a whole-frame box that says nothing burns; 0 is fire, 2 smoke."""


@dataclass(frozen=True, slots=True)
class FireReport:
    """How certainties of pictures with fire or smoke compare with those of pictures without.

    Attributes:
        burning: Pictures with fire or smoke.
        calm: Pictures without.
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
    class 0 fire, 1 nothing, 2 smoke; an empty file says nothing burns).

    Raises:
        FootageError: It is neither, a picture has no label, or one of the two kinds is missing.
    """
    if not folder.is_dir():
        raise FootageError(f"{folder}: no such folder")
    named = {name: folder / name for name in (*BURNING, *CALM) if (folder / name).is_dir()}
    if named:
        pairs = [
            (path, name in BURNING) for name, place in named.items() for path in _pictures(place)
        ]
    else:
        pairs = [(path, _burns(path)) for path in _pictures(folder) if path.parent.name == "images"]
    kinds = {burns for _, burns in pairs}
    if kinds != {True, False}:
        raise FootageError(
            f"{folder}: {len(pairs)} labelled pictures, and both kinds are needed; give a folder "
            "with fire_images/ and normal_images/, or with images/ and labels/ (YOLO)"
        )
    return pairs


def evaluate_fire(detector: FireSmokeDetector, pictures: Iterable[tuple[Path, bool]]) -> FireReport:
    """Returns the report; raises FootageError at a picture that cannot be read."""
    scores = [(max(_certainty(detector, path)), burns) for path, burns in pictures]
    burning = np.array([score for score, burns in scores if burns])
    calm = np.array([score for score, burns in scores if not burns])
    at_1, at_5 = recall_at(burning, calm, 0.01), recall_at(burning, calm, 0.05)
    return FireReport(
        burning=len(burning),
        calm=len(calm),
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
    return certainty_of(seen.flame), certainty_of(seen.smoke)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Returns a picture, RGB, uint8, shape (height, width, 3); raises FootageError."""
    found = cv2.imread(str(path))
    if found is None:
        raise FootageError(f"{path}: not a readable picture")
    return np.ascontiguousarray(found[:, :, ::-1], np.uint8)


def _pictures(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)


def _burns(picture: Path) -> bool:
    label = picture.parent.parent / "labels" / f"{picture.stem}.txt"
    try:
        rows = [line.split() for line in label.read_text("utf-8").splitlines() if line.strip()]
        return any(int(row[0]) != NOTHING for row in rows)
    except (OSError, ValueError) as error:
        raise FootageError(f"{label}: cannot be read as YOLO labels ({error})") from error
