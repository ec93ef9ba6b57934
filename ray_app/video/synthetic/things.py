"""Everything that moves in one frame, as rows the shaders read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INSTANCE_FLOATS = 29


@dataclass(frozen=True, slots=True)
class Things:
    """Everything that moves in one frame.

    Attributes:
        people: Rows of `Postures.instances()`, shape (n, 29).
        suitcases: Rows of `thing_rows`.
        rucksacks: Rows of `thing_rows`.
        particles: x, y, z, half side, red, green, blue, alpha; shape (m, 8).
        fire: x, y, z and strength of a fire's light; None without fire.
    """

    people: NDArray[np.float32]
    suitcases: NDArray[np.float32]
    rucksacks: NDArray[np.float32]
    particles: NDArray[np.float32]
    fire: tuple[float, float, float, float] | None = None


def only_people(people: NDArray[np.float32]) -> Things:
    """Returns a frame with nothing but people in it."""
    none = np.zeros((0, INSTANCE_FLOATS), np.float32)
    return Things(people, none, none, np.zeros((0, 8), np.float32))


def thing_rows(xy_m: tuple[float, float], heading: float, colour: float) -> NDArray[np.float32]:
    """Returns the instance row of one rigid thing, shape (1, 29); colour as from `pack`."""
    row = np.zeros((1, INSTANCE_FLOATS), np.float32)
    row[0, :4] = *xy_m, heading, 1.0
    row[0, 20:24] = colour
    return row
