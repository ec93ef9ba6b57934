"""From a place at every frame to bodies that walk there without sliding."""

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.gait import (
    FULL_GAIT_M_S,
    STANCE,
    foot_lift_m,
    foot_pitch,
    foot_swing,
    smoothstep,
    solve_legs,
    stride_m,
)
from ray_app.video.synthetic.people_mesh import HIP_HALF_WIDTH_M
from ray_app.video.synthetic.posture import Postures, swing_arms, thickness
from ray_app.video.synthetic.wardrobe import Wardrobe

FloatArray = NDArray[np.float64]
SMOOTHING_S = 0.6
TURN_RATE = 4.0
"""How fast a body turns into its direction of motion, 1/s at a walk; slower when slow."""
FALL_S, LYING_RAD = 0.8, 0.97 * np.pi / 2
"""How long a fall takes, and how far a body turns in it."""
SWAY_M, SWAY_PERIOD_S = 0.022, 4.5


def smooth_way(xy_m: FloatArray, rate_hz: float) -> FloatArray:
    """Returns the way without the simulator's small jitter; ends stay where they are."""
    half = max(1, round(SMOOTHING_S * rate_hz / 2))
    window = np.hanning(2 * half + 3)[1:-1]
    window /= window.sum()
    padded = (
        np.concatenate(
            [2 * xy_m[:1] - xy_m[half:0:-1], xy_m, 2 * xy_m[-1:] - xy_m[-2 : -half - 2 : -1]]
        )
        if len(xy_m) > half + 1
        else np.pad(xy_m, ((half, half), (0, 0)), "edge")
    )
    return np.stack([np.convolve(padded[:, k], window, "valid") for k in (0, 1)], axis=1)


def walk(
    xy_m: FloatArray, rate_hz: float, wear: Wardrobe, seed: int, falls_at_s: float | None = None
) -> Postures:
    """Returns one person's body at every frame of a smoothed way.

    Args:
        xy_m: Places, shape (frames, 2).
        rate_hz: Frames per second.
        wear: The same person's clothes, once per frame.
        seed: Sets which foot begins.
        falls_at_s: When the person falls, seconds after the first place; never by default.
    """
    rng = np.random.default_rng(seed)
    velocity = np.gradient(xy_m, axis=0) * rate_hz
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    heading = follow_heading(velocity, speed, rate_hz)
    phase = rng.random() + np.concatenate([[0.0], np.cumsum(_cadence(speed) / rate_hz)[:-1]])
    vigour = np.clip(speed / FULL_GAIT_M_S, 0, 1)
    both = np.stack([phase % 1, (phase + 0.5) % 1], axis=1)
    soles = np.stack([_sole(xy_m, heading, phase, side, wear) for side in (0, 1)], axis=1)
    ahead, left = _in_body_frame(soles - xy_m[:, None], heading)
    time_s = np.arange(len(xy_m)) / rate_hz
    beat = 2 * np.pi * (time_s / SWAY_PERIOD_S + rng.random())
    sway = SWAY_M * (np.sin(beat) + 0.4 * np.sin(2.3 * beat)) * (1 - vigour)
    broad = (wear.scale * wear.width)[:, None]
    spread = left / broad - np.array([1, -1]) * HIP_HALF_WIDTH_M
    legs = solve_legs(
        ahead / (wear.scale * thickness(wear.width))[:, None],
        foot_pitch(both, vigour[:, None]),
        foot_lift_m(both, vigour[:, None]),
    )
    shoulder, elbow = swing_arms(legs, vigour, phase)
    fall = np.zeros(len(xy_m))
    if falls_at_s is not None:
        fall = LYING_RAD * smoothstep(falls_at_s, falls_at_s + FALL_S, time_s)
    return Postures(xy_m, heading, legs, spread.clip(-0.3, 0.3), sway, shoulder, elbow, wear, fall)


def follow_heading(velocity: FloatArray, speed: FloatArray, rate_hz: float) -> FloatArray:
    """Returns where the body faces: after its motion, hardly turning while it stands."""
    wanted = np.arctan2(velocity[:, 1], velocity[:, 0])
    heading = np.empty(len(speed))
    moving = np.flatnonzero(speed > 0.3)
    heading[0] = wanted[moving[0]] if len(moving) else wanted[0]
    share = np.minimum(0.6, TURN_RATE * np.minimum(speed, 1.2) ** 1.5 / 1.2 / rate_hz)
    for k in range(1, len(speed)):
        off = np.angle(np.exp(1j * (wanted[k] - heading[k - 1])))
        heading[k] = heading[k - 1] + off * share[k]
    return heading


def _cadence(speed: FloatArray) -> FloatArray:
    """Cycles per second; the stride is never so short that feet would flutter."""
    return np.asarray(speed / stride_m(speed))


def _sole(
    xy_m: FloatArray, heading: FloatArray, phase: FloatArray, side: int, wear: Wardrobe
) -> FloatArray:
    """World place of one sole at every frame: print after print, each where the body passes it."""
    turns = phase + 0.5 * side
    cycles = np.arange(np.floor(turns[0]), np.floor(turns[-1]) + 2)
    prints = _prints(xy_m, heading, turns, cycles + STANCE / 2)
    out = (1 - 2 * side) * HIP_HALF_WIDTH_M * float(wear.scale[0] * wear.width[0])
    across = np.stack([-np.sin(prints[:, 2]), np.cos(prints[:, 2])], axis=1)
    places = prints[:, :2] + out * across
    now = (np.floor(turns) - cycles[0]).astype(np.int64)
    share = foot_swing(turns % 1)[:, None]
    return np.asarray(places[now] * (1 - share) + places[now + 1] * share)


def _prints(
    xy_m: FloatArray, heading: FloatArray, turns: FloatArray, wanted: FloatArray
) -> FloatArray:
    """x, y, heading of the body at the wanted phases; straight on before and after the way."""
    stride = stride_m(np.array([1.0]))[0]
    first, last = _step(heading[0], stride), _step(heading[-1], stride)
    steady = turns + np.arange(len(turns)) * 1e-9
    columns = []
    for k in range(2):
        values = np.concatenate([[xy_m[0, k] - first[k]], xy_m[:, k], [xy_m[-1, k] + last[k]]])
        known = np.concatenate([[steady[0] - 1], steady, [steady[-1] + 1]])
        columns.append(np.interp(wanted, known, values))
    columns.append(np.interp(wanted, steady, heading))
    return np.stack(columns, axis=1)


def _step(heading: float, length: float) -> tuple[float, float]:
    return length * float(np.cos(heading)), length * float(np.sin(heading))


def _in_body_frame(offset: FloatArray, heading: FloatArray) -> tuple[FloatArray, FloatArray]:
    cosine, sine = np.cos(heading)[:, None], np.sin(heading)[:, None]
    ahead = cosine * offset[..., 0] + sine * offset[..., 1]
    left = -sine * offset[..., 0] + cosine * offset[..., 1]
    return ahead, left
