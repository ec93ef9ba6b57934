"""Pictures with head points, and random crops of them."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.crowd_network import STRIDE_PX
from ray_app.domain.errors import FootageError

LONGEST_SIDE_PX = 1280
_GREY = 114


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
        photometric: Share of crops with another brightness, contrast and gamma.
        grey: Share of crops without colour.
        flawed: Share of crops blurred or sharpened, with sensor noise and compressed anew.
    """

    side_px: int = 256
    least_scale: float = 0.5
    most_scale: float = 2.0
    photometric: float = 0.8
    grey: float = 0.15
    flawed: float = 0.5


def read_pictures(folder: Path) -> list[CountedPicture]:
    """Returns the pictures of a folder by image number, with heads from its points.json.

    Raises:
        FootageError: points.json or a picture it names cannot be read.
    """
    table = folder / "points.json"
    try:
        points = json.loads(table.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FootageError(f"{table}: cannot be read as head points ({error})") from error
    return [_read_picture(folder / name, points[name]) for name in sorted(points, key=_number)]


def _number(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return (int(digits[-1]) if digits else 0, name)


def _read_picture(path: Path, points: list[list[float]]) -> CountedPicture:
    found = cv2.imread(str(path))
    if found is None:
        raise FootageError(f"{path}: not a readable picture")
    heads_px = np.asarray(points, np.float32).reshape(-1, 2)
    scale = LONGEST_SIDE_PX / max(found.shape[:2])
    if scale < 1:
        found = cv2.resize(found, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        heads_px = heads_px * np.float32(scale)
    pixels = np.ascontiguousarray(found[:, :, ::-1], dtype=np.uint8)
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
    window_px = round(side / math.exp(random.uniform(*limits)))
    height, width = picture.pixels.shape[:2]
    left, top = _draw_start(width, window_px, random), _draw_start(height, window_px, random)
    crop = _cut(picture.pixels, left, top, window_px)
    if window_px != side:
        shrinks = window_px > side
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        crop = cv2.resize(crop, (side, side), interpolation=how).astype(np.uint8)
    heads_px = (picture.heads_px - (left, top)) * np.float32(side / window_px)
    heads_px = heads_px[((heads_px >= 0) & (heads_px < side)).all(axis=1)].astype(np.float32)
    if random.random() < 0.5:
        crop = crop[:, ::-1]
        heads_px = np.stack([side - 1e-3 - heads_px[:, 0], heads_px[:, 1]], 1).astype(np.float32)
    crop = _recolour(crop, settings, random)
    return (spoil(crop, random) if random.random() < settings.flawed else crop), heads_px


def _draw_start(length: int, window_px: int, random: np.random.Generator) -> int:
    spare = length - window_px
    return int(random.integers(0, spare + 1)) if spare >= 0 else int(random.integers(spare, 1))


def _cut(pixels: NDArray[np.uint8], left: int, top: int, window_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    canvas = np.full((window_px, window_px, 3), _GREY, np.uint8)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + window_px), min(height, top + window_px)
    canvas[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return canvas


def _recolour(
    crop: NDArray[np.uint8], settings: CropSettings, random: np.random.Generator
) -> NDArray[np.uint8]:
    crop = np.ascontiguousarray(crop)
    if random.random() < settings.photometric:
        level = np.linspace(0, 1, 256) ** math.exp(random.uniform(-0.4, 0.4))
        level = (level - 0.5) * random.uniform(0.65, 1.3) + 0.5 + random.uniform(-0.13, 0.13)
        crop = (level * 255).clip(0, 255).astype(np.uint8)[crop]
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
