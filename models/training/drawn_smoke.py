"""Smoke drawn into pictures: soft grey shapes, and plumes that have depth."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.fire_data import SMOKE
from models.training.smoke_plumes import SIDE, draw_plume

Floats = NDArray[np.float32]
PLUMES = 600
_PLUME_SEED = 9
_LEAST_CHANGE = 25
"""How much the most changed pixel must change, of 255, for smoke to be counted as there."""


def put_smoke(light: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns the picture with smoke as a soft grey shape, and its box."""
    side = light.shape[0]
    h, w = (int(v) for v in random.uniform(40, 0.75 * side, 2))
    left, top = int(random.integers(0, side - w)), int(random.integers(0, side - h))
    y, x = np.mgrid[0 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)
    lean = random.uniform(-0.8, 0.8)
    across = (x - lean * (1 - y) * 0.6) / (0.12 + 0.8 * (1 - y))
    shape = np.exp(-(across**2) * 2) * np.clip(y * 8, 0, 1) * np.clip((1 - y) * 6, 0, 1)
    billow = 0.35 + 0.65 * clouds(h, w, random)
    alpha = (shape * billow * random.uniform(0.35, 1.0)).clip(0, 0.97)[..., None]
    grey = random.uniform(25, 235)
    colour = grey * (1 + random.uniform(-0.06, 0.06, 3)) * (0.75 + 0.5 * billow[..., None])
    light = light.copy()
    under = light[top : top + h, left : left + w].copy()
    light[top : top + h, left : left + w] = (1 - alpha) * under + alpha * colour
    ys, xs = np.nonzero(alpha[..., 0] > 0.12)
    if len(ys) < 60 or np.abs(alpha * (colour - under)).max() < _LEAST_CHANGE:
        return light, np.zeros((0, 5), np.float32)
    found = (SMOKE, left + xs.min(), top + ys.min(), left + xs.max() + 1, top + ys.max() + 1)
    return light, np.array([found], np.float32)


def put_plume(light: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns the picture with a plume of any size and tone, far or all over, and its box."""
    side = light.shape[0]
    alpha, shade = _placed(random, side)
    if random.random() < 0.7:
        alpha = alpha * (1 - random.uniform(0, 0.6))
    colour = _tone(random, shade)
    covered = light + alpha[..., None] * (colour - light)
    changed = np.abs(covered - light).max(axis=2)
    ys, xs = np.nonzero((changed > 12) & (alpha > 0.1))
    if len(ys) < 40 or changed.max() < _LEAST_CHANGE:
        return light, np.zeros((0, 5), np.float32)
    (x1, x2), (y1, y2) = np.percentile(xs, (1, 99)), np.percentile(ys, (1, 99))
    found = (SMOKE, x1, y1, x2 + 1, y2 + 1)
    return np.asarray(covered, np.float32), np.array([found], np.float32)


def clouds(h: int, w: int, random: np.random.Generator) -> Floats:
    """Returns fractal noise, 0 to 1, shape (h, w)."""
    total = np.zeros((h, w), np.float32)
    for octave in range(4):
        cells = 2 ** (octave + 1) + 1
        grid = random.random((cells, cells), np.float32)
        total += cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def _placed(random: np.random.Generator, side: int) -> tuple[Floats, Floats]:
    """Returns what a plume hides and throws back, somewhere in a picture of that side."""
    alpha, shade = _plume(int(random.integers(PLUMES)))
    if random.random() < 0.5:
        alpha, shade = alpha[:, ::-1], shade[:, ::-1]
    wide = math.exp(random.uniform(math.log(18), math.log(2.0 * side)))
    tall = wide * math.exp(random.uniform(-0.5, 0.5))
    x, y = random.uniform(0, side, 2)
    across, up = wide / SIDE, tall / SIDE
    move = np.array([[across, 0, x - wide / 2], [0, up, y - tall / 2]], np.float32)
    return _moved(alpha, move, side), _moved(shade, move, side)


def _moved(values: Floats, move: Floats, side: int) -> Floats:
    values = np.ascontiguousarray(values)
    smaller = min(float(move[0, 0]), float(move[1, 1]))
    if smaller < 0.7:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), 0.4 / smaller), np.float32)
    return np.asarray(cv2.warpAffine(values, move, (side, side)), np.float32)


def _tone(random: np.random.Generator, shade: Floats) -> Floats:
    """Returns RGB of smoke that throws back so much: white, black or grey, at times brownish."""
    kind = random.random()
    if kind < 0.45:
        low, high = random.uniform(70, 190), random.uniform(190, 265)
    elif kind < 0.7:
        low, high = random.uniform(3, 40), random.uniform(30, 120)
    else:
        low, high = sorted(random.uniform(20, 240, 2))
    tint = 1 + random.uniform(-0.06, 0.06, 3)
    if random.random() < 0.15:
        tint = tint * (1.1, 1.0, 0.82)
    return np.asarray((low + (high - low) * shade)[..., None] * tint, np.float32)


@lru_cache(maxsize=PLUMES)
def _plume(number: int) -> tuple[Floats, Floats]:
    plume = draw_plume(np.random.default_rng((_PLUME_SEED, number)))
    return plume.alpha, plume.light
