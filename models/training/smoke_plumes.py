"""Plumes of smoke in a box of air: puffs on puffs, eaten at by noise, lit and looked through.

Smoke is self-shadowing and has depth; a grey shape with a soft edge has neither, and what learns
smoke from such shapes looks for haze (docs/models/fire_smoke_detector.md).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
SIDE = 96
"""Cells of the box across and up, and pixels of a plume."""
DEPTH = 64
_KINDS = ("column", "column", "jet", "bank", "cloud")
_CHILDREN = 4
_FADE = 0.12
"""Share of the box over which smoke thins out at its sides, so that none is cut off straight."""


@dataclass(frozen=True, slots=True)
class Plume:
    """Smoke as the eye sees it.

    Attributes:
        alpha: How much of what is behind it is hidden, 0 to 1, float32, shape (96, 96).
        light: How much light it throws back: 0 none, 1 as much as white smoke in the sun.
    """

    alpha: Floats
    light: Floats


def draw_plume(rng: np.random.Generator) -> Plume:
    """Returns a random plume: a column, a jet, a bank along the ground or a cloud."""
    kind = str(rng.choice(_KINDS))
    filled = _filled(rng, kind)
    per_cell = float(np.exp(rng.uniform(np.log(0.025), np.log(1.5))))
    return look_through(rng, filled * np.float32(per_cell))


def _filled(rng: np.random.Generator, kind: str) -> Floats:
    """Returns how full of smoke each cell is, 0 to 1, shape (up, across, depth)."""
    middle, radius, weight = _puffs(rng, kind)
    field = np.zeros((SIDE, SIDE, DEPTH), np.float32)
    for place, reach, thick in zip(middle, radius, weight, strict=True):
        _put_puff(field, place, float(reach), float(thick))
    rough = _fractal(rng)
    eaten = rng.uniform(0.2, 0.9)
    sharp = rng.uniform(1.0, 5.0)
    return np.asarray(np.clip((field - eaten * rough) * sharp, 0, 1) * _inside(), np.float32)


def _puffs(rng: np.random.Generator, kind: str) -> tuple[Array, Array, Array]:
    """Returns middles (x, depth, up; 0 to 1), radii and weights of balls along the smoke's way."""
    count = int(rng.integers(20, 90))
    way = np.sort(rng.random(count))
    middle, radius = _way(rng, kind, way)
    loose = rng.uniform(0.4, 1.3)
    middle = middle + rng.normal(0, 1, (count, 3)) * (radius * loose)[:, None]
    radius = radius * np.exp(rng.normal(-0.2, 0.35, count))
    towards = rng.normal(0, 1, (count, _CHILDREN, 3))
    towards /= np.linalg.norm(towards, axis=2, keepdims=True)
    small = (middle[:, None] + towards * radius[:, None, None]).reshape(-1, 3)
    weight = np.exp(rng.normal(0, 0.3, count)) * (1.3 - rng.uniform(0.2, 1.0) * way)
    small_radius = np.repeat(radius * rng.uniform(0.35, 0.6), _CHILDREN)
    return (
        np.concatenate([middle, small]),
        np.concatenate([radius, small_radius]),
        np.concatenate([weight, np.repeat(weight, _CHILDREN)]),
    )


def _way(rng: np.random.Generator, kind: str, way: Array) -> tuple[Array, Array]:
    """Returns where smoke is after a share of its way (x, depth, up), and how wide."""
    half, same = np.full_like(way, 0.5), np.ones_like(way)
    if kind == "column":
        lean = rng.uniform(-0.7, 0.7)
        x = 0.5 - 0.4 * lean + lean * way ** rng.uniform(0.5, 2.0)
        radius = 0.02 + rng.uniform(0.06, 0.28) * way ** rng.uniform(0.5, 1.2)
        return np.stack([x, half, 0.04 + 0.8 * way], axis=1), radius
    if kind == "jet":
        up = 0.25 + rng.uniform(-0.1, 0.5) * way**1.5
        radius = 0.03 + rng.uniform(0.08, 0.25) * way**0.8
        return np.stack([0.06 + 0.8 * way, half, up], axis=1), radius
    if kind == "bank":
        up = rng.uniform(0.08, 0.3) * same
        return np.stack([0.03 + 0.94 * way, half, up], axis=1), rng.uniform(0.1, 0.25) * same
    return np.stack([half, half, half], axis=1), rng.uniform(0.1, 0.22) * same


