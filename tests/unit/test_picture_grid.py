"""The grid holds what the picture shows, coarsely, and nothing of people."""

import numpy as np

from models.picture_grid import picture_grid
from models.settings import PictureGridSettings

NOBODY = np.zeros((0, 4), np.float32)


def test_cells_hold_mean_colour_in_source_pixels():
    pixels = np.zeros((360, 640, 3), np.uint8)
    pixels[80:160, 160:320] = (200, 100, 50)
    grid = picture_grid(pixels, (1280, 720), NOBODY, PictureGridSettings())
    assert grid.colours.shape == (45, 80, 3)
    assert grid.cell_px == 16
    assert (grid.colours[10:20, 20:40] == (200, 100, 50)).all()
    assert grid.colours[:10].max() == 0


def test_a_wide_picture_is_reduced_and_a_small_one_is_not():
    wide = picture_grid(
        np.zeros((720, 1280, 3), np.uint8), (1280, 720), NOBODY, PictureGridSettings()
    )
    small = picture_grid(
        np.zeros((240, 325, 3), np.uint8), (325, 240), NOBODY, PictureGridSettings()
    )
    assert (wide.texture.shape, wide.cell_px) == ((45, 80), 16)
    assert (small.texture.shape, small.cell_px) == ((30, 41), 8)


def test_edges_make_texture():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32, ::2] = 255
    texture = picture_grid(pixels, (64, 64), NOBODY, PictureGridSettings()).texture
    assert texture[:3].min() > 100
    assert texture[5:].max() == 0


def test_cells_that_people_touch_are_zero():
    pixels = np.full((360, 640, 3), 180, np.uint8)
    people = np.array([[101.0, 50.0, 139.0, 163.0], [-20.0, -5.0, 9.0, 12.0]], np.float32)
    grid = picture_grid(pixels, (640, 360), people, PictureGridSettings())
    assert grid.colours[6:21, 12:18].max() == 0
    assert grid.texture[6:21, 12:18].max() == 0
    assert grid.colours[:2, :2].max() == 0
    assert (grid.colours[30:] == 180).all()
    assert (grid.colours[6:21, 19:] == 180).all()
