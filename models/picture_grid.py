"""The picture as coarse cells."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.settings import PictureGridSettings
from ray_app.domain.observation import PictureGrid


def picture_grid(
    pixels: NDArray[np.uint8],
    source_size_px: tuple[int, int],
    people_px: NDArray[np.float32],
    settings: PictureGridSettings,
) -> PictureGrid:
    """Returns mean colour and texture per cell; cells at the right and lower edge may be cut.

    Args:
        pixels: RGB, uint8, shape (height, width, 3).
        source_size_px: Width and height of the source picture.
        people_px: Boxes of people, source pixels, shape (n, 4): their cells are left at zero.
        settings: Size of the picture and of a cell.
    """
    height, width = pixels.shape[:2]
    if width > settings.width_px:
        size = (settings.width_px, max(1, round(height * settings.width_px / width)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = pixels.shape[:2]
    cell = settings.cell_px
    rows, columns = -(-height // cell), -(-width // cell)
    whole = cv2.copyMakeBorder(
        pixels, 0, rows * cell - height, 0, columns * cell - width, cv2.BORDER_REPLICATE
    )
    grey = cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_16S, ksize=1)).astype(np.uint8)
    small = (columns, rows)
    colours = np.asarray(cv2.resize(whole, small, interpolation=cv2.INTER_AREA), np.uint8)
    texture = np.asarray(cv2.resize(edges, small, interpolation=cv2.INTER_AREA), np.uint8)
    cell_px = cell * source_size_px[0] / width
    for x1, y1, x2, y2 in (people_px / cell_px).tolist():
        here = (
            slice(max(0, math.floor(y1)), max(0, math.ceil(y2))),
            slice(max(0, math.floor(x1)), max(0, math.ceil(x2))),
        )
        colours[here] = texture[here] = 0
    return PictureGrid(colours, texture, cell_px)
