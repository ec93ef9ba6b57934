"""Boxes a network proposes in a stack of pictures, and which of them survive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_IOU = 0.6
MAX_CANDIDATES = 1000


@dataclass(frozen=True, slots=True)
class Candidates:
    """Proposed boxes of several pictures, as columns.

    Attributes:
        pictures: Which picture of the stack, int64, shape (n,).
        boxes_px: Corners x1, y1, x2, y2 in pixels of that picture, float32, shape (n, 4).
        scores: In [0, 1], float32, shape (n,).
        labels: `Label` numbers, int16, shape (n,).
    """

    pictures: NDArray[np.int64]
    boxes_px: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Candidates":
        """Returns the rows of a mask, or the rows numbered, in that order."""
        return Candidates(
            self.pictures[rows], self.boxes_px[rows], self.scores[rows], self.labels[rows]
        )


def concatenate(parts: list[Candidates]) -> Candidates:
    """Returns the rows of all parts, in order."""
    return Candidates(
        np.concatenate([p.pictures for p in parts]),
        np.concatenate([p.boxes_px for p in parts]),
        np.concatenate([p.scores for p in parts]),
        np.concatenate([p.labels for p in parts]),
    )


def suppress(found: Candidates) -> Candidates:
    """Keeps the best of overlapping boxes of one label, best first (greedy suppression).

    Boxes of one picture; two boxes overlap when their intersection over union is above 0.6, the
    threshold NanoDet was published with. At most the 1000 best are looked at.
    """
    best = np.argsort(-found.scores, kind="stable")[:MAX_CANDIDATES]
    ranked = found.only(best)
    beats = np.triu(intersection_over_union(ranked.boxes_px, ranked.boxes_px) > MAX_IOU, 1)
    beats &= ranked.labels[:, None] == ranked.labels[None, :]
    kept = np.ones(len(ranked), np.bool_)
    while True:  # from the best down, each round settles at least one more rank
        settled = np.logical_not(np.logical_or.reduce(beats & kept[:, None], axis=0))
        if np.array_equal(settled, kept):
            return ranked.only(kept)
        kept = settled


def intersection_over_union(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Returns the overlap of every pair of boxes, shape (len(first), len(second)), 0 to 1."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = _areas(first)[:, None] + _areas(second)[None, :] - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)


def _areas(boxes_px: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.prod(boxes_px[:, 2:] - boxes_px[:, :2], axis=1), np.float32)
