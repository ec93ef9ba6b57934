from itertools import pairwise

import numpy as np
import pytest

from ray_app.video.synthetic.gait import SHANK_M, THIGH_M, solve_legs
from ray_app.video.synthetic.people_mesh import ANKLE_M, HIP_M, Part, person_mesh
from ray_app.video.synthetic.posture import body_points, steady_walk
from ray_app.video.synthetic.strides import follow_heading, smooth_way, walk
from ray_app.video.synthetic.wardrobe import Wardrobe, dress

RATE_HZ = 50.0


def same_person(frames: int, seed: int = 3) -> Wardrobe:
    return dress(1, seed).only(np.zeros(frames, np.int64))


def straight_way(speed_m_s: float, seconds: float = 6.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.stack([speed_m_s * time_s, np.zeros_like(time_s)], axis=1)


def sliding_m_s(xy_m: np.ndarray) -> np.ndarray:
    """Ground speed of the point that touches the ground: the lowest vertex of the lower shoe."""
    mesh = person_mesh(1.0)
    body = body_points(mesh, walk(xy_m, RATE_HZ, same_person(len(xy_m)), seed=1))
    soles = body[:, mesh.parts == Part.SHOE]
    speeds = []
    for before, after in pairwise(soles):
        lowest = int((before[:, 2] + after[:, 2]).argmin())
        speeds.append(np.linalg.norm(after[lowest, :2] - before[lowest, :2]) * RATE_HZ)
    return np.array(speeds)


@pytest.mark.parametrize("speed_m_s", [0.4, 0.8, 1.3, 1.7])
def test_a_foot_on_the_ground_keeps_still(speed_m_s):
    sliding = sliding_m_s(straight_way(speed_m_s))

    assert np.median(sliding) < 0.08 * speed_m_s
    assert np.percentile(sliding, 90) < 0.15 * speed_m_s


def test_feet_keep_still_in_a_bend():
    turn = np.linspace(0, np.pi / 2, 300)
    sliding = sliding_m_s(np.stack([5 * np.sin(turn), 5 * (1 - np.cos(turn))], axis=1))

    assert np.percentile(sliding, 90) < 0.15 * 1.3


def test_nobody_sinks_or_floats():
    mesh = person_mesh(1.0)
    way = straight_way(1.3)
    lowest = body_points(mesh, walk(way, RATE_HZ, same_person(len(way)), seed=1))[..., 2].min(
        axis=1
    )

    assert lowest.min() > -0.03
    assert lowest.max() < 0.03


def test_somebody_who_stands_moves_neither_feet_nor_place():
    way = np.zeros((200, 2))
    mesh = person_mesh(1.0)
    body = body_points(mesh, walk(way, RATE_HZ, same_person(200), seed=1))

    soles = body[:, (mesh.parts == Part.SHOE) & (mesh.points_m[:, 2] < 0.01)]
    head = body[:, mesh.parts == Part.HEAD].mean(axis=1)
    assert np.ptp(soles[..., :2], axis=0).max() < 0.005
    assert 0.005 < np.ptp(head[:, 1]) < 0.1  # weight shifts from foot to foot


def test_the_joints_put_the_ankle_where_the_sole_asks():
    ahead, flat = np.array([[0.25, -0.2]]), np.zeros((1, 2))

    legs = solve_legs(ahead, flat, flat)

    x = THIGH_M * np.sin(legs.hip) + SHANK_M * np.sin(legs.hip - legs.knee)
    down = THIGH_M * np.cos(legs.hip) + SHANK_M * np.cos(legs.hip - legs.knee)
    np.testing.assert_allclose(x, ahead, atol=1e-6)
    np.testing.assert_allclose(HIP_M - legs.drop_m[:, None] - down, ANKLE_M, atol=1e-6)


def test_a_body_turns_into_its_motion_without_jumps():
    rate_hz = 10.0
    corner = np.concatenate([straight_way(1.2)[::5], [[7.2, 0.12 * k] for k in range(1, 40)]])
    smooth = smooth_way(corner, rate_hz)
    velocity = np.gradient(smooth, axis=0) * rate_hz

    heading = follow_heading(velocity, np.hypot(*velocity.T), rate_hz)

    assert abs(heading[0]) < 0.05
    assert heading[-1] == pytest.approx(np.pi / 2, abs=0.05)
    assert np.abs(np.diff(heading)).max() < 0.5


def test_smoothing_keeps_both_ends():
    rough = straight_way(1.0)[::5] + np.random.default_rng(0).normal(0, 0.02, (60, 2))

    smooth = smooth_way(rough, 10.0)

    assert smooth.shape == rough.shape
    np.testing.assert_allclose(smooth[[0, -1]], rough[[0, -1]], atol=0.03)


def test_steady_walk_stands_still_at_speed_zero():
    mesh = person_mesh(1.0)
    two = steady_walk(np.zeros((2, 2)), np.zeros(2), np.array([0.1, 0.7]), np.zeros(2), dress(2, 1))

    body = body_points(mesh, two)

    assert body[..., 2].max() == pytest.approx(1.76 * two.wear.scale.max(), rel=0.03)
    assert np.abs(two.legs.hip - two.legs.hip[0]).max() < 1e-9