def _put_puff(field: Floats, place: Array, radius: float, thick: float) -> None:
    """Fills a ball that is thickest in its middle; changes `field`."""
    x, depth, up = place.tolist()
    middle = (up, x, depth - 0.5 + 0.5 * DEPTH / SIDE)
    low = [int(max(0, (m - radius) * SIDE)) for m in middle]
    high = [
        int(min(cells, (m + radius) * SIDE + 2))
        for m, cells in zip(middle, field.shape, strict=True)
    ]
    if any(start >= end for start, end in zip(low, high, strict=True)):
        return
    part = field[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    u, v, w = (
        (np.arange(start, end, dtype=np.float32) / SIDE - m) ** 2
        for start, end, m in zip(low, high, middle, strict=True)
    )
    away = (u[:, None, None] + v[None, :, None] + w[None, None, :]) / (radius * radius)
    np.maximum(part, np.clip(1 - away, 0, 1) * thick, out=part, casting="same_kind")


def _fractal(rng: np.random.Generator) -> Floats:
    """Returns noise, 0 to 1, whose power falls with frequency; in half the plumes with creases."""
    shape = (SIDE, SIDE, DEPTH)
    white = np.fft.rfftn(rng.random(shape, np.float32))
    per_side = np.fft.fftfreq(SIDE) * SIDE
    grids = np.meshgrid(per_side, per_side, np.fft.rfftfreq(DEPTH) * SIDE, indexing="ij")
    frequency = np.sqrt(sum(grid**2 for grid in grids)) + 2.0
    frequency[0, 0, 0] = 1e9
    noise = np.fft.irfftn(white / frequency ** rng.uniform(1.6, 2.3), shape, axes=(0, 1, 2))
    noise = np.abs(noise) if rng.random() < 0.5 else noise - noise.min()
    return np.asarray((noise / np.percentile(noise, 99)).clip(0, 1), np.float32)


@lru_cache(maxsize=1)
def _inside() -> Floats:
    edge = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]).astype(np.float32)
    fade = np.clip(edge / (_FADE * SIDE), 0, 1)
    return np.asarray((fade[:, None] * fade)[..., None], np.float32)


def look_through(rng: np.random.Generator, depths: Floats) -> Plume:
    """Returns what is seen along the depth of cells of these optical depths.

    Light comes from above and from the left, is lost on its way as exp(-depth), half of it
    scattered ahead; some comes from everywhere. Cells are laid over one another front to back.
    """
    above = np.cumsum(depths[::-1], axis=0)[::-1] - 0.5 * depths
    beside = np.cumsum(depths, axis=1) - 0.5 * depths
    before = np.cumsum(depths, axis=2) - 0.5 * depths
    high, low = rng.uniform(0.2, 1, 2)
    sun = (high * np.exp(-0.5 * above) + low * np.exp(-0.5 * beside)) / (high + low)
    ambient = rng.uniform(0.15, 0.5)
    glow = 0.25 * np.exp(-0.25 * before) * rng.uniform(0, 1)
    light = ambient + (1 - ambient) * sun + glow
    seen = np.exp(-before) * (1 - np.exp(-depths))
    shade = (seen * light).sum(axis=2) / (seen.sum(axis=2) + 1e-4)
    alpha = 1 - np.exp(-depths.sum(axis=2))
    return Plume(
        np.ascontiguousarray(alpha[::-1], np.float32),
        np.ascontiguousarray(np.clip(shade[::-1], 0, 1.2), np.float32),
    )
