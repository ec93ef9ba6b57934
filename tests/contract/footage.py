"""Makes small video files whose every picture carries its number, intact or broken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 320, 180
BITS = 10
RATE_HZ = 25
X264 = {"preset": "veryfast", "g": "25", "bf": "2", "x264-params": "scenecut=0"}


@cache
def _texture() -> NDArray[np.uint8]:
    rng = np.random.default_rng(7)
    coarse = rng.integers(60, 180, (HEIGHT_PX // 4, WIDTH_PX // 4, 3), np.uint8)
    return coarse.repeat(4, 0).repeat(4, 1)


def draw(number: int) -> NDArray[np.uint8]:
    """Returns a textured picture, a box that moves, and the number in black and white squares."""
    image = np.roll(_texture(), 2 * number, axis=1).copy()
    left = 5 * number % (WIDTH_PX - 40)
    image[120:160, left : left + 40] = (200, 80, 40)
    for bit in range(BITS):
        x = 8 + bit * 30
        image[4:44, x : x + 30] = 235 if number >> bit & 1 else 16
    return image


def read_number(pixels: NDArray[np.uint8]) -> int:
    """Returns the number in an upright picture of any size."""
    height, width = pixels.shape[:2]
    grey = pixels.mean(axis=2)
    row = round(24 / HEIGHT_PX * height)
    columns = [round((23 + bit * 30) / WIDTH_PX * width) for bit in range(BITS)]
    return sum(int(grey[row, column] > 128) << bit for bit, column in enumerate(columns))


@dataclass(frozen=True)
class Recipe:
    """How a file is made; the picture numbered i is shown at times_s[i] (default i / 25)."""

    name: str
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=lambda: dict(X264))
    pixel_format: str = "yuv420p"
    pictures: int = 100
    rate_hz: int = RATE_HZ
    times_s: Sequence[float] | None = None
    turn_deg: int = 0
    first_s: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


def make(folder: Path, recipe: Recipe) -> Path:
    """Writes the file and returns its path."""
    path = folder / recipe.name
    with av.open(str(path), "w", options=recipe.container_options) as container:
        container.metadata.update(recipe.metadata)
        stream = container.add_stream(recipe.codec, rate=recipe.rate_hz, options=recipe.options)
        stream.pix_fmt = recipe.pixel_format
        turned = recipe.turn_deg % 180 == 90
        stream.width, stream.height = (HEIGHT_PX, WIDTH_PX) if turned else (WIDTH_PX, HEIGHT_PX)
        if recipe.turn_deg:
            stream.set_display_rotation(recipe.turn_deg)
        time_base = Fraction(1, 1000) if recipe.times_s else Fraction(1, recipe.rate_hz)
        stream.codec_context.time_base = time_base
        for number in range(recipe.pictures):
            at_s = recipe.times_s[number] if recipe.times_s else number / recipe.rate_hz
            stored = np.ascontiguousarray(np.rot90(draw(number), -recipe.turn_deg // 90))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.time_base = time_base
            frame.pts = round((at_s + recipe.first_s) / time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def audio_only(path: Path) -> Path:
    """Writes one second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        for start in range(0, 48000, 1024):
            samples = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remuxed(source: Path, target: Path, shift_s: float, drop_before_s: float = -1e9) -> Path:
    """Copies packets undecoded with shifted time stamps; negative ones become an edit list."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        shift = round(shift_s / stream.time_base)
        for packet in old.demux(stream):
            if packet.dts is None or packet.pts * stream.time_base < drop_before_s:
                continue
            packet.pts += shift
            packet.dts += shift
            packet.stream = copy
            new.mux(packet)
    return target


def truncated(source: Path, target: Path, share: float) -> Path:
    """Copies the first part of a file's bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def overwritten(
    source: Path, target: Path, share: float, count: int, fill: Callable[[int], bytes]
) -> Path:
    """Copies a file with some bytes in the middle replaced."""
    data = bytearray(source.read_bytes())
    start = int(len(data) * share)
    data[start : start + count] = fill(count)
    target.write_bytes(bytes(data))
    return target


def zeros(count: int) -> bytes:
    """Returns zero bytes."""
    return bytes(count)


def noise(count: int) -> bytes:
    """Returns random bytes, the same each time."""
    return np.random.default_rng(3).bytes(count)
