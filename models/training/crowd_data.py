"""Pictures with head points, and random crops of them."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.crowd_canvas import LONGEST_SIDE_PX
from models.crowd_network import STRIDE_PX
from models.pictures import read_picture
from ray_app.domain.errors import FootageError

_GREY = 114
_NEEDED = "needed are pictures, and beside them points.json with {picture: [[x, y], ...]}, pixels"


@dataclass(frozen=True, slots=True)
class CountedPicture:
    """A picture and its heads.

    Attributes:
        name: File name.
        pixels: RGB, uint8, shape (height, width, 3); longer side at most 1280.
        heads_px: x, y of head centres in `pixels`, float32, shape (n, 2).
    """

    name: str
    pixels: NDArray[np.uint8]
    heads_px: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How crops are drawn.

    Attributes:
        side_px: Side of a crop; a multiple of 64.
        least_scale: Smallest magnification.
        most_scale: Largest magnification; log-uniform between the two.
        stretch: Most that a crop is wider or narrower than its window, natural logarithm.
        tint: Most that a colour is stronger or weaker than another, natural logarithm.
        photometric: Share of crops with another brightness, contrast and gamma.
        grey: Share of crops without colour.
        flawed: Share of crops blurred or sharpened, with sensor noise and compressed anew.
        pasted: Share of crops with a rectangle of another crop over them.
    """

    side_px: int = 512
    least_scale: float = 0.5
    most_scale: float = 2.0
    stretch: float = 0.15
    tint: float = 0.12
    photometric: float = 0.8
    grey: float = 0.15
    flawed: float = 0.5
    pasted: float = 0.25


def read_pictures(folder: Path) -> list[CountedPicture]:
    """Returns the pictures of a folder by image number, with heads from its points.json.

    Raises:
        FootageError: points.json or a picture it names cannot be read.
    """
    return [read_counted(path, heads_px) for path, heads_px in read_points(folder)]


def read_points(folder: Path) -> list[tuple[Path, NDArray[np.float32]]]:
    """Returns the pictures that points.json names, by image number, and their heads, pixels.

    Raises:
        FootageError: It cannot be read, names no picture, or has something else than points.
    """
    table = folder / "points.json"
    try:
        points = json.loads(table.read_text("utf-8"))
    except OSError as error:
        raise FootageError(f"{table}: {error.strerror}; {_NEEDED}") from error
    except ValueError as error:
        raise FootageError(
            f"{table}: cannot be read as head points ({error}); {_NEEDED}"
        ) from error
    if not isinstance(points, dict) or not points:
        raise FootageError(f"{table}: names no picture; {_NEEDED}")
    return [
        (folder / name, _as_heads(table, name, points[name])) for name in sorted_by_number(points)
    ]


def _as_heads(table: Path, name: str, points: object) -> NDArray[np.float32]:
    try:
        heads_px = np.asarray(points, np.float32)
    except (TypeError, ValueError):
        heads_px = np.zeros((1, 1), np.float32)
    if heads_px.size == 0:
        return np.zeros((0, 2), np.float32)
    if heads_px.ndim != 2 or heads_px.shape[1] != 2 or not np.isfinite(heads_px).all():
        raise FootageError(f"{table}: {name} has no list of points; needed: [[x, y], ...], pixels")
    return heads_px


def sorted_by_number(names: Iterable[str]) -> list[str]:
    """Returns names by the last number in them."""
    return sorted(names, key=_number)


