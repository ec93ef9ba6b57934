"""Frames and batches of frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, order=True)
class FrameKey:
    """Names one analysed frame of one camera; sorts in the order the camera saw it.

    Attributes:
        camera_id: Camera name, unique within the site.
        index: k of the sampling grid of the camera's time line, from 0; never repeats.
        stretch: Number of the unbroken stretch of footage, from 0. Tracks and dwell never
            cross from one stretch to the next.
        time_s: Sampling instant k / rate on the camera's time line, seconds. Stream time,
            never wall clock.
    """

    camera_id: str
    index: int
    stretch: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    Attributes:
        pixels: RGB, uint8, shape (height, width, 3); already at the camera's analysis size.
        source_size_px: Width and height of the picture before resizing, rotation applied.
    """

    key: FrameKey
    pixels: NDArray[np.uint8]
    source_size_px: tuple[int, int]

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (height, width, 3), got {self.pixels.shape}")

    def __repr__(self) -> str:
        return f"Frame({self.key}, pixels {self.pixels.shape}, source {self.source_size_px})"


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames of equal size, from any mix of cameras.

    Attributes:
        keys: One key per frame.
        pixels: RGB, uint8, shape (frames, height, width, 3).
        source_sizes_px: Width and height before resizing, one pair per frame.
    """

    keys: tuple[FrameKey, ...]
    pixels: NDArray[np.uint8]
    source_sizes_px: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not len(self.keys) == len(self.pixels) == len(self.source_sizes_px):
            raise ValueError(
                f"{len(self.keys)} keys, {len(self.pixels)} pictures, "
                f"{len(self.source_sizes_px)} sizes: must be equal"
            )

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def stack(cls, frames: "list[Frame]") -> "FrameBatch":
        """Stacks frames; raises ValueError when their sizes differ."""
        return cls(
            tuple(f.key for f in frames),
            np.stack([f.pixels for f in frames]),
            tuple(f.source_size_px for f in frames),
        )
