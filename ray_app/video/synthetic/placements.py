"""Crowds that stand and stroll, placed at random: for still pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.posture import Postures, steady_walk
from ray_app.video.synthetic.scene import Block
from ray_app.video.synthetic.wardrobe import dress

FloatArray = NDArray[np.float64]
BODY_M = 0.36
"""Least distance between two people's centres, metres; 5 to 6 people/m2 at the closest."""
TRIES = 8
"""Darts thrown for each person wanted."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A round or long place that holds a share of the crowd, with a ragged edge.

    Attributes:
        centre_m: x, y.
        radius_m: Spread; people are uniform inside it.
        stretch: How many times longer than wide, 1 or more; the area stays.
        turn: Direction of the long side, radians.
        people_per_m2: As asked; the least distance between bodies caps it at about 5.
        facing: Heading most people have, radians; None lets everybody look anywhere.
        spacing_m: Least distance between centres; near 0.8 over the root of the density people
            stand evenly, as in a queue that moves, near BODY_M in clumps.
    """

    centre_m: tuple[float, float]
    radius_m: float
    people_per_m2: float
    facing: float | None
    stretch: float = 1.0
    turn: float = 0.0
    spacing_m: float = BODY_M


def place_people(
    rng: np.random.Generator, patches: tuple[Patch, ...], most: int
) -> tuple[FloatArray, FloatArray]:
    """Returns places, shape (n, 2), and headings, shape (n,), of at most `most` people."""
    places, headings = np.zeros((0, 2)), np.zeros(0)
    for patch in patches:
        wanted = round(patch.people_per_m2 * np.pi * patch.radius_m**2)
        tries = _inside_circle(rng, patch, wanted * TRIES)
        kept = _keep_apart(places, tries, wanted, patch.spacing_m)
        turn = rng.uniform(-np.pi, np.pi, len(kept))
        if patch.facing is not None:
            turn = np.where(
                rng.random(len(kept)) < 0.8,
                patch.facing + rng.normal(0, 0.4, len(kept)),
                turn,
            )
        places, headings = np.concatenate([places, kept]), np.concatenate([headings, turn])
    chosen = rng.permutation(len(places))[:most]
    return places[chosen], headings[chosen]


def keep_clear(
    places: FloatArray, headings: FloatArray, blocks: tuple[Block, ...]
) -> tuple[FloatArray, FloatArray]:
    """Returns the people who do not stand in a block."""
    clear = np.ones(len(places), np.bool_)
    for block in blocks:
        low, high = np.array(block.low[:2]) - 0.3, np.array(block.high[:2]) + 0.3
        clear &= ~((places > low) & (places < high)).all(axis=1)
    return places[clear], headings[clear]


def pose_people(
    rng: np.random.Generator, places: FloatArray, headings: FloatArray, bustle: float
) -> Postures:
    """Returns dressed people: those with room mostly walk, a share `bustle` of the others."""
    count = len(places)
    walking = rng.random(count) < np.where(_nearest(places) > 0.9, 0.65, bustle)
    speed = np.where(walking, rng.normal(1.2, 0.25, count).clip(0.3, 2.0), 0.0)
    wear = dress(count, int(rng.integers(2**31)))
    people = steady_walk(places, headings, rng.random(count), speed, wear)
    people.sway_m[:] = np.where(walking, 0.0, rng.normal(0, 0.025, count))
    people.spread_m[:] = np.where(
        walking[:, None], 0.0, rng.normal((0.03, -0.03), 0.03, (count, 2))
    )
    raised = (rng.random((count, 2)) < 0.1) & ~walking[:, None]
    people.shoulder[:] += np.where(raised, rng.uniform(0.3, 2.4, (count, 2)), 0.0)
    people.elbow[:] += np.where(raised, rng.uniform(0.3, 1.8, (count, 2)), 0.0)
    people.elbow[:] += ~walking[:, None] * rng.uniform(0, 0.3, (count, 2))
    return people


def _inside_circle(rng: np.random.Generator, patch: Patch, count: int) -> FloatArray:
    around = rng.uniform(0, 2 * np.pi, count)
    waves = zip((2, 3, 5), rng.uniform(0, 2 * np.pi, 3), strict=True)
    ragged = 1 + 0.15 * sum(np.sin(k * around + shift) for k, shift in waves)
    distance = patch.radius_m * np.sqrt(rng.random(count)) * ragged
    along = distance * np.cos(around) * np.sqrt(patch.stretch)
    across = distance * np.sin(around) / np.sqrt(patch.stretch)
    cosine, sine = np.cos(patch.turn), np.sin(patch.turn)
    offset = np.stack([cosine * along - sine * across, sine * along + cosine * across], axis=1)
    return np.asarray(np.array(patch.centre_m) + offset)


def _keep_apart(taken: FloatArray, tries: FloatArray, wanted: int, spacing_m: float) -> FloatArray:
    """Dart throwing: keeps a try when no body is too near, until enough are kept."""
    cells: dict[tuple[int, int], list[FloatArray]] = {}
    for place in taken:
        cells.setdefault(_cell(place, spacing_m), []).append(place)
    kept: list[FloatArray] = []
    for place in tries:
        if len(kept) == wanted:
            break
        if not _is_crowded(cells, place, spacing_m):
            cells.setdefault(_cell(place, spacing_m), []).append(place)
            kept.append(place)
    return np.array(kept).reshape(-1, 2)


def _is_crowded(
    cells: dict[tuple[int, int], list[FloatArray]], place: FloatArray, spacing_m: float
) -> bool:
    column, row = _cell(place, spacing_m)
    around = ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    return any(
        (other[0] - place[0]) ** 2 + (other[1] - place[1]) ** 2 < spacing_m**2
        for cell in around
        for other in cells.get(cell, ())
    )


def _cell(place: FloatArray, side_m: float) -> tuple[int, int]:
    return int(np.floor(place[0] / side_m)), int(np.floor(place[1] / side_m))


def _nearest(places: FloatArray) -> FloatArray:
    if len(places) < 2:
        return np.full(len(places), np.inf)
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.asarray(gaps.min(axis=1))
