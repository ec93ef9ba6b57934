"""Where each person is and how the joints stand: what one drawn frame needs to know of people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.gait import (
    FULL_GAIT_M_S,
    Legs,
    foot_lift_m,
    foot_pitch,
    join_legs,
    smoothstep,
    solve_legs,
    steady_prints,
    stride_m,
)
from ray_app.video.synthetic.mesh import Mesh
from ray_app.video.synthetic.people_mesh import (
    ANKLE_M,
    ELBOW_M,
    HIP_M,
    KNEE_M,
    SHOULDER_M,
    Limb,
    Part,
)
from ray_app.video.synthetic.wardrobe import (
    COAT,
    HAT,
    LONG_HAIR,
    RUCKSACK,
    Wardrobe,
    join_wardrobes,
)

FloatArray = NDArray[np.float64]
LYING_M = 0.14
"""How high the middle of a body is over the ground when it lies."""
HIDDEN_PARTS = (
    (LONG_HAIR, Part.LONG_HAIR, 1.64),
    (RUCKSACK, Part.BACKPACK, 1.2),
    (COAT, Part.COAT, 0.9),
    (HAT, Part.HAT, 1.64),
)
"""Flag, part and the height inside the body where the part shrinks when not worn."""


@dataclass(frozen=True, slots=True)
class Postures:
    """Bodies of n people at one instant.

    Attributes:
        xy_m: Place of the hips on the ground, shape (n, 2).
        heading: Radians from +x to +y, shape (n,).
        legs: Joint angles of the legs.
        spread_m: Sideways place of each foot off its hip, left positive, shape (n, 2).
        sway_m: Sideways shift of the hips over the feet, shape (n,).
        shoulder: Arm forward positive, radians, shape (n, 2).
        elbow: Bend, radians, shape (n, 2).
        wear: Sizes and clothes.
        fall: Turn of the whole body forward about its feet, 0 upright, radians, shape (n,).
    """

    xy_m: FloatArray
    heading: FloatArray
    legs: Legs
    spread_m: FloatArray
    sway_m: FloatArray
    shoulder: FloatArray
    elbow: FloatArray
    wear: Wardrobe
    fall: FloatArray

    def __len__(self) -> int:
        return len(self.heading)

    def only(self, rows: NDArray[np.int64]) -> "Postures":
        """Returns the people in rows, in that order."""
        return Postures(
            self.xy_m[rows],
            self.heading[rows],
            self.legs.only(rows),
            self.spread_m[rows],
            self.sway_m[rows],
            self.shoulder[rows],
            self.elbow[rows],
            self.wear.only(rows),
            self.fall[rows],
        )

    def instances(self) -> NDArray[np.float32]:
        """Returns one row per person in the order the vertex shader reads, shape (n, 29)."""
        legs, wear = self.legs, self.wear
        columns = [
            self.xy_m,
            self.heading[:, None],
            wear.scale[:, None],
            np.stack([legs.hip, legs.knee], axis=2).reshape(-1, 4),
            legs.ankle,
            self.shoulder,
            self.elbow,
            legs.drop_m[:, None],
            self.sway_m[:, None],
            self.spread_m,
            wear.width[:, None],
            wear.flags[:, None].astype(np.float64),
            wear.looks,
            self.fall[:, None],
        ]
        return np.concatenate(columns, axis=1).astype(np.float32)


def join_postures(parts: list[Postures]) -> Postures:
    """Returns the people of all parts, one after the other."""
    return Postures(
        np.concatenate([part.xy_m for part in parts]),
        np.concatenate([part.heading for part in parts]),
        join_legs([part.legs for part in parts]),
        np.concatenate([part.spread_m for part in parts]),
        np.concatenate([part.sway_m for part in parts]),
        np.concatenate([part.shoulder for part in parts]),
        np.concatenate([part.elbow for part in parts]),
        join_wardrobes([part.wear for part in parts]),
        np.concatenate([part.fall for part in parts]),
    )


def steady_walk(
    xy_m: FloatArray,
    heading: FloatArray,
    phase: FloatArray,
    speed_m_s: FloatArray,
    wear: Wardrobe,
) -> Postures:
    """Returns people in mid-step of an even straight walk; speed 0 stands still."""
    vigour = np.clip(speed_m_s / FULL_GAIT_M_S, 0, 1)
    both = np.stack([phase % 1, (phase + 0.5) % 1], axis=1)
    stride = stride_m(speed_m_s) / (wear.scale * thickness(wear.width)) * np.sign(speed_m_s)
    pitch = foot_pitch(both, vigour[:, None])
    legs = solve_legs(steady_prints(both, stride), pitch, foot_lift_m(both, vigour[:, None]))
    shoulder, elbow = swing_arms(legs, vigour, phase)
    flat = np.zeros_like(both)
    none = np.zeros(len(xy_m))
    return Postures(xy_m, heading, legs, flat, none, shoulder, elbow, wear, none)


def swing_arms(legs: Legs, vigour: FloatArray, phase: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns shoulder and elbow angles: each arm goes against its leg."""
    beat = 2 * np.pi * np.stack([phase, phase + 0.5], axis=1)
    shoulder = -0.55 * (legs.hip - 0.15) * vigour[:, None]
    elbow = 0.15 + vigour[:, None] * (0.18 - 0.12 * np.cos(beat))
    return shoulder, elbow


