"""Pictures in which nobody can be recognised."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.blurred import BlurredJpeg, BlurredPixels
from ray_app.domain.observation import Observation

WIDTH_PX = 640
MARGIN = 0.25  # of the box's longer side, against boxes that cut a head or a hand
LEAST_MARGIN_PX = 6.0
BLOCKS_PER_HEIGHT = 7  # a standing person is 7 to 8 heads tall, so one block covers a head
LEAST_BLOCK_PX = 8
# Whoever the networks missed has no box: the whole picture is softened so far that a face of
# 25 px, the largest a missed person has in a venue view of WIDTH_PX, keeps no features.
SOFTENING_SIGMA_PX = 2.5
HEAD_SIDE_SHARE = 0.05  # of the picture's height: what is hidden around a head without a box
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
    return jpeg_of(blurred_pixels(pixels, boxes_px))


def blurred_pixels(
    pixels: NDArray[np.uint8], boxes_px: NDArray[np.floating], width_px: int = WIDTH_PX
) -> BlurredPixels:
    """Returns the picture as `blurred_still` does, RGB, at most width_px wide; raises the same."""
    boxes = np.asarray(boxes_px, np.float64).reshape(-1, 4)
    if not np.isfinite(boxes).all():
        raise ValueError("a box to blur is not finite: no still is made")
    scale = min(1.0, width_px / pixels.shape[1])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    sigma_px = SOFTENING_SIGMA_PX * max(1.0, size[0] / WIDTH_PX)
    soft = cv2.GaussianBlur(small, (0, 0), sigma_px)
    still, coarse = soft.copy(), dict[int, NDArray[np.uint8]]()
    # Largest last: a head's small blocks must not uncover the face of somebody near.
    for box in sorted(boxes * scale, key=lambda box: float(box[3] - box[1])):
        block = max(LEAST_BLOCK_PX, round((box[3] - box[1]) / BLOCKS_PER_HEIGHT))
        if block not in coarse:
            coarse[block] = _in_blocks(soft, block)
        _cover(still, coarse[block], box)
    return BlurredPixels(still)


def people_px(seen: Observation, shape: Sequence[int]) -> NDArray[np.float64]:
    """Returns boxes to blur, shape (n, 4): everything found, and every head.

    Args:
        seen: What the networks saw in the picture.
        shape: Of the picture, (height, width, ...); boxes are in its pixels.
    """
    scale = shape[1] / seen.source_size_px[0]
    boxes: NDArray[np.float64] = seen.detections.boxes_px.astype(np.float64) * scale
    if seen.heads is None:
        return boxes
    heads = seen.heads.points_px.astype(np.float64) * scale
    return np.concatenate([boxes, boxes_around_heads(heads, HEAD_SIDE_SHARE * shape[0])])


def boxes_around_heads(points_px: NDArray[np.floating], side_px: float) -> NDArray[np.float64]:
    """Returns boxes to blur around head points, shape (n, 2), when no person box is known."""
    points = np.asarray(points_px, np.float64).reshape(-1, 2)
    return np.concatenate([points - side_px / 2, points + side_px / 2], axis=1)


def jpeg_of(picture: BlurredPixels) -> BlurredJpeg:
    """Returns the picture as JPEG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of {picture.shape} cannot be encoded as JPEG")
    return BlurredJpeg(bytes(encoded))


def _in_blocks(soft: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """Returns the whole picture in square blocks of at least that side, pixels."""
    height, width = soft.shape[:2]
    blocks = (max(1, width // block), max(1, height // block))
    coarse = cv2.resize(soft, blocks, interpolation=cv2.INTER_AREA)
    whole: NDArray[np.uint8] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return whole


def _cover(still: NDArray[np.uint8], coarse: NDArray[np.uint8], box: NDArray[np.float64]) -> None:
    """Puts coarse in place of the box and its margin."""
    x1, y1, x2, y2 = box
    margin = max(LEAST_MARGIN_PX, MARGIN * max(x2 - x1, y2 - y1))
    height, width = still.shape[:2]
    left, right = int(max(0, x1 - margin)), int(min(width, np.ceil(x2 + margin)))
    top, bottom = int(max(0, y1 - margin)), int(min(height, np.ceil(y2 + margin)))
    if left < right and top < bottom:
        still[top:bottom, left:right] = coarse[top:bottom, left:right]
