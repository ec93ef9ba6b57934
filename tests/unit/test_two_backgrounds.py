"""Two backgrounds tell what changed and stays, as whole patches."""

import numpy as np

from ray_app.domain.observation import PictureGrid
from ray_app.situations.two_backgrounds import TwoBackgrounds

SHAPE, STEP_S = (12, 16), 0.2
NOBODY = np.zeros(SHAPE, np.bool_)


def grid(*changed):
    colours = np.full((*SHAPE, 3), 100, np.uint8)
    for cells in changed:
        colours[cells] = 160
    return PictureGrid(colours, np.zeros(SHAPE, np.uint8), 8.0)


def play(second_after_s, seconds):
    """A patch of four cells of which two change later; returns the patches old enough."""
    ground = TwoBackgrounds(grid(), NOBODY, contrast=15.0, background_s=60.0)
    first, second = (slice(4, 6), 6), (slice(4, 6), 7)
    for k in range(1, round(seconds / STEP_S) + 1):
        both = k * STEP_S > second_after_s
        picture = grid(first, second) if both else grid(first)
        ground.look(picture, NOBODY, k * STEP_S, STEP_S)
    return list(ground.patches(3.0)), ground


def test_a_patch_is_judged_by_all_of_it_that_shows():
    (patch,), ground = play(second_after_s=1.0, seconds=6.8)
    assert sorted(zip(*np.nonzero(patch), strict=True)) == [(4, 6), (4, 7), (5, 6), (5, 7)]
    assert (ground.changed_s[4:6, 7] < 3.0).all(), "the later cells alone are too young"


def test_what_changed_a_moment_ago_is_no_part_yet():
    (patch,), _ = play(second_after_s=6.0, seconds=6.8)
    assert patch.sum() == 2


def test_a_change_of_the_whole_view_is_light():
    ground = TwoBackgrounds(grid(), NOBODY, contrast=15.0, background_s=60.0)
    brighter = grid((slice(None), slice(0, 9)))
    for k in range(1, 60):
        ground.look(brighter, NOBODY, k * STEP_S, STEP_S)
    assert list(ground.patches(3.0)) == []


def test_the_edge_of_the_picture_is_left_out():
    ground = TwoBackgrounds(grid(), NOBODY, contrast=15.0, background_s=60.0)
    for k in range(1, 60):
        ground.look(grid((slice(4, 6), 0)), NOBODY, k * STEP_S, STEP_S)
    assert list(ground.patches(3.0)) == []