def _number(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return (int(digits[-1]) if digits else 0, name)


def read_counted(path: Path, heads_px: NDArray[np.float32]) -> CountedPicture:
    """Returns a picture, its longer side at most 1280, and its heads; raises FootageError."""
    pixels = read_picture(path)
    scale = LONGEST_SIDE_PX / max(pixels.shape[:2])
    if scale < 1:
        smaller = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels, heads_px = smaller.astype(np.uint8), heads_px * np.float32(scale)
    return CountedPicture(path.name, pixels, heads_px)


def cell_counts(heads_px: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Returns heads per 8 x 8 pixels, shape (rows, columns); heads beyond go to the edge."""
    cells = (heads_px / STRIDE_PX).astype(np.int64)
    row, column = cells[:, 1].clip(0, rows - 1), cells[:, 0].clip(0, columns - 1)
    counts = np.bincount(row * columns + column, minlength=rows * columns)
    return counts.reshape(rows, columns).astype(np.float32)


def draw_crop(
    picture: CountedPicture, settings: CropSettings, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Returns a random square crop, (side, side, 3), and its heads in crop pixels."""
    side = settings.side_px
    limits = math.log(settings.least_scale), math.log(settings.most_scale)
    reach = side / math.exp(random.uniform(*limits))
    stretch = math.exp(random.uniform(-settings.stretch, settings.stretch))
    wide, high = round(reach / stretch), round(reach * stretch)
    height, width = picture.pixels.shape[:2]
    left, top = _draw_start(width, wide, random), _draw_start(height, high, random)
    crop = _cut(picture.pixels, left, top, wide, high)
    how = cv2.INTER_AREA if reach > side else cv2.INTER_LINEAR
    crop = cv2.resize(crop, (side, side), interpolation=how).astype(np.uint8)
    heads_px = (picture.heads_px - (left, top)) * (side / wide, side / high)
    heads_px = heads_px[((heads_px >= 0) & (heads_px < side)).all(axis=1)].astype(np.float32)
    if random.random() < 0.5:
        crop = crop[:, ::-1]
        heads_px = np.stack([side - 1e-3 - heads_px[:, 0], heads_px[:, 1]], 1).astype(np.float32)
    crop = _recolour(crop, settings, random)
    return (spoil(crop, random) if random.random() < settings.flawed else crop), heads_px


def paste_window(
    pixels: NDArray[np.uint8],
    counts: NDArray[np.float32],
    other: tuple[NDArray[np.uint8], NDArray[np.float32]],
    random: np.random.Generator,
) -> None:
    """Lays a random rectangle of another crop over a crop and its counts, both changed in place.

    Yun et al. (2019), "CutMix": people are to be told from what is about them, not by it.
    """
    rows, columns = counts.shape
    high, wide = int(random.integers(rows // 4, rows)), int(random.integers(columns // 4, columns))
    top, left = int(random.integers(0, rows - high)), int(random.integers(0, columns - wide))
    cells = slice(top, top + high), slice(left, left + wide)
    area = tuple(slice(STRIDE_PX * part.start, STRIDE_PX * part.stop) for part in cells)
    pixels[area], counts[cells] = other[0][area], other[1][cells]


def _draw_start(length: int, window_px: int, random: np.random.Generator) -> int:
    spare = length - window_px
    return int(random.integers(0, spare + 1)) if spare >= 0 else int(random.integers(spare, 1))


def _cut(pixels: NDArray[np.uint8], left: int, top: int, wide: int, high: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    canvas = np.full((high, wide, 3), _GREY, np.uint8)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + wide), min(height, top + high)
    canvas[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return canvas


def _recolour(
    crop: NDArray[np.uint8], settings: CropSettings, random: np.random.Generator
) -> NDArray[np.uint8]:
    crop = np.ascontiguousarray(crop)
    if random.random() < settings.photometric:
        level = np.linspace(0, 1, 256) ** math.exp(random.uniform(-0.4, 0.4))
        level = (level - 0.5) * random.uniform(0.65, 1.3) + 0.5 + random.uniform(-0.13, 0.13)
        gains = np.exp(random.uniform(-settings.tint, settings.tint, 3)) * 255
        curves = np.stack([level * gain for gain in gains]).clip(0, 255).astype(np.uint8)
        crop = np.stack([curves[k][crop[:, :, k]] for k in range(3)], axis=2)
    if random.random() < settings.grey:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        crop = np.repeat(grey[:, :, None], 3, axis=2)
    return crop


def spoil(crop: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Returns the crop, RGB or BGR, as a worse or an over-sharpening camera would have given it."""
    soft = cv2.GaussianBlur(crop, (0, 0), random.uniform(0.4, 1.3)).astype(np.float32)
    share = random.uniform(-0.8, 1.0)
    sigma = random.uniform(0, 7)
    noise = random.standard_normal(crop.shape, dtype=np.float32) * np.float32(sigma)
    rough = (share * soft + (1 - share) * crop + noise).clip(0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))]
    coded = cv2.imencode(".jpg", rough, quality)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
