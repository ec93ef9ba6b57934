"""Pictures of a situation: people unrecognisable, the place outlined, when it was written over."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.blurred import BlurredPixels
from ray_app.domain.event import Event
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Observation
from ray_app.domain.place import Outline
from ray_app.video.blur import blurred_pixels, people_px

HIDING_S = 0.6
"""Whoever was found so long before or after a frame is hidden in it too: a network may miss
somebody in single frames."""
COLOUR = (255, 176, 0)
HALO = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class RememberedFrame:
    """One analysed frame in memory; it goes nowhere but through `evidence_picture`.

    Attributes:
        pixels: RGB, uint8, at most as wide as evidence is.
        seen: What the networks found in it.
    """

    key: FrameKey
    pixels: NDArray[np.uint8]
    seen: Observation


def evidence_picture(
    frame: RememberedFrame,
    around: Sequence[RememberedFrame],
    outlines: Sequence[Outline],
    event: Event,
) -> BlurredPixels:
    """Returns the frame with everybody hidden and the situation's place outlined.

    Args:
        frame: The moment.
        around: Frames near it; people found in them are hidden in this one too.
        outlines: Places in this frame, source pixels.
        event: Whose place is drawn.
    """
    near = [
        f
        for f in around
        if f.key.stretch == frame.key.stretch and abs(f.key.time_s - frame.key.time_s) <= HIDING_S
    ]
    boxes = [people_px(f.seen, frame.pixels.shape) for f in (frame, *near)]
    width_px = frame.pixels.shape[1]
    picture = blurred_pixels(frame.pixels, np.concatenate(boxes), width_px)
    scale = width_px / frame.seen.source_size_px[0]
    for outline in outlines:
        if outline.name == event.place:
            _draw(picture, np.asarray(outline.points_px, np.float64) * scale)
    _write(picture, _caption(event, frame.key.time_s))
    return picture


def _caption(event: Event, time_s: float) -> str:
    after_s = time_s - event.time_s
    return f"{event.situation} {after_s:+.1f} s" if after_s else f"{event.situation} opened"


def _draw(picture: BlurredPixels, points_px: NDArray[np.float64]) -> None:
    # Far outside the picture numbers would overflow; lines to there look the same.
    corners = np.clip(points_px, -20_000, 20_000).round().astype(np.int32)[:, None]
    closed = len(points_px) > 2
    cv2.polylines(picture, [corners], closed, HALO, 4, cv2.LINE_AA)
    cv2.polylines(picture, [corners], closed, COLOUR, 2, cv2.LINE_AA)


def _write(picture: BlurredPixels, text: str) -> None:
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (width, height), _ = cv2.getTextSize(text, font, size, 1)
    bottom = picture.shape[0]
    cv2.rectangle(picture, (0, bottom - height - 14), (width + 16, bottom), (0, 0, 0), cv2.FILLED)
    cv2.putText(picture, text, (8, bottom - 8), font, size, HALO, 1, cv2.LINE_AA)
