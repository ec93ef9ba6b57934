"""Random crops, and what is put into them: lamps that are no fire, flames and smoke that are."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.fire_smoke_network import STRIDE_PX
from models.training.crowd_data import spoil
from models.training.drawn_smoke import clouds, put_plume, put_smoke
from models.training.fire_data import FLAME, SMOKE, FirePicture
from models.training.fire_loss import IGNORED, NEGATIVE, POSITIVE

Floats = NDArray[np.float32]
_GREY = 114
_LEAST_SEEN = 0.3
_SOFT_EDGE_PX = 3
_PLUMES = 0.75
"""Share of drawn smoke that has depth; the rest are soft grey shapes."""


@dataclass(frozen=True, slots=True)
class FireCrops:
    """How crops are drawn.

    Attributes:
        side_px: Side of a crop; a multiple of 32.
        least_px: Least length that a picture's longer side is brought to.
        most_px: Largest.
        lamps: Share of crops with lamps, glare, sunsets, red things or pale surfaces put in.
        flames: Share of crops without fire that get a flame of another picture.
        smoke: Share of crops without fire that get drawn smoke.
        grey: Share of crops without colour: infra-red cameras at night.
        flawed: Share of crops spoiled as worse cameras would.
        stretch: Most that a crop is stretched, natural logarithm.
        tint: Most that a colour is stronger or weaker than another, natural logarithm.
    """

    side_px: int = 448
    least_px: int = 320
    most_px: int = 720
    lamps: float = 0.45
    flames: float = 0.25
    smoke: float = 0.25
    grey: float = 0.15
    flawed: float = 0.5
    stretch: float = 0.25
    tint: float = 0.25


@dataclass(frozen=True, slots=True)
class FireCrop:
    """A crop and its truth.

    Attributes:
        pixels: RGB, uint8, shape (side, side, 3).
        cells: NEGATIVE, IGNORED or POSITIVE, int8, shape (2, side / 16, side / 16).
        boxes: Class, top, left, bottom, right in cells, int64, shape (n, 5).
        somewhere: It burns, nobody says where.
    """

    pixels: NDArray[np.uint8]
    cells: NDArray[np.int8]
    boxes: NDArray[np.int64]
    somewhere: bool


class FireCropper:
    """Draws crops.

    Args:
        settings: How.
        flames: Pictures with flame boxes that flames are cut from.
    """

    def __init__(self, settings: FireCrops, flames: list[FirePicture]) -> None:
        self.settings = settings
        self._flames = [
            (picture, box) for picture in flames for box in picture.boxes_px if box[0] == FLAME
        ]

    def draw(self, picture: FirePicture, random: np.random.Generator) -> FireCrop:
        """Returns a random crop of a picture."""
        s = self.settings
        pixels, boxes, shown = self._cut(picture, random)
        light = pixels.astype(np.float32)
        if random.random() < s.lamps:
            light = put_decoys(light, boxes, random, around=picture.somewhere)
        if not picture.burns:
            if random.random() < s.flames and self._flames:
                light, box = self._put_flame(light, random)
                boxes = np.concatenate([boxes, box])
            if random.random() < s.smoke:
                draw = put_plume if random.random() < _PLUMES else put_smoke
                light, box = draw(light, random)
                boxes = np.concatenate([boxes, box])
        light = _recolour(light, random, s.tint)
        crop = light.clip(0, 255).astype(np.uint8)
        if random.random() < s.grey:
            crop = np.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
        if random.random() < s.flawed:
            crop = spoil(crop, random)
        if random.random() < 0.5:
            crop = np.ascontiguousarray(crop[:, ::-1])
            boxes = boxes[:, [0, 3, 2, 1, 4]] * (1, -1, 1, -1, 1) + (0, s.side_px, 0, s.side_px, 0)
        somewhere = picture.somewhere and shown > 0.7
        cells, rows = _as_cells(boxes, picture, s.side_px)
        return FireCrop(crop, cells, rows, somewhere)

    def _cut(
        self, picture: FirePicture, random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], Floats, float]:
        """Returns a crop, its boxes, and the share of the picture that it shows."""
        s, side = self.settings, self.settings.side_px
        height, width = picture.pixels.shape[:2]
        longer = math.exp(random.uniform(math.log(s.least_px), math.log(s.most_px)))
        scale = longer / max(height, width)
        stretch = math.exp(random.uniform(-s.stretch, s.stretch))
        fx, fy = scale * stretch, scale / stretch
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(picture.pixels, None, fx=fx, fy=fy, interpolation=how)
        h, w = resized.shape[:2]
        left, top = _start(w, side, random), _start(h, side, random)
        crop = np.full((side, side, 3), random.choice([0, _GREY]), np.uint8)
        x0, y0, x1, y1 = max(0, left), max(0, top), min(w, left + side), min(h, top + side)
        crop[y0 - top : y1 - top, x0 - left : x1 - left] = resized[y0:y1, x0:x1]
        boxes = picture.boxes_px * (1, fx, fy, fx, fy) - (0, left, top, left, top)
        return crop, boxes.astype(np.float32), (x1 - x0) * (y1 - y0) / (w * h)

    def _put_flame(self, light: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Returns the picture with a flame of another one, where it is brighter than the ground."""
        picture, box = self._flames[int(random.integers(len(self._flames)))]
        x1, y1, x2, y2 = (round(float(v)) for v in box[1:])
        cut = picture.pixels[max(0, y1) : y2, max(0, x1) : x2].astype(np.float32)
        side = light.shape[0]
        if min(cut.shape[:2], default=0) < 8:
            return light, np.zeros((0, 5), np.float32)
        size = math.exp(random.uniform(math.log(20), math.log(150)))
        scale = size / max(cut.shape[:2])
        cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        h, w = cut.shape[:2]
        if h < 6 or w < 6 or h >= side or w >= side:
            return light, np.zeros((0, 5), np.float32)
        glow = cut[..., 0] + 0.5 * cut[..., 1] - 0.5 * cut[..., 2]
        alpha = ((glow - np.percentile(glow, 40)) / 120).clip(0, 1) * _soft_ellipse(h, w)
        if alpha.max() < 0.5:
            return light, np.zeros((0, 5), np.float32)
        left, top = int(random.integers(0, side - w)), int(random.integers(0, side - h))
        under = light[top : top + h, left : left + w]
        light = light.copy()
        light[top : top + h, left : left + w] = under + alpha[..., None] * (
            np.maximum(cut, under) - under
        )
        ys, xs = np.nonzero(alpha > 0.25)
        found = (FLAME, left + xs.min(), top + ys.min(), left + xs.max() + 1, top + ys.max() + 1)
        return light, np.array([found], np.float32)


