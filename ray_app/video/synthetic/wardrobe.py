"""Bodies and clothes drawn at random, so that no two people look alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Colour = tuple[int, int, int]
LONG_HAIR, RUCKSACK, COAT, HAT = 1, 2, 4, 8

TOPS: tuple[Colour, ...] = (
    (28, 30, 36),
    (230, 228, 222),
    (60, 66, 90),
    (150, 32, 36),
    (40, 84, 60),
    (190, 170, 130),
    (120, 120, 126),
    (24, 50, 110),
    (200, 120, 40),
    (210, 190, 60),
    (120, 150, 190),
    (90, 60, 50),
    (220, 150, 165),
    (16, 16, 18),
)
TROUSERS: tuple[Colour, ...] = (
    (30, 34, 50),
    (52, 70, 105),
    (20, 20, 22),
    (120, 104, 80),
    (80, 84, 90),
    (90, 110, 140),
    (60, 50, 42),
    (190, 180, 160),
)
SKINS: tuple[Colour, ...] = (
    (235, 195, 170),
    (215, 165, 135),
    (180, 125, 90),
    (130, 85, 60),
    (90, 58, 42),
)
HAIRS: tuple[Colour, ...] = (
    (22, 18, 16),
    (50, 34, 22),
    (90, 62, 36),
    (170, 135, 80),
    (130, 130, 130),
    (110, 50, 25),
)


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Bodies and clothes of n people.

    Attributes:
        scale: Height over that of the mesh (1.76 m), shape (n,).
        width: Breadth over that of the mesh, shape (n,).
        flags: Sum of LONG_HAIR, RUCKSACK, COAT, HAT, int64, shape (n,).
        looks: Packed sRGB of top, trousers, skin, hair; then seed in [0, 1), pattern number,
            height of the hem in metres, bare shins (0 or 1); shape (n, 8).
    """

    scale: FloatArray
    width: FloatArray
    flags: NDArray[np.int64]
    looks: FloatArray

    def __len__(self) -> int:
        return len(self.scale)

    def only(self, rows: NDArray[np.int64]) -> "Wardrobe":
        """Returns the people in rows, in that order."""
        return Wardrobe(self.scale[rows], self.width[rows], self.flags[rows], self.looks[rows])


def join_wardrobes(parts: list[Wardrobe]) -> Wardrobe:
    """Returns the people of all parts, one after the other."""
    return Wardrobe(
        np.concatenate([part.scale for part in parts]),
        np.concatenate([part.width for part in parts]),
        np.concatenate([part.flags for part in parts]),
        np.concatenate([part.looks for part in parts]),
    )


def dress(count: int, seed: int) -> Wardrobe:
    """Returns count different people; the same seed gives the same people."""
    rng = np.random.default_rng(seed)
    slight, coat = rng.random(count) < 0.5, rng.random(count) < 0.18
    hair = rng.choice(len(HAIRS), count, p=[0.3, 0.3, 0.15, 0.1, 0.1, 0.05])
    skin = rng.choice(len(SKINS), count, p=[0.35, 0.25, 0.2, 0.1, 0.1])
    flags = (
        LONG_HAIR * (slight & (rng.random(count) < 0.7))
        + RUCKSACK * (rng.random(count) < 0.2)
        + COAT * coat
        + HAT * (rng.random(count) < 0.15)
    )
    looks = [
        _vary(rng, TOPS, rng.integers(len(TOPS), size=count)),
        _vary(rng, TROUSERS, rng.integers(len(TROUSERS), size=count)),
        _vary(rng, SKINS, skin),
        _vary(rng, HAIRS, hair),
        rng.random(count),
        rng.choice(5, count, p=[0.55, 0.1, 0.1, 0.15, 0.1]),
        np.where(coat, 0.8, rng.uniform(0.86, 1.0, count)),
        (rng.random(count) < 0.2).astype(np.float64),
    ]
    return Wardrobe(
        scale=rng.normal(np.where(slight, 0.955, 1.02), 0.04).clip(0.8, 1.15),
        width=rng.normal(np.where(slight, 0.95, 1.06), 0.07).clip(0.8, 1.3),
        flags=flags.astype(np.int64),
        looks=np.stack(looks, axis=1),
    )


def pack(colour: Colour) -> float:
    """Returns an sRGB colour as one whole number a float32 holds exactly."""
    return float((colour[0] << 16) | (colour[1] << 8) | colour[2])


def _vary(
    rng: np.random.Generator, palette: tuple[Colour, ...], picks: NDArray[np.int64]
) -> FloatArray:
    shades = np.array(palette)[picks] + rng.normal(0, 10, (len(picks), 3))
    red, green, blue = shades.clip(4, 250).astype(np.int64).T
    return np.asarray((red << 16) | (green << 8) | blue, np.float64)
