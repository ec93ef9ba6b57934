"""Places, views and crowds drawn at random, for training stills."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.placements import BODY_M, Patch
from ray_app.video.synthetic.scene import Block, Ground, Scenery, Surface, bench
from ray_app.video.synthetic.view import View, looking_at

SIZES_PX = ((640, 360), (640, 480), (800, 600), (1024, 576), (1024, 768))
WALLS = (Surface.BRICK, Surface.CONCRETE, Surface.FENCE, Surface.BANNER, Surface.CANVAS)


@dataclass(frozen=True, slots=True)
class Draw:
    """One picture to be made.

    Attributes:
        light: Name of the light.
        wetness: 0 dry, 1 rain.
        most: Largest number of people.
        bustle: Share of the people in a crush who walk instead of standing.
    """

    scenery: Scenery
    view: View
    patches: tuple[Patch, ...]
    light: str
    wetness: float
    most: int
    bustle: float


def draw_picture(rng: np.random.Generator) -> Draw:
    """Returns one random picture: 6 of 10 from a mast, 4 of 10 from a drone."""
    view = _drone_view(rng) if rng.random() < 0.4 else _mast_view(rng)
    return Draw(
        scenery=_scenery(rng, view),
        view=view,
        patches=_patches(rng, view),
        light=str(rng.choice(["day", "overcast", "night"], p=[0.5, 0.3, 0.2])),
        wetness=float(rng.random() < 0.12),
        most=400,
        bustle=float(rng.choice([0.1, 0.7])),
    )


def _mast_view(rng: np.random.Generator) -> View:
    size = SIZES_PX[int(rng.integers(len(SIZES_PX)))]
    return _view(rng.uniform(3, 12), rng.uniform(12, 60), rng.uniform(35, 75), size)


def _drone_view(rng: np.random.Generator) -> View:
    size = SIZES_PX[int(rng.integers(len(SIZES_PX)))]
    return _view(rng.uniform(8, 40), rng.uniform(30, 89.5), rng.uniform(35, 75), size)


def _view(height_m: float, down_deg: float, fov_deg: float, size_px: tuple[int, int]) -> View:
    """Looks along +y at (0, 0): scenery and crowd are turned at random instead."""
    distance = min(height_m / np.tan(np.radians(down_deg)), 30.0)
    return looking_at((0.0, -float(distance), float(height_m)), (0, 0, 0), float(fov_deg), size_px)


def _patches(rng: np.random.Generator, view: View) -> tuple[Patch, ...]:
    """A thin scatter over the view, and up to three knots of up to 5 people/m2."""
    reach = max(4.0, min(22.0, -view.position_m[1] + 0.6 * view.position_m[2]))
    knots = []
    for _ in range(int(rng.integers(0, 4))):
        centre = rng.uniform(-0.6, 0.6, 2) * reach * (0.8, 1.0)
        facing = float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.7 else None
        radius = float(rng.uniform(1.0, 0.45 * reach))
        density = float(rng.uniform(0.3, 5.0))
        stretch = float(rng.choice([1.0, 1.5, 3.0, 8.0]))
        turn = float(rng.uniform(0, np.pi))
        place = (float(centre[0]), float(centre[1]))
        even = float(rng.uniform(0, 0.8)) / density**0.5
        knots.append(Patch(place, radius, density, facing, stretch, turn, max(BODY_M, even)))
    thin = float(rng.choice([0.0, 0.02, 0.05, 0.1, 0.25, 0.6]))
    return (*knots, Patch((0.0, 0.3 * reach), 1.5 * reach, thin, None))


def _scenery(rng: np.random.Generator, view: View) -> Scenery:
    material = Ground(int(rng.choice(5, p=[0.35, 0.25, 0.1, 0.15, 0.15])))
    blocks: list[Block] = []
    if rng.random() < 0.6:
        back = float(rng.uniform(8, 30))
        blocks.append(Block((-70, back, 0), (70, back + 10, 14), Surface.FACADE))
    blocks += [_wall(rng) for _ in range(int(rng.integers(0, 5)))]
    for _ in range(int(rng.integers(0, 3))):
        blocks += bench(*(float(v) for v in rng.uniform(-12, 12, 2)))
    lamps = rng.uniform((-14, -8), (14, 14), (6, 2))
    trees = rng.uniform((-16, 0), (16, 20), (int(rng.integers(0, 5)), 2))
    clear = np.abs(trees[:, 0]) > 2 if len(trees) else np.zeros(0, bool)
    tint = np.array((0.3, 0.29, 0.27)) * rng.uniform(0.35, 1.5) + rng.normal(0, 0.02, 3)
    return Scenery(
        blocks=tuple(blocks),
        lamps_m=tuple((float(x), float(y)) for x, y in lamps),
        trees_m=tuple((float(x), float(y)) for x, y in trees[clear]),
        material=material,
        lawn_m=(float(rng.uniform(4, 12)), -40, 40, 40) if rng.random() < 0.25 else None,
        facade=_triple(rng.uniform(0.15, 0.55, 3) * 0.4 + rng.uniform(0.1, 0.35)),
        slip_m=(float(rng.uniform(-500, 500)), float(rng.uniform(-500, 500))),
        reach_m=float(min(40.0, 14 + view.position_m[2])),
        tint=_triple(tint.clip(0.04, 0.6)),
    )


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = values.tolist()
    return red, green, blue


def _wall(rng: np.random.Generator) -> Block:
    x, y = (float(v) for v in rng.uniform(-12, 12, 2))
    length, height = float(rng.uniform(2, 10)), float(rng.uniform(0.6, 2.4))
    surface = WALLS[int(rng.integers(len(WALLS)))]
    thick = 0.06 if surface is Surface.FENCE else float(rng.uniform(0.15, 0.5))
    if rng.random() < 0.5:
        return Block((x, y, 0), (x + length, y + thick, height), surface)
    return Block((x, y, 0), (x + thick, y + length, height), surface)
