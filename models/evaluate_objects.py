"""Measures person boxes against labelled footage: average precision, and people counted."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from models.detection_scores import ScoredBoxes, average_precision, best_f1, judge, pool
from models.settings import NetworkSettings
from models.zoo import build_object_finder
from ray_app.domain.errors import ConfigError
from ray_app.domain.frame import Frame, FrameBatch
from ray_app.domain.observation import Detections, Label
from ray_app.domain.protocols import ObjectFinder

LEAST_SCORE = 0.05
"""Boxes below are not looked at; lower changes average precision in the third decimal."""
COUNT_THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)

PEOPLE_BANDS: tuple[tuple[int, int | None], ...] = ((1, 3), (4, 6), (7, 10), (11, 20), (21, None))
"""Bands of people in view that recall is split by, ends included."""
PERSON_SCORE = 0.5
"""From this score on a box counts as a person.

NanoDet's score is trained to be the expected overlap of the box with a true object (quality focal
loss, Li et al., NeurIPS 2020, section 3.1), and 0.5 is the overlap from which a box is held right.
"""

BoxTruth = Mapping[int, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class CountError:
    """People counted at one score threshold, over every labelled frame.

    Attributes:
        threshold: Boxes scoring at least this count as one person each.
        mae: Mean of |found - true|, people per frame.
        bias: Mean of found - true, people per frame.
    """

    threshold: float
    mae: float
    bias: float


@dataclass(frozen=True, slots=True)
class CrowdRecall:
    """How many people are found where so many are in view.

    Attributes:
        least: Fewest labelled people of the frames.
        most: Most; None is open.
        frames: How many frames.
        recall: Share of their people that a box of at least count_score is on (IoU 0.5).
    """

    least: int
    most: int | None
    frames: int
    recall: float


@dataclass(frozen=True, slots=True)
class ObjectsReport:
    """How well people were found in one video.

    Attributes:
        ap50: Average precision of person boxes at IoU 0.5 (see models/detection_scores.py).
        best_f1: Highest F1 over thresholds, on the same frames.
        best_threshold: The score where it is reached.
        scored_frames: Frames behind the three numbers above: every n-th one.
        labelled_boxes: True boxes in those frames.
        count_mae: Mean of |people found - people true| per frame, at count_score.
        count_bias: Mean of found - true, same frames and score.
        count_score: The score from which a box counted.
        people: Mean of the true count per frame.
        frames: Frames behind the counts: every labelled frame given.
        unlabelled_frames: Frames given that the truth says nothing of; not measured.
        count_errors: The counts at other thresholds, to see whether count_score is on a plateau.
        recall_by_people: Recall by the number of people in view, on the scored frames.
    """

    ap50: float
    best_f1: float
    best_threshold: float
    scored_frames: int
    labelled_boxes: int
    count_mae: float
    count_bias: float
    count_score: float
    people: float
    frames: int
    unlabelled_frames: int
    count_errors: tuple[CountError, ...]
    recall_by_people: tuple[CrowdRecall, ...]


@dataclass(frozen=True, slots=True)
class _FramePeople:
    """People found in one frame (scores) and their true number."""

    scores: NDArray[np.float32]
    true: int


def evaluate_objects(
    frames: Iterable[tuple[int, Frame]],
    truth: BoxTruth,
    settings: NetworkSettings,
    every: int = 15,
    count_score: float = PERSON_SCORE,
) -> ObjectsReport:
    """Measures the object finder of the settings.

    Args:
        frames: Frame number in the truth, and the frame at analysis size; any order.
        truth: True boxes of people per frame number, corners in source pixels; see `read_cvml`.
        settings: Networks; `objects.min_score` plays no part, all scores are looked at.
        every: Boxes are scored on frames whose number is a multiple of this.
        count_score: Boxes scoring at least this count as one person each.

    Raises:
        ConfigError: No frame given is labelled.
    """
    low = dataclasses.replace(settings.objects, min_score=LEAST_SCORE)
    finder = build_object_finder(dataclasses.replace(settings, objects=low))
    judged: list[ScoredBoxes] = []
    people: list[_FramePeople] = []
    unlabelled = 0
    for number, found in _find(frames, finder, settings.batch_size):
        if number not in truth:
            unlabelled += 1
            continue
        persons = found.only(found.labels == Label.PERSON)
        people.append(_FramePeople(persons.scores, len(truth[number])))
        if number % every == 0:
            judged.append(judge(persons.boxes_px, persons.scores, truth[number]))
    if not judged:
        raise ConfigError(f"no labelled frame to score among {len(people) + unlabelled} frames")
    return _report(judged, people, unlabelled, count_score)


def read_cvml(path: Path) -> dict[int, NDArray[np.float32]]:
    """Returns the labelled boxes of each frame, corners x1, y1, x2, y2 in pixels, shape (n, 4).

    CVML (List and Fisher, ICPR 2004): <frame number><objectlist><object><box xc yc w h>. Frames
    listed without objects are labelled as empty; frames not listed are not labelled.

    Raises:
        ConfigError: The file cannot be read, or is not CVML.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314  the user's own file, no network
        truth = {int(frame.attrib["number"]): _read_boxes(frame) for frame in root.iter("frame")}
    except (OSError, ET.ParseError, KeyError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as CVML: {error}") from error
    if not truth:
        raise ConfigError(f"{path}: no <frame> in it; the truth must be CVML")
    return truth


def _read_boxes(frame: ET.Element) -> NDArray[np.float32]:
    boxes = [[float(box.attrib[k]) for k in ("xc", "yc", "w", "h")] for box in frame.iter("box")]
    centre_size = np.array(boxes, np.float32).reshape(-1, 4)
    centre, half = centre_size[:, :2], centre_size[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], 1)


