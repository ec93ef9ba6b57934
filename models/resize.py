"""Pictures at another size."""

import torch
from torch import Tensor
from torch.nn import functional


def resized(pixels: Tensor, height_px: int, width_px: int) -> Tensor:
    """Returns pictures at another size: bilinear, over whole areas where they shrink.

    On a processor it counts in whole numbers, four to twenty times faster than in float32; of
    noise, the worst picture there is, one value in eight (in four, enlarged) differs, by one.

    Args:
        pixels: uint8, shape (n, height, width, 3), contiguous.
        height_px: Wanted.
        width_px: Likewise.
    """
    if pixels.shape[1:3] == (height_px, width_px):
        return pixels
    planes = pixels.permute(0, 3, 1, 2)
    smaller = height_px < pixels.shape[1] or width_px < pixels.shape[2]
    if pixels.device.type != "cpu":  # only processors resize whole numbers
        planes = planes.float()
    found = functional.interpolate(
        planes, (height_px, width_px), mode="bilinear", antialias=smaller
    )
    return as_bytes(found).permute(0, 2, 3, 1).contiguous()


def as_bytes(values: Tensor) -> Tensor:
    """Returns values 0 to 255 as uint8, rounded."""
    if values.dtype == torch.uint8:
        return values
    return values.round().clamp(0, 255).to(torch.uint8)
