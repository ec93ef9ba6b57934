"""Plumes of smoke that are drawn into training pictures."""

import numpy as np
import pytest

from models.training.drawn_smoke import put_plume
from models.training.fire_data import SMOKE
from models.training.smoke_plumes import DEPTH, SIDE, draw_plume, look_through


def ball_depths(per_cell: float) -> np.ndarray:
    """Optical depths of a ball in the middle of the box."""
    up, across, deep = np.mgrid[0:SIDE, 0:SIDE, 0:DEPTH].astype(np.float32)
    away = (up - SIDE / 2) ** 2 + (across - SIDE / 2) ** 2 + (deep - DEPTH / 2) ** 2
    return np.asarray((away < 20**2) * per_cell, np.float32)


def test_what_is_hidden_follows_beer_and_lambert():
    plume = look_through(np.random.default_rng(0), ball_depths(0.02))
    through_middle = int((ball_depths(1.0)[SIDE // 2, SIDE // 2] > 0).sum())
    expected = 1 - np.exp(-0.02 * through_middle)
    assert plume.alpha[SIDE // 2 - 1, SIDE // 2] == pytest.approx(expected, abs=0.02)
    assert plume.alpha[2, 2] == 0


def test_thick_smoke_is_bright_where_the_light_comes_from_and_dark_below():
    for seed in range(5):
        plume = look_through(np.random.default_rng(seed), ball_depths(0.8))
        top = plume.light[SIDE // 2 - 18 : SIDE // 2 - 14, SIDE // 2 - 3 : SIDE // 2 + 3].mean()
        foot = plume.light[SIDE // 2 + 12 : SIDE // 2 + 16, SIDE // 2 - 3 : SIDE // 2 + 3].mean()
        assert top > foot + 0.1


def test_thin_smoke_casts_no_shadow_on_itself():
    plume = look_through(np.random.default_rng(1), ball_depths(0.001))
    seen = plume.light[plume.alpha > 0.01]
    assert seen.max() - seen.min() < 0.1


def test_no_plume_is_cut_off_at_its_sides():
    for seed in range(12):
        plume = draw_plume(np.random.default_rng(seed))
        edge = np.concatenate([plume.alpha[0], plume.alpha[-1], plume.alpha[:, 0]])
        assert edge.max() < 0.05
        assert plume.alpha.min() >= 0
        assert plume.alpha.max() <= 1


def test_plumes_differ_and_depend_on_their_seed_alone():
    first, again = (draw_plume(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.alpha, draw_plume(np.random.default_rng(6)).alpha)


def test_a_plume_is_boxed_where_it_changes_the_picture():
    random = np.random.default_rng(3)
    drawn, sizes = 0, []
    for _ in range(40):
        before = np.full((256, 256, 3), 110.0, np.float32)
        after, boxes = put_plume(before, random)
        if len(boxes) == 0:
            assert np.array_equal(after, before)
            continue
        drawn += 1
        kind, x1, y1, x2, y2 = boxes[0]
        changed = np.abs(after - before).max(axis=2) > 12
        inside = changed[int(y1) : int(y2), int(x1) : int(x2)]
        assert kind == SMOKE
        assert inside.sum() > 0.9 * changed.sum()
        sizes.append((x2 - x1) * (y2 - y1))
    assert drawn > 15
    assert min(sizes) < 40**2
    assert max(sizes) > 120**2
