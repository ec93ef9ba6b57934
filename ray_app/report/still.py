"""Pictures in which nobody can be recognised."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.report.data import BlurredJpeg

WIDTH_PX = 640
MARGIN = 0.25  # of the box's longer side, against boxes that cut a head or a hand
LEAST_MARGIN_PX = 6.0
BLOCKS_PER_HEIGHT = 7  # a standing person is 7 to 8 heads tall, so one block covers a head
LEAST_BLOCK_PX = 8
# Whoever the networks missed has no box: the whole picture is softened so far that a face of
# 25 px, the largest a missed person has in a venue view of this width, keeps no features.
SOFTENING_SIGMA_PX = 2.5
JPEG_QUALITY = 75


def blurred_still(pixels: NDArray[np.uint8], boxes_px: NDArray[np.floating]) -> BlurredJpeg:
    """Returns the picture as JPEG, small, softened, with every box made of coarse blocks.

    Args:
        pixels: RGB, uint8, shape (height, width, 3).
        boxes_px: Corners x1, y1, x2, y2 of people, or of heads, in pixels of this picture,
            shape (n, 4). Scale boxes given in source pixels before.

    Raises:
        ValueError: A box is not finite, so that somebody might stay uncovered.
    """
    boxes = np.asarray(boxes_px, np.float64).reshape(-1, 4)
    if not np.isfinite(boxes).all():
        raise ValueError("a box to blur is not finite: no still is made")
    scale = min(1.0, WIDTH_PX / pixels.shape[1])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    still = cv2.GaussianBlur(small, (0, 0), SOFTENING_SIGMA_PX)
    for box in boxes * scale:
        _coarsen(still, box)
    return _jpeg(still)


def boxes_around_heads(points_px: NDArray[np.floating], side_px: float) -> NDArray[np.float64]:
    """Returns boxes to blur around head points, shape (n, 2), when no person box is known."""
    points = np.asarray(points_px, np.float64).reshape(-1, 2)
    return np.concatenate([points - side_px / 2, points + side_px / 2], axis=1)


def _coarsen(still: NDArray[np.uint8], box: NDArray[np.float64]) -> None:
    x1, y1, x2, y2 = box
    margin = max(LEAST_MARGIN_PX, MARGIN * max(x2 - x1, y2 - y1))
    height, width = still.shape[:2]
    left, right = int(max(0, x1 - margin)), int(min(width, np.ceil(x2 + margin)))
    top, bottom = int(max(0, y1 - margin)), int(min(height, np.ceil(y2 + margin)))
    if left >= right or top >= bottom:
        return
    block = max(LEAST_BLOCK_PX, round((y2 - y1) / BLOCKS_PER_HEIGHT))
    area = still[top:bottom, left:right]
    blocks = (max(1, (right - left) // block), max(1, (bottom - top) // block))
    coarse = cv2.resize(area, blocks, interpolation=cv2.INTER_AREA)
    still[top:bottom, left:right] = cv2.resize(
        coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
    )


def _jpeg(still: NDArray[np.uint8]) -> BlurredJpeg:
    bgr = cv2.cvtColor(still, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of {still.shape} cannot be encoded as JPEG")
    return BlurredJpeg(bytes(encoded))
