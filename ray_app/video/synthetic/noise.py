"""One tiling block of smooth noise that every texture is made of."""

import numpy as np
from numpy.typing import NDArray

CELLS = 64


def noise_block(seed: int = 11) -> NDArray[np.uint8]:
    """Returns value noise of three octaves, tiling, shape (64, 64, 64, 4).

    The last channel is the value; the first three its slope along x, y, z around 128.
    """
    rng = np.random.default_rng(seed)
    value = np.zeros((CELLS,) * 3)
    for share, lattice in ((0.6, 8), (0.27, 16), (0.13, 32)):
        value += share * _smooth_noise(rng, lattice)
    value = np.clip((value - value.mean()) / (5.0 * value.std()) + 0.5, 0, 1)
    slopes = [np.roll(value, -1, axis) - np.roll(value, 1, axis) for axis in (2, 1, 0)]
    channels = [np.clip(0.5 + 2.0 * slope, 0, 1) for slope in slopes] + [value]
    return (np.stack(channels, axis=-1) * 255).astype(np.uint8)


def _smooth_noise(rng: np.random.Generator, lattice: int) -> NDArray[np.float64]:
    grid = rng.random((lattice,) * 3)
    place = np.arange(CELLS) * lattice / CELLS
    low = place.astype(np.int64)
    t = place - low
    weight = t * t * (3 - 2 * t)
    for axis in range(3):
        shape = [1, 1, 1]
        shape[axis] = CELLS
        blend = weight.reshape(shape)
        near = np.take(grid, low, axis)
        far = np.take(grid, (low + 1) % lattice, axis)
        grid = near * (1 - blend) + far * blend
    return grid
