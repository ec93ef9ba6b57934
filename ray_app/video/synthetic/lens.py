"""What a real camera adds to a drawn picture: blur, darker corners, noise, rain."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BANK = 12
"""Noise frames kept; drawing fresh noise for each frame costs more than the drawing."""


@dataclass(frozen=True, slots=True)
class LensSettings:
    """How much of each defect.

    Attributes:
        blur_px: Standard deviation of the blur.
        noise: Grey levels, one standard deviation.
        vignette: How much darker the corners are, 0 to 1.
        rain: Whether drops streak through the picture.
    """

    blur_px: float = 0.6
    noise: float = 3.0
    vignette: float = 0.12
    rain: bool = False


class Lens:
    """Spoils pictures of one size; the same seed and frame number spoil alike."""

    def __init__(self, size_px: tuple[int, int], settings: LensSettings, seed: int) -> None:
        self._settings, self._seed, self._size_px = settings, seed, size_px
        rng = np.random.default_rng(seed)
        width, height = size_px
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        shade = 1 - settings.vignette * (x * x + y * y) / 2
        self._shade = np.repeat(shade.astype(np.float32)[..., None], 3, axis=2)
        self._bank = [self._noise_frame(rng) for _ in range(BANK)]

    def spoil(self, picture: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
        """Returns the picture as the camera would give it, RGB uint8."""
        rng = np.random.default_rng((self._seed, number))
        blurred = cv2.GaussianBlur(picture, (0, 0), self._settings.blur_px)
        if self._settings.rain:
            blurred = self._add_rain(blurred, rng)
        noise = self._bank[int(rng.integers(BANK))]
        noise = np.roll(noise, tuple(rng.integers(0, 64, 2)), axis=(0, 1))
        shaded = cv2.multiply(blurred, self._shade, dtype=cv2.CV_32F)
        return np.asarray(cv2.add(shaded, noise, dtype=cv2.CV_8U))

    def _noise_frame(self, rng: np.random.Generator) -> NDArray[np.float32]:
        width, height = self._size_px
        grey = rng.standard_normal((height, width, 1), np.float32) * 0.8
        coarse = rng.standard_normal((height // 2, width // 2, 3), np.float32) * 0.6
        colour = cv2.resize(coarse, (width, height))
        return np.asarray((grey + colour) * self._settings.noise, np.float32)

    def _add_rain(self, picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        width, height = self._size_px
        streaks = np.zeros((height, width), np.uint8)
        count = width * height // 900
        starts = rng.uniform((0, -0.1 * height), (width, height), (count, 2))
        lengths = rng.uniform(0.02, 0.07, count) * height
        for (x, y), length in zip(starts, lengths, strict=True):
            end = (int(x + 0.12 * length), int(y + length))
            cv2.line(streaks, (int(x), int(y)), end, int(rng.integers(25, 70)), 1, cv2.LINE_AA)
        grey = cv2.cvtColor(cv2.GaussianBlur(streaks, (0, 0), 0.6), cv2.COLOR_GRAY2RGB)
        haze = cv2.addWeighted(picture, 0.9, np.full_like(picture, 128), 0.1, 0)
        return np.asarray(cv2.add(haze, grey))
