"""Which pictures show one scene: frames of one film are no independent pictures."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

LIKENESS = 0.9
"""Pictures whose small grey copies correlate so much show one scene."""
_SIDE_PX = 16
Picture = NDArray[np.uint8]
Numbers = NDArray[np.int64]


def small_copy(pixels: Picture) -> NDArray[np.float32]:
    """Returns a grey copy of 16 x 16 pixels, mean 0 and length 1, shape (256,)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    tiny = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    flat = tiny.astype(np.float32).ravel()
    flat = flat - flat.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def scene_numbers(copies: Sequence[NDArray[np.float32]]) -> Numbers:
    """Returns a scene number per picture: near-duplicates share one (single linkage).

    Args:
        copies: What `small_copy` makes of each picture.
    """
    if len(copies) == 0:
        return np.zeros(0, np.int64)
    small = np.stack(copies)
    scene = np.arange(len(copies))
    for first in range(len(copies)):  # a row at a time: of a day's frames all pairs do not fit
        alike = small @ small[first] > LIKENESS
        alike[first] = True
        others = np.unique(scene[alike])
        if len(others) > 1:
            scene[np.isin(scene, others)] = others[0]
    return scene
