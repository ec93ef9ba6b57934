"""How the outputs of well-known ONNX detectors are read: one function for each layout.

Each takes the outputs of one run and returns the boxes above a score, before suppression, in
pixels of the network's input. What differs between layouts is in `Decoding`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.candidates import Candidates
from models.grid import boxes_around, grid_cells, read_distances
from ray_app.domain.errors import WeightsError
from ray_app.domain.observation import Label

Outputs = Sequence[NDArray[np.float32]]
_NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the file itself does not say.

    Attributes:
        input_px: Height and width of the network's input.
        strides_px: Strides of anchor-free grids.
        groups: Class numbers of the file for each `Label`, in the order of `Label`.
        min_score: Boxes scoring less are left out.
    """

    input_px: tuple[int, int]
    strides_px: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    min_score: float


def decode_yolox(outputs: Outputs, decoding: Decoding) -> Candidates:
    """Reads (n, cells, 5 + classes): centre and log size in strides, objectness, classes.

    Scores are objectness times class, both already in [0, 1] (Ge et al., YOLOX, 2021).
    """
    (raw,) = _expect(outputs, 1, "yolox")
    cells = _cells_for(raw.shape[1], decoding)
    _expect_classes(raw.shape[2] - 5, decoding)
    picture, cell, score, label = _pick(raw[:, :, 4:5] * raw[:, :, 5:], decoding)
    found, at = raw[picture, cell, :4], cells[cell]
    centre = at[:, :2] + found[:, :2] * at[:, 2:]
    half = np.exp(found[:, 2:]) * at[:, 2:] / 2
    return Candidates(picture, np.concatenate([centre - half, centre + half], 1), score, label)


def decode_nanodet(outputs: Outputs, decoding: Decoding) -> Candidates:
    """Reads, level by level, class scores (n, cells, classes), then distances (n, cells, 4 bins).

    Scores are in [0, 1]; distances are logits of bins (Li et al., Generalized Focal Loss, 2020).
    """
    levels = len(decoding.strides_px)
    _expect(outputs, 2 * levels, "nanodet")
    scores = np.concatenate(outputs[:levels], 1)
    bins = np.concatenate(outputs[levels:], 1)
    cells = _cells_for(scores.shape[1], decoding)
    _expect_classes(scores.shape[2], decoding)
    picture, cell, score, label = _pick(scores, decoding)
    distances = read_distances(bins[picture, cell].reshape(len(cell), 4, bins.shape[2] // 4))
    return Candidates(picture, boxes_around(cells[cell], distances), score, label)


def decode_yolov8(outputs: Outputs, decoding: Decoding) -> Candidates:
    """Reads (n, 4 + classes, boxes): centre and size in pixels, class scores in [0, 1]."""
    (raw,) = _expect(outputs, 1, "yolov8")
    rows = raw.transpose(0, 2, 1)
    _expect_classes(rows.shape[2] - 4, decoding)
    picture, row, score, label = _pick(rows[:, :, 4:], decoding)
    found = rows[picture, row, :4]
    centre, half = found[:, :2], found[:, 2:] / 2
    return Candidates(picture, np.concatenate([centre - half, centre + half], 1), score, label)


def decode_boxes_scores_labels(outputs: Outputs, decoding: Decoding) -> Candidates:
    """Reads corners x1 y1 x2 y2 in pixels, (n, boxes, 4), scores and class numbers, (n, boxes).

    The first axis may be missing when the file takes one picture at a time.
    """
    boxes, scores, numbers = _expect(outputs, 3, "boxes_scores_labels")
    boxes, scores = boxes.reshape(-1, boxes.shape[-2], 4), np.atleast_2d(scores)
    numbers = np.atleast_2d(numbers).astype(np.int64)
    labels = np.full(numbers.shape, _NO_LABEL, np.int16)
    for label, group in zip(Label, decoding.groups, strict=True):
        labels[np.isin(numbers, group)] = label
    picture, row = np.nonzero((scores >= decoding.min_score) & (labels != _NO_LABEL))
    return Candidates(picture, boxes[picture, row], scores[picture, row], labels[picture, row])


DECODERS: dict[str, Callable[[Outputs, Decoding], Candidates]] = {
    "yolox": decode_yolox,
    "nanodet": decode_nanodet,
    "yolov8": decode_yolov8,
    "boxes_scores_labels": decode_boxes_scores_labels,
}


def _pick(
    scores: NDArray[np.float32], decoding: Decoding
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.int16]]:
    """Returns picture, row, score and label of every row whose group scores enough."""
    grouped = np.stack(
        [
            scores[:, :, list(group)].max(axis=2, initial=0.0) if group else scores[:, :, 0] * 0
            for group in decoding.groups
        ],
        axis=2,
    )
    picture, row, label = np.nonzero(grouped >= decoding.min_score)
    return picture, row, grouped[picture, row, label], label.astype(np.int16)


def _cells_for(found: int, decoding: Decoding) -> NDArray[np.float32]:
    cells = grid_cells(*decoding.input_px, decoding.strides_px)
    if len(cells) != found:
        height, width = decoding.input_px
        raise WeightsError(
            f"the ONNX file puts out {found} cells; strides {decoding.strides_px} on "
            f"{width}x{height} px make {len(cells)}: give the file's own strides"
        )
    return cells


def _expect(outputs: Outputs, wanted: int, decode: str) -> Outputs:
    if len(outputs) != wanted:
        raise WeightsError(
            f"decode {decode!r} reads {wanted} outputs, the ONNX file has {len(outputs)}: "
            f"choose another of {', '.join(DECODERS)}"
        )
    return outputs


def _expect_classes(found: int, decoding: Decoding) -> None:
    highest = max((number for group in decoding.groups for number in group), default=0)
    if highest >= found:
        raise WeightsError(f"class {highest} is asked for, the ONNX file has {max(found, 0)}")
