"""Scores of boxes against labelled boxes: average precision and best F1.

Definitions. Over all scored pictures together, found boxes are gone through from the highest score
down; each takes the labelled box of its picture that it overlaps most among those not yet taken,
and is right when their intersection over union is at least 0.5. Every labelled box is matched at
most once, every further box on it is wrong. Average precision is the area under the precision
envelope (the best precision at this recall or beyond) over recall, at all points where recall
changes: PASCAL VOC 2010 and later (Everingham et al., IJCV 2015, section 4.2), not 11 points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.candidates import intersection_over_union

RIGHT_IOU = 0.5


@dataclass(frozen=True, slots=True)
class ScoredBoxes:
    """Found boxes of several pictures, each judged.

    Attributes:
        scores: float32, shape (n,).
        right: Whether the box took a labelled box, bool, shape (n,).
        labelled: Number of labelled boxes in those pictures.
    """

    scores: NDArray[np.float32]
    right: NDArray[np.bool_]
    labelled: int


@dataclass(frozen=True, slots=True)
class BestF1:
    """The score threshold at which F1 is highest, and F1 there."""

    f1: float
    threshold: float


def judge(
    boxes_px: NDArray[np.float32], scores: NDArray[np.float32], labelled_px: NDArray[np.float32]
) -> ScoredBoxes:
    """Returns the found boxes of one picture, best first, each right or wrong."""
    order = np.argsort(-scores, kind="stable")
    overlap = intersection_over_union(boxes_px[order], labelled_px)
    right = np.zeros(len(order), np.bool_)
    for row in range(len(order) if len(labelled_px) else 0):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= RIGHT_IOU:
            right[row] = True
            overlap[:, best] = 0.0
    return ScoredBoxes(scores[order], right, len(labelled_px))


def pool(judged: list[ScoredBoxes]) -> ScoredBoxes:
    """Returns the boxes of all pictures together, best first."""
    scores = np.concatenate([j.scores for j in judged])
    right = np.concatenate([j.right for j in judged])
    order = np.argsort(-scores, kind="stable")
    return ScoredBoxes(scores[order], right[order], sum(j.labelled for j in judged))


def average_precision(pooled: ScoredBoxes) -> float:
    """Returns the area under the precision envelope; NaN when nothing is labelled."""
    if pooled.labelled == 0:
        return float("nan")
    precision, recall = _precision_recall(pooled)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(recall, prepend=0.0)
    return float((envelope * steps).sum())


def best_f1(pooled: ScoredBoxes) -> BestF1:
    """Returns the highest F1 over all thresholds; 0 at threshold 1 when nothing is right."""
    if pooled.labelled == 0 or not pooled.right.any():
        return BestF1(0.0, 1.0)
    precision, recall = _precision_recall(pooled)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    best = int(f1.argmax())
    return BestF1(float(f1[best]), float(pooled.scores[best]))


def _precision_recall(
    pooled: ScoredBoxes,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hits = np.cumsum(pooled.right, dtype=np.float64)
    return hits / np.arange(1, len(hits) + 1), hits / pooled.labelled