def put_decoys(
    light: Floats, boxes: Floats, random: np.random.Generator, *, around: bool
) -> Floats:
    """Returns the picture with things that are taken for fire and are none, clear of boxes."""
    light = light.copy()
    side = light.shape[0]
    for _ in range(int(random.integers(1, 6))):
        x, y = random.uniform(0, side, 2)
        if around or any(b[1] - 20 < x < b[3] + 20 and b[2] - 20 < y < b[4] + 20 for b in boxes):
            continue
        kind = random.random()
        if kind < 0.45:
            _put_lamp(light, x, y, random)
        elif kind < 0.57:
            _put_lamp(light, x, y, random)
            _put_lamp(light, x + random.uniform(8, 50), y, random)
        elif kind < 0.74:
            _put_patch(light, x, y, random)
        elif kind < 0.92:
            put_surface(light, x, y, boxes, random)
        else:
            _put_sky(light, random)
    return light


def put_surface(
    light: Floats, x: float, y: float, boxes: Floats, random: np.random.Generator
) -> None:
    """A pale wall, floor, roof or panel, as grey and as uneven as smoke but with edges.

    Changes `light` in place. Without it pale flat things are taken for smoke, which is grey and
    uneven but has no edges. Where it would cover a box it is left out.
    """
    side = light.shape[0]
    w, h = np.exp(random.uniform(math.log(40), math.log(1.2 * side), 2))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2 * (w, h)
    corners = corners + random.uniform(-0.15, 0.15, (4, 2)) * (w, h) + (x, y)
    low, high = corners.min(axis=0) - _SOFT_EDGE_PX, corners.max(axis=0) + _SOFT_EDGE_PX
    if any(b[1] < high[0] and b[3] > low[0] and b[2] < high[1] and b[4] > low[1] for b in boxes):
        return
    mask = np.zeros(light.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] * random.uniform(0.85, 1.0)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    slope = random.uniform(-0.4, 0.4, 2)
    shade = 1 + slope[0] * xs + slope[1] * ys
    shade = shade + random.uniform(0, 0.35) * (clouds(side, side, random) - 0.5)
    if random.random() < 0.4:
        apart = int(random.integers(10, 60))
        shade[(np.arange(side) + int(y)) % apart < 1 + apart // 20] *= random.uniform(0.6, 0.95)
        if random.random() < 0.5:
            shade[:, (np.arange(side) + int(x)) % apart < 1 + apart // 20] *= 0.8
    colour = random.uniform(60, 250) * (1 + random.uniform(-0.08, 0.08, 3))
    light[:] = light * (1 - mask) + mask * shade[..., None] * colour


def _put_lamp(light: Floats, x: float, y: float, random: np.random.Generator) -> None:
    """A lamp: a clipped disc or tube in a halo, of any lamp's colour."""
    colours = ((255, 240, 215), (255, 190, 110), (255, 150, 60), (255, 60, 40), (90, 120, 255))
    colour = np.array(colours[int(random.choice(5, p=[0.3, 0.3, 0.2, 0.12, 0.08]))])
    radius = math.exp(random.uniform(math.log(1.2), math.log(16)))
    flat = random.uniform(0.3, 1.0) if random.random() < 0.3 else 1.0
    reach = int(min(160, radius * random.uniform(3, 10))) + 2
    x0, y0 = int(max(0, x - reach)), int(max(0, y - reach))
    x1, y1 = int(min(light.shape[1], x + reach)), int(min(light.shape[0], y + reach))
    if x1 <= x0 or y1 <= y0:
        return
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    distance = np.hypot(xs - x, (ys - y) / flat) / radius
    core = 1 / (1 + np.exp(np.minimum((distance - 1) * 6, 50)))
    halo = random.uniform(0.1, 0.5) * np.exp(-distance / random.uniform(0.8, 3))
    shown = core[..., None] * (0.35 * colour + 0.65 * 255) + halo[..., None] * colour
    area = light[y0:y1, x0:x1]
    light[y0:y1, x0:x1] = np.maximum(area, np.minimum(area + shown, 255.0))


def _put_patch(light: Floats, x: float, y: float, random: np.random.Generator) -> None:
    """Something red, orange or yellow with folds: clothes, a tent, a sign."""
    colours = ((200, 30, 30), (235, 95, 20), (250, 170, 20), (240, 210, 60), (255, 110, 40))
    colour = np.array(colours[int(random.integers(5))]) * random.uniform(0.5, 1.05)
    h, w = (int(v) for v in np.exp(random.uniform(math.log(8), math.log(110), 2)))
    corners = (random.uniform(-0.5, 0.5, (int(random.integers(4, 8)), 2)) * (w, h)) + (x, y)
    mask = np.zeros(light.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
    folds = 0.7 + 0.5 * clouds(light.shape[0], light.shape[1], random)[..., None]
    light[:] = light * (1 - mask) + mask * colour * folds


def _put_sky(light: Floats, random: np.random.Generator) -> None:
    """A sunset or sun glare from one side."""
    side = light.shape[0]
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32) / side
    cx, cy = random.uniform(0, 1), random.uniform(-0.1, 0.45)
    warm = np.array((255, random.uniform(120, 220), random.uniform(40, 160)))
    spread = random.uniform(0.08, 0.5)
    glow = np.exp(-np.hypot(xs - cx, (ys - cy) * random.uniform(1, 3)) / spread)
    light += random.uniform(0.3, 1.0) * glow[..., None] * warm


def _recolour(light: Floats, random: np.random.Generator, tint: float) -> Floats:
    gain = np.exp(random.uniform(-tint, tint, 3)) * math.exp(random.uniform(-0.5, 0.35))
    gamma = math.exp(random.uniform(-0.4, 0.4))
    bright = 255 * (light.clip(0, 255) / 255) ** gamma
    return np.asarray(bright * gain, np.float32)


@lru_cache(maxsize=256)
def _soft_ellipse(h: int, w: int) -> Floats:
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    return np.asarray((1.6 * (1 - np.hypot(x, y))).clip(0, 1), np.float32)


def _start(length: int, side: int, random: np.random.Generator) -> int:
    spare = length - side
    return int(random.integers(0, spare + 1)) if spare >= 0 else int(random.integers(spare, 1))


def _as_cells(
    boxes: Floats, picture: FirePicture, side: int
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    count = side // STRIDE_PX
    cells = np.full((2, count, count), NEGATIVE, np.int8)
    for kind in (FLAME, SMOKE):
        if not picture.known[kind]:
            cells[kind] = IGNORED
    rows: list[tuple[int, ...]] = []
    for kind, x1, y1, x2, y2 in boxes.tolist():
        inside = [min(max(v, 0.0), side) / STRIDE_PX for v in (y1, x1, y2, x2)]
        seen = max(0.0, inside[2] - inside[0]) * max(0.0, inside[3] - inside[1])
        whole = max((y2 - y1) * (x2 - x1) / STRIDE_PX**2, 1e-6)
        top, left = math.floor(inside[0]), math.floor(inside[1])
        bottom, right = math.ceil(inside[2]), math.ceil(inside[3])
        if bottom <= top or right <= left:
            continue
        around = cells[int(kind), top:bottom, left:right]
        around[around == NEGATIVE] = IGNORED
        core = [round(v) for v in inside]
        if seen / whole >= _LEAST_SEEN:
            cells[int(kind), core[0] : core[2], core[1] : core[3]] = POSITIVE
            rows.append((int(kind), top, left, bottom, right))
    return cells, np.array(rows, np.int64).reshape(-1, 5)