def thickness(width: FloatArray) -> FloatArray:
    """Returns how much a broad body is stretched from front to back."""
    return 0.5 + 0.5 * width


def body_points(mesh: Mesh, people: Postures) -> FloatArray:
    """Returns world points of every vertex, shape (n, vertices, 3): twin of the vertex shader."""
    points = np.repeat(mesh.points_m[None], len(people), axis=0)
    _hide_parts(points, mesh, people)
    for side in range(2):
        _bend_leg(points, mesh, people, side)
        _bend_arm(points, mesh, people, side)
    points[..., 2] -= people.legs.drop_m[:, None]
    wear = people.wear
    points[..., 0] *= thickness(wear.width)[:, None]
    points[..., 1] *= wear.width[:, None]
    points *= wear.scale[:, None, None]
    _lay_down(points, people.fall)
    cosine, sine = np.cos(people.heading)[:, None], np.sin(people.heading)[:, None]
    x = people.xy_m[:, 0, None] + cosine * points[..., 0] - sine * points[..., 1]
    y = people.xy_m[:, 1, None] + sine * points[..., 0] + cosine * points[..., 1]
    return np.stack([x, y, points[..., 2]], axis=-1)


def _lay_down(points: FloatArray, fall: FloatArray) -> None:
    """Turns bodies forward about their feet; who lies rests on the front of the chest."""
    sine, cosine = np.sin(fall)[:, None], np.cos(fall)[:, None]
    x, z = points[..., 0].copy(), points[..., 2].copy()
    points[..., 0] = x * cosine + z * sine
    points[..., 2] = z * cosine - x * sine + LYING_M * sine


def _hide_parts(points: FloatArray, mesh: Mesh, people: Postures) -> None:
    for flag, part, height in HIDDEN_PARTS:
        bare = (people.wear.flags & flag) == 0
        points[np.ix_(bare, mesh.parts == part)] = (0, 0, height)


def _bend_leg(points: FloatArray, mesh: Mesh, people: Postures, side: int) -> None:
    mine = mesh.limbs == Limb.LEFT_LEG + side
    z = mesh.points_m[mine, 2]
    legs = people.legs
    foot = np.where(mesh.parts[mine] == Part.SHOE, 1.0, 1 - smoothstep(0.08, 0.12, z))
    _turn(points, mine, ANKLE_M, legs.ankle[:, side, None] * foot)
    _turn(points, mine, KNEE_M, -legs.knee[:, side, None] * (1 - smoothstep(0.40, 0.54, z)))
    _turn(points, mine, HIP_M, legs.hip[:, side, None] * (1 - smoothstep(0.84, 0.94, z)))
    reach = np.clip((HIP_M - z) / (HIP_M - ANKLE_M), 0, 1)
    points[:, mine, 1] += people.spread_m[:, side, None] * reach
    points[:, mine, 1] += people.sway_m[:, None] * (1 - reach)
    if side == 0:
        rest = (mesh.limbs != Limb.LEFT_LEG) & (mesh.limbs != Limb.RIGHT_LEG)
        points[:, rest, 1] += people.sway_m[:, None]


def _bend_arm(points: FloatArray, mesh: Mesh, people: Postures, side: int) -> None:
    mine = mesh.limbs == Limb.LEFT_ARM + side
    z = mesh.points_m[mine, 2]
    bend = people.elbow[:, side, None] * (1 - smoothstep(1.04, 1.20, z))
    _turn(points, mine, ELBOW_M, bend)
    swing = people.shoulder[:, side, None] * (1 - smoothstep(1.36, 1.44, z))
    _turn(points, mine, SHOULDER_M, swing)


def _turn(points: FloatArray, mine: NDArray[np.bool_], pivot_m: float, angle: FloatArray) -> None:
    x, z = points[:, mine, 0], points[:, mine, 2] - pivot_m
    points[:, mine, 0] = x * np.cos(angle) - z * np.sin(angle)
    points[:, mine, 2] = pivot_m + x * np.sin(angle) + z * np.cos(angle)
