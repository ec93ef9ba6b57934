"""RTSP cameras to measure with: a street of blocks that slides by, 1280x720 at 25 frames/s."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "live"))

from rtsp_cameras import Cameras, filmed

SIZE_PX, RATE_HZ, CLIP_S = (1280, 720), 25, 10
GRAIN_SIGMA = 3.0
CODING = {"b": "3000000", "maxrate": "3000000", "bufsize": "3000000"}
"""3 Mbit/s, as network cameras of this size send."""


def make_film(folder: Path) -> Path:
    """Writes the clip of every camera, with grain: the noise makes the cost of decoding."""
    path = folder / "street.h264"
    if Path(f"{path}.sizes").is_file():
        return path
    rng = np.random.default_rng(1)
    width, height = SIZE_PX
    blocks = rng.integers(40, 215, (height // 40, width // 20), np.uint8)
    street = np.kron(blocks, np.ones((40, 40), np.uint8))[:, : 2 * width]
    grain = rng.normal(0, GRAIN_SIGMA, (height, width)).astype(np.int16)

    def shown(number: int) -> np.ndarray:
        view = np.roll(street, -4 * number, axis=1)[:, :width].astype(np.int16)
        noisy = (view + np.roll(grain, 37 * number, axis=(0, 1))).clip(0, 255).astype(np.uint8)
        return np.stack([noisy] * 3, axis=2)

    folder.mkdir(parents=True, exist_ok=True)
    return filmed(path, shown, CLIP_S * RATE_HZ, RATE_HZ, SIZE_PX, CODING)


@contextmanager
def cameras_of(film: Path, count: int) -> Iterator[list[str]]:
    """Gives the addresses of so many cameras."""
    with Cameras(film, RATE_HZ, count) as cameras:
        yield [cameras.address(number) for number in range(count)]
