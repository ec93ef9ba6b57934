"""How legs move: planted feet first, joint angles solved from them.

A foot on the ground keeps still in the world, so the joints follow from where the feet are and
not the other way round (analytic two-bone inverse kinematics). Lengths are those of the mesh,
metres; a taller person is the same scaled. Phase runs from 0 at heel strike of the left foot to
1 at the next; the right foot is half a cycle behind. A foot is down for `STANCE` of its cycle:
.60 to .62 in normal walking (Perry & Burnfield 2010, Gait Analysis, ch. 1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.people_mesh import ANKLE_M, HEEL_M, HIP_M, KNEE_M, TOE_M

FloatArray = NDArray[np.float64]

STANCE = 0.60
THIGH_M, SHANK_M = HIP_M - KNEE_M, KNEE_M - ANKLE_M
FULL_GAIT_M_S = 0.6
"""Speed from which feet are lifted and rolled in full, m/s; a guess by eye."""


@dataclass(frozen=True, slots=True)
class Legs:
    """Joint angles of n people; column 0 is the left leg, 1 the right. Radians, shape (n, 2).

    Attributes:
        hip: Thigh forward positive.
        knee: Bend, never negative.
        ankle: Toes up positive, relative to the shank.
        drop_m: How far the body is below its rest height, shape (n,).
    """

    hip: FloatArray
    knee: FloatArray
    ankle: FloatArray
    drop_m: FloatArray

    def only(self, rows: NDArray[np.int64]) -> "Legs":
        """Returns the people in rows, in that order."""
        return Legs(self.hip[rows], self.knee[rows], self.ankle[rows], self.drop_m[rows])


def join_legs(parts: list[Legs]) -> Legs:
    """Returns the legs of all parts, one after the other."""
    return Legs(
        np.concatenate([part.hip for part in parts]),
        np.concatenate([part.knee for part in parts]),
        np.concatenate([part.ankle for part in parts]),
        np.concatenate([part.drop_m for part in parts]),
    )


def stride_m(speed_m_s: FloatArray) -> FloatArray:
    """Returns the length of one full cycle (two steps): 1.35 m at 1.3 m/s, shorter when slow.

    Grieve 1968 finds step length to grow with about the square root of speed; below .2 m/s
    people shuffle with a least stride of .5 m.
    """
    return np.asarray(np.maximum(0.5, 1.35 * np.sqrt(np.maximum(speed_m_s, 0) / 1.3)))


def foot_pitch(phase: FloatArray, vigour: FloatArray) -> FloatArray:
    """Returns the foot's angle to the ground, toes down positive, radians.

    Args:
        phase: Of this foot, 0 at its heel strike, in [0, 1).
        vigour: 0 keeps the sole flat, 1 is a full step.
    """
    strike = -0.22 * (1 - smoothstep(0.0, 0.10, phase))
    heel_rise = 0.75 * smoothstep(0.36, STANCE, phase) * (1 - smoothstep(STANCE, 0.82, phase))
    toes_up = -0.22 * smoothstep(0.80, 0.98, phase)
    return np.asarray(vigour * (strike + heel_rise + toes_up))


def foot_swing(phase: FloatArray) -> FloatArray:
    """Returns how far a foot has come from its last print to the next: 0 while it is down."""
    return smoothstep(STANCE, 1.0, phase)


def foot_lift_m(phase: FloatArray, vigour: FloatArray) -> FloatArray:
    """Returns the height of a swinging foot's lowest point above the ground, metres."""
    swing = np.clip((phase - STANCE) / (1 - STANCE), 0, 1)
    return np.asarray(0.06 * vigour * np.sin(np.pi * swing))


def steady_prints(phase: FloatArray, stride: FloatArray) -> FloatArray:
    """Returns where the soles are ahead of the body in steady walking, metres.

    Args:
        phase: Of each foot, shape (n, 2).
        stride: Length of a cycle, shape (n,).
    """
    planted = STANCE / 2 - np.minimum(phase, STANCE)
    advance = np.where(phase > STANCE, foot_swing(phase) - (phase - STANCE), 0.0)
    return np.asarray(stride[:, None] * (planted + advance))


def solve_legs(sole_ahead_m: FloatArray, pitch: FloatArray, lift_m: FloatArray) -> Legs:
    """Returns joint angles that put the feet where they are; all arguments of shape (n, 2).

    Args:
        sole_ahead_m: Print ahead of the hip along x; 0 stands right under it.
        pitch: Foot angle, toes down positive; the foot turns about its ball or its heel.
        lift_m: Height of the foot's lowest point.
    """
    x, z = _ankles(sole_ahead_m, pitch, lift_m)
    length = (THIGH_M + SHANK_M) * 0.998
    reach = z + np.sqrt(np.maximum(length**2 - x**2, 0.25**2))
    hip_height = np.minimum(reach.min(axis=1), HIP_M - 0.008)
    down = np.maximum(hip_height[:, None] - z, 0.2)
    distance = np.minimum(np.hypot(x, down), length)
    bend = (distance**2 - THIGH_M**2 - SHANK_M**2) / (2 * THIGH_M * SHANK_M)
    knee = np.arccos(np.clip(bend, -1, 1))
    lead = np.arctan2(SHANK_M * np.sin(knee), THIGH_M + SHANK_M * np.cos(knee))
    hip = np.arctan2(x, down) + lead
    return Legs(hip, knee, -pitch - (hip - knee), HIP_M - hip_height)


def smoothstep(low: float, high: float, x: FloatArray) -> FloatArray:
    """Returns 0 below low, 1 above high and a smooth cubic between, as GLSL has it."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _ankles(
    sole_ahead_m: FloatArray, pitch: FloatArray, lift_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Places of the ankles: the foot turns about its ball when toes are down, else its heel."""
    pivot = np.where(pitch >= 0, TOE_M, HEEL_M)
    sine, cosine = np.sin(pitch), np.cos(pitch)
    x = sole_ahead_m + pivot - pivot * cosine + ANKLE_M * sine
    z = lift_m + pivot * sine + ANKLE_M * cosine
    return x, z