def _find(
    frames: Iterable[tuple[int, Frame]], finder: ObjectFinder, batch_size: int
) -> Iterator[tuple[int, Detections]]:
    for _, same_size in groupby(frames, key=lambda numbered: numbered[1].pixels.shape):
        for chunk in _in_chunks(same_size, batch_size):
            found = finder.find(FrameBatch.stack([frame for _, frame in chunk]))
            yield from zip([number for number, _ in chunk], found, strict=True)


def _in_chunks(frames: Iterable[tuple[int, Frame]], size: int) -> Iterator[list[tuple[int, Frame]]]:
    chunk: list[tuple[int, Frame]] = []
    for numbered in frames:
        chunk.append(numbered)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _report(
    judged: list[ScoredBoxes], people: list[_FramePeople], unlabelled: int, threshold: float
) -> ObjectsReport:
    pooled = pool(judged)
    best = best_f1(pooled)
    at_threshold = _count_error(people, threshold)
    return ObjectsReport(
        ap50=average_precision(pooled),
        best_f1=best.f1,
        best_threshold=best.threshold,
        scored_frames=len(judged),
        labelled_boxes=pooled.labelled,
        count_mae=at_threshold.mae,
        count_bias=at_threshold.bias,
        count_score=threshold,
        people=float(np.mean([p.true for p in people])),
        frames=len(people),
        unlabelled_frames=unlabelled,
        count_errors=tuple(_count_error(people, t) for t in COUNT_THRESHOLDS),
        recall_by_people=tuple(recalls_by_people(judged, threshold)),
    )


def recalls_by_people(judged: Sequence[ScoredBoxes], threshold: float) -> Iterator[CrowdRecall]:
    """Yields how many people boxes of at least this score find, by the number in view."""
    for least, most in PEOPLE_BANDS:
        band = [j for j in judged if least <= j.labelled <= (most or j.labelled)]
        if band:
            right = sum(int((j.right & (j.scores >= threshold)).sum()) for j in band)
            yield CrowdRecall(least, most, len(band), right / sum(j.labelled for j in band))


def _count_error(people: list[_FramePeople], threshold: float) -> CountError:
    errors = np.array([int((p.scores >= threshold).sum()) - p.true for p in people], np.float64)
    return CountError(threshold, float(np.abs(errors).mean()), float(errors.mean()))
