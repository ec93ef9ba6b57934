"""How well burning pictures are told from others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.fire_smoke_detector import FireSmokeDetector, certainty_of
from models.pictures import picture_files, read_picture
from models.rank_scores import Floats, Interval, Numbers, rank_scenes
from models.scenes import scene_numbers, small_copy
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

    Pictures that are nearly alike, as frames of one film, are one scene. Intervals are 95 %, whole
    scenes drawn again (bootstrap).

    Attributes:
        burning: Pictures with fire or smoke.
        burning_scenes: Scenes they show.
        calm: Pictures without.
        calm_scenes: Scenes they show.
        skipped: Pictures that could not be read; no part of any number.
        auroc: Area under the receiver operating characteristic.
        auroc_interval: Its interval.
        auroc_by_scene: The same when every scene counts once.
        recall_at_1: Share of burning pictures found when 1 % of calm ones are false alarms.
        recall_at_1_interval: Its interval.
        threshold_at_1: Certainty from which they count as found.
        recall_at_5: The same with 5 %.
        recall_at_5_interval: Its interval.
        recall_at_5_by_scene: The same when every scene counts once.
        threshold_at_5: Certainty from which they count as found.
        recall_at_half: Share found at certainty 0.5.
        false_at_half: Share of calm pictures that reach 0.5.
    """

    burning: int
    burning_scenes: int
    calm: int
    calm_scenes: int
    skipped: int
    auroc: float
    auroc_interval: Interval
    auroc_by_scene: float
    recall_at_1: float
    recall_at_1_interval: Interval
    threshold_at_1: float
    recall_at_5: float
    recall_at_5_interval: Interval
    recall_at_5_by_scene: float
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
    looked: dict[bool, list[tuple[float, Floats]]] = {True: [], False: []}
    skipped = 0
    for path, burns in pictures:
        try:
            looked[burns].append(_looked_at(detector, path))
        except FootageError as fault:
            skipped += 1
            skip(fault)
    if not looked[True] or not looked[False]:
        raise FootageError(
            f"{len(looked[True])} burning and {len(looked[False])} calm pictures could be read, "
            f"{skipped} not; both kinds are needed"
        )
    return _report(*_scored(looked[True]), *_scored(looked[False]), skipped)


def _report(
    burning: Floats, burning_scenes: Numbers, calm: Floats, calm_scenes: Numbers, skipped: int
) -> FireReport:
    ranks = rank_scenes(burning, burning_scenes, calm, calm_scenes)
    told, by_scene, spread = ranks.by_picture, ranks.by_scene, ranks.intervals
    return FireReport(
        burning=len(burning),
        burning_scenes=len(np.unique(burning_scenes)),
        calm=len(calm),
        calm_scenes=len(np.unique(calm_scenes)),
        skipped=skipped,
        auroc=told.auroc,
        auroc_interval=spread.auroc,
        auroc_by_scene=by_scene.auroc,
        recall_at_1=told.recall_at_1,
        recall_at_1_interval=spread.recall_at_1,
        threshold_at_1=told.threshold_at_1,
        recall_at_5=told.recall_at_5,
        recall_at_5_interval=spread.recall_at_5,
        recall_at_5_by_scene=by_scene.recall_at_5,
        threshold_at_5=told.threshold_at_5,
        recall_at_half=float((burning >= 0.5).mean()),
        false_at_half=float((calm >= 0.5).mean()),
    )


def _scored(looked: list[tuple[float, Floats]]) -> tuple[Floats, Numbers]:
    """Returns certainties and scene numbers."""
    return np.array([one for one, _ in looked]), scene_numbers([copy for _, copy in looked])


def _looked_at(detector: FireSmokeDetector, path: Path) -> tuple[float, Floats]:
    pixels = read_picture(path)
    height, width = pixels.shape[:2]
    key = FrameKey(path.name, 0, 0, 0.0)
    (seen,) = detector.look(FrameBatch((key,), pixels[None], ((width, height),)))
    return max(certainty_of(seen)), small_copy(pixels)


def _burns(picture: Path) -> bool:
    label = picture.parent.parent / "labels" / f"{picture.stem}.txt"
    try:
        lines = label.read_text("utf-8").splitlines()
        rows = [[float(value) for value in line.split()] for line in lines if line.strip()]
        return any(row[0] != NOTHING or row[3] * row[4] < _FILLS for row in rows)
    except (OSError, ValueError, IndexError) as error:
        cause = f"{error}; a picture without fire needs an empty label file"
        raise FootageError(f"{label}: cannot be read as YOLO labels ({cause})") from error
