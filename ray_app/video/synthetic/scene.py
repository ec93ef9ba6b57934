"""What stands still: ground, walls, buildings, lamps, trees."""

import enum
from dataclasses import dataclass, field

import numpy as np

from ray_app.video.synthetic.mesh import Mesh, ball, box, ground, join

GROUND_HALF_SIDE_M = 90.0
LAMP_HEIGHT_M = 4.4
Corner = tuple[float, float, float]
Rgb = tuple[float, float, float]


class Surface(enum.IntEnum):
    """What a structure is made of; the shaders know these numbers."""

    GROUND = 20
    BRICK = 21
    FACADE = 22
    METAL = 23
    LEAVES = 24
    WOOD = 25
    CONCRETE = 26
    FENCE = 27
    BANNER = 28
    CANVAS = 29


class Ground(enum.IntEnum):
    """What the ground is made of; the shaders know these numbers."""

    PAVING = 0
    ASPHALT = 1
    GRASS = 2
    GRAVEL = 3
    CONCRETE = 4


GROUND_TINTS: dict[Ground, Rgb] = {
    Ground.PAVING: (0.30, 0.285, 0.26),
    Ground.ASPHALT: (0.13, 0.13, 0.135),
    Ground.GRASS: (0.10, 0.16, 0.05),
    Ground.GRAVEL: (0.33, 0.28, 0.21),
    Ground.CONCRETE: (0.30, 0.30, 0.295),
}


@dataclass(frozen=True, slots=True)
class Block:
    """An upright box between two opposite corners, metres."""

    low: Corner
    high: Corner
    surface: Surface


@dataclass(frozen=True, slots=True)
class Scenery:
    """A place without its people.

    Attributes:
        blocks: Walls, buildings, benches.
        lamps_m: Feet of the lamp posts; they shine at night.
        trees_m: Feet of the trees.
        material: The ground.
        lawn_m: Grass between x1, y1 and x2, y2; None for no lawn.
        facade: Linear RGB of buildings.
        slip_m: Shifts the ground's pattern.
        reach_m: Radius around (0, 0) inside which things cast shadows.
    """

    blocks: tuple[Block, ...] = ()
    lamps_m: tuple[tuple[float, float], ...] = ()
    trees_m: tuple[tuple[float, float], ...] = ()
    material: Ground = Ground.PAVING
    lawn_m: tuple[float, float, float, float] | None = None
    facade: Rgb = (0.46, 0.43, 0.38)
    slip_m: tuple[float, float] = (0.0, 0.0)
    reach_m: float = 26.0
    tint: Rgb | None = field(default=None)

    @property
    def ground_tint(self) -> Rgb:
        """Linear RGB of the bare ground."""
        return self.tint or GROUND_TINTS[self.material]


def ground_mesh() -> Mesh:
    """Returns the ground as one square."""
    return ground(GROUND_HALF_SIDE_M, Surface.GROUND)


def structure_mesh(scenery: Scenery) -> Mesh:
    """Returns everything that rises above the ground; at least one triangle."""
    meshes = [box(block.low, block.high, block.surface) for block in scenery.blocks]
    for x, y in scenery.lamps_m:
        meshes += _lamp(x, y)
    for x, y in scenery.trees_m:
        meshes += _tree(x, y)
    if not meshes:
        below = box((-0.1, -0.1, -2), (0.1, 0.1, -1.9), Surface.METAL)
        meshes = [below]
    return join(meshes)


def lamp_heads(scenery: Scenery, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Returns x, y, z and strength of the first count lamps; absent ones have strength 0."""
    heads = np.zeros((count, 4))
    heads[:, 2] = LAMP_HEIGHT_M
    for row, (x, y) in zip(heads, scenery.lamps_m, strict=False):
        row[:] = x, y + 0.8, LAMP_HEIGHT_M - 0.1, 1.0
    return heads


def bench(x: float, y: float) -> tuple[Block, ...]:
    """Returns a wooden bench of 1.8 m along x."""
    return (
        Block((x, y, 0.38), (x + 1.8, y + 0.5, 0.45), Surface.WOOD),
        Block((x + 0.1, y + 0.05, 0), (x + 0.2, y + 0.45, 0.38), Surface.METAL),
        Block((x + 1.6, y + 0.05, 0), (x + 1.7, y + 0.45, 0.38), Surface.METAL),
    )


def _lamp(x: float, y: float) -> list[Mesh]:
    post = box((x - 0.06, y - 0.06, 0), (x + 0.06, y + 0.06, 4.5), Surface.METAL)
    arm = box((x - 0.06, y, LAMP_HEIGHT_M), (x + 0.06, y + 0.9, 4.5), Surface.METAL)
    return [post, arm]


def _tree(x: float, y: float) -> list[Mesh]:
    trunk = box((x - 0.12, y - 0.12, 0), (x + 0.12, y + 0.12, 1.8), Surface.WOOD)
    crown = ball((x, y, 2.9), (1.3, 1.3, 1.4), 14, Surface.LEAVES)
    return [trunk, crown]
