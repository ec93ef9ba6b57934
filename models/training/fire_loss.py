"""What the fire and smoke network is asked to get right."""

import torch
from torch import Tensor
from torch.nn import functional

NEGATIVE, IGNORED, POSITIVE = 0, -1, 1
_TOP_SHARE = 0.35
"""A box is drawn around a flame, so that less than half of it may burn."""
_SOMEWHERE_SHARE = 0.02
_HARD_SHARE = 0.05
_INSIDE_WEIGHT = 0.25
_NEGATIVE_WEIGHT = 1.5


def fire_loss(logits: Tensor, cells: Tensor, boxes: list[Tensor], somewhere: Tensor) -> Tensor:
    """Returns the mean loss of a batch.

    Args:
        logits: Flame and smoke, shape (n, 2, rows, columns).
        cells: NEGATIVE, IGNORED or POSITIVE per cell, int8, like logits.
        boxes: Per picture its boxes in cells: class, top, left, bottom, right (ends excluded),
            int64, shape (boxes, 5).
        somewhere: Pictures that burn or smoke somewhere, nobody says where; bool, shape (n,).
    """
    terms = [_negatives(logits, cells), _INSIDE_WEIGHT * _inside(logits, cells)]
    in_boxes = [
        _top(logits[k, row[0], row[1] : row[3], row[2] : row[4]], _TOP_SHARE)
        for k, rows in enumerate(boxes)
        for row in rows.tolist()
    ]
    if in_boxes:
        terms.append(torch.stack(in_boxes).mean())
    if bool(somewhere.any()):
        either = torch.logsumexp(logits[somewhere], dim=1)
        terms.append(torch.stack([_top(one, _SOMEWHERE_SHARE) for one in either]).mean())
    return torch.stack(terms).sum()


def _top(logits: Tensor, share: float) -> Tensor:
    """Returns the loss of the surest cells of a place where something is."""
    flat = logits.reshape(-1)
    count = max(1, round(share * len(flat)))
    return functional.softplus(-flat.topk(count).values).mean()


def _inside(logits: Tensor, cells: Tensor) -> Tensor:
    inside = cells == POSITIVE
    return (functional.softplus(-logits) * inside).sum() / inside.sum().clamp(min=1)


def _negatives(logits: Tensor, cells: Tensor) -> Tensor:
    """Returns the loss of all cells where nothing is, and of the worst of each picture."""
    lost = functional.softplus(logits) * (cells == NEGATIVE)
    flat = lost.flatten(2)
    count = max(1, round(_HARD_SHARE * flat.shape[2]))
    return _NEGATIVE_WEIGHT * (flat.mean() + flat.topk(count, dim=2).values.mean())
