"""What of a frame the network looks at: all of it, and tiles where people are small."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.candidates import Candidates
from models.resize import resized

OVERLAP = 0.15
EDGE_PX = 8
SMALL_PX = 64


@dataclass(frozen=True, slots=True)
class View:
    """One picture cut from each frame.

    Attributes:
        origin_px: Frame pixels of its top left corner, x and y.
        scale: Frame pixels per pixel of the view, along x and y.
        inner_px: Sides left, top, right, bottom in view pixels, where beyond the side the frame
            goes on; infinite where the frame ends too.
    """

    origin_px: tuple[float, float]
    scale: tuple[float, float]
    inner_px: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Views:
    """The views of a stack of frames, all of one size.

    Attributes:
        pixels: uint8, shape (pictures, height, width, 3); frame by frame.
        views: The views of a frame, in order; the first shows all of it.
        frame_of: Frame that each picture was cut from, int64, shape (pictures,).
        view_of: Number of its view, likewise.
    """

    pixels: Tensor
    views: tuple[View, ...]
    frame_of: NDArray[np.int64]
    view_of: NDArray[np.int64]

    def only(self, pictures: NDArray[np.bool_]) -> "Views":
        """Returns some of the pictures."""
        return Views(
            self.pixels[torch.from_numpy(pictures)],
            self.views,
            self.frame_of[pictures],
            self.view_of[pictures],
        )

    def with_small(self, found: Candidates) -> NDArray[np.bool_]:
        """Returns for each picture whether it is a tile with something small in it.

        Small is what is at most 64 pixels tall in the whole view, where a box of that size is
        the least that is found reliably.

        Args:
            found: What was seen in the whole views, in frame pixels, `pictures` counting frames.
        """
        centre = (found.boxes_px[:, :2] + found.boxes_px[:, 2:]) / 2
        tall = found.boxes_px[:, 3] - found.boxes_px[:, 1]
        small = tall <= SMALL_PX * self.views[0].scale[1]
        corners = np.array([view.origin_px for view in self.views], np.float32)
        size = np.array(self.pixels.shape[2:0:-1]) * [view.scale for view in self.views]
        where = centre[small][:, None] - corners
        inside = ((where >= 0) & (where < size)).all(axis=2)
        needed = np.zeros((1 + int(self.frame_of.max(initial=-1)), len(self.views)), np.bool_)
        np.logical_or.at(needed, found.pictures[small], inside)
        return np.asarray(needed[self.frame_of, self.view_of] & (self.view_of > 0))

    def to_frames(self, found: Candidates) -> Candidates:
        """Returns candidates in frame pixels, `pictures` now counting frames.

        Boxes that end within 8 pixels (one cell of the finest grid) of a side at which a tile was
        cut are dropped: the neighbour or the whole view sees that object whole.
        """
        view = self.view_of[found.pictures]
        inner = np.array([v.inner_px for v in self.views], np.float32)[view]
        low, high = found.boxes_px[:, :2], found.boxes_px[:, 2:]
        cut = (low < inner[:, :2] + EDGE_PX) | (high > inner[:, 2:] - EDGE_PX)
        scale = np.array([v.scale * 2 for v in self.views], np.float32)[view]
        origin = np.array([v.origin_px * 2 for v in self.views], np.float32)[view]
        placed = Candidates(
            self.frame_of[found.pictures],
            found.boxes_px * scale + origin,
            found.scores,
            found.labels,
        )
        return placed.only(np.logical_not(np.logical_or.reduce(cut, axis=1)))


def needed_side_px(input_px: int, tiles: int) -> int:
    """Returns the longer side of a frame whose tiles are exactly input_px long."""
    return math.floor(input_px * _span(tiles))


def cut_views(frames: Tensor, input_px: int, tiles: int) -> Views:
    """Returns the whole frame and, for tiles > 1, tiles x tiles overlapping parts of it.

    Frames with a longer side above `needed_side_px` are shrunk to it; none is enlarged.

    Args:
        frames: uint8, shape (n, height, width, 3).
        input_px: Longest side of a view.
        tiles: Tiles along each side, 15 % overlapping.
    """
    height, width = frames.shape[1:3]
    shrink = min(1.0, needed_side_px(input_px, tiles) / max(height, width))
    seen = resized(frames, max(1, round(height * shrink)), max(1, round(width * shrink)))
    scale = width / seen.shape[2], height / seen.shape[1]
    if tiles == 1:
        return _frame_by_frame(seen, [View((0.0, 0.0), scale, _UNCUT)])
    return _cut_tiles(seen, scale, tiles)


_UNCUT = (-math.inf, -math.inf, math.inf, math.inf)


def _span(tiles: int) -> float:
    """Returns how many tiles long the frame is."""
    return tiles - (tiles - 1) * OVERLAP


def _cut_tiles(seen: Tensor, scale: tuple[float, float], tiles: int) -> Views:
    height, width = seen.shape[1:3]
    tall, wide = math.ceil(height / _span(tiles)), math.ceil(width / _span(tiles))
    whole = resized(seen, tall, wide)
    pictures = [whole]
    views = [View((0.0, 0.0), (scale[0] * width / wide, scale[1] * height / tall), _UNCUT)]
    for top in _starts(height, tall, tiles):
        for left in _starts(width, wide, tiles):
            pictures.append(seen[:, top : top + tall, left : left + wide])
            origin = left * scale[0], top * scale[1]
            inner = (
                0.0 if left > 0 else -math.inf,
                0.0 if top > 0 else -math.inf,
                float(wide) if left + wide < width else math.inf,
                float(tall) if top + tall < height else math.inf,
            )
            views.append(View(origin, scale, inner))
    return _frame_by_frame(torch.stack(pictures, 1).flatten(0, 1), views)


def _frame_by_frame(pictures: Tensor, views: list[View]) -> Views:
    number = np.arange(len(pictures))
    return Views(pictures, tuple(views), number // len(views), number % len(views))


def _starts(side: int, tile: int, tiles: int) -> list[int]:
    return [round(k * (side - tile) / (tiles - 1)) for k in range(tiles)]
