"""A few brightness samples and the sharpness of a picture: enough to tell that a camera fails."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.observation import PictureState

ROWS, COLUMNS = 27, 48
SMOOTH_PX = 1.5
WIDTH_PX = 640
"""Sharpness depends on size: pictures are reduced to this width first."""


def picture_state(pixels: NDArray[np.uint8]) -> PictureState:
    """Returns the state of one picture, RGB, uint8, shape (height, width, 3).

    Samples are single pixels, not means: sensor noise stays in them, and tells a still scene from
    a frozen picture.
    """
    height, width = pixels.shape[:2]
    if width > WIDTH_PX:
        size = (WIDTH_PX, max(1, round(height * WIDTH_PX / width)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = pixels.shape[:2]
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    rows = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(np.int64)
    columns = ((np.arange(COLUMNS) + 0.5) * width / COLUMNS).astype(np.int64)
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTH_PX)  # noise is as sharp out of focus as in it
    edges = cv2.Laplacian(smooth, cv2.CV_16S, ksize=1)
    return PictureState(grey[np.ix_(rows, columns)], float(np.float32(np.abs(edges).mean())))
