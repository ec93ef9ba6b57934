import numpy as np
import pytest
import torch

from models.candidates import Candidates
from models.views import cut_views, needed_side_px


def ramp(height, width):
    """A frame whose red is its column and whose green is its row."""
    y, x = np.mgrid[:height, :width]
    return torch.from_numpy(np.stack([x, y, x * 0], 2).astype(np.uint8)[None])


def boxes(*rows):
    """Rows of (picture, x1, y1, x2, y2)."""
    return Candidates(
        np.array([r[0] for r in rows]),
        np.array([r[1:] for r in rows], np.float32),
        np.full(len(rows), 0.5, np.float32),
        np.zeros(len(rows), np.int16),
    )


def test_one_tile_is_the_frame_itself():
    frame = ramp(72, 128)
    views = cut_views(frame, 128, 1)
    assert torch.equal(views.pixels, frame)
    assert views.to_frames(boxes((0, 1, 2, 3, 4))).boxes_px.tolist() == [[1, 2, 3, 4]]


def test_a_frame_too_large_is_shrunk_and_its_boxes_enlarged():
    views = cut_views(ramp(72, 128), 64, 1)
    assert views.pixels.shape == (1, 36, 64, 3)
    assert views.to_frames(boxes((0, 1, 2, 3, 4))).boxes_px.tolist() == [[2, 4, 6, 8]]


def test_a_portrait_frame_is_shrunk_by_its_longer_side():
    assert cut_views(ramp(128, 72), 64, 1).pixels.shape == (1, 64, 36, 3)


@pytest.mark.parametrize("tiles", [1, 2])
def test_a_small_frame_is_never_enlarged(tiles):
    assert max(cut_views(ramp(40, 60), 416, tiles).pixels.shape[1:3]) <= 60


def test_tiles_of_a_frame_of_the_needed_size_are_input_px_long():
    side = needed_side_px(96, 2)
    assert side == 177
    views = cut_views(ramp(side, side), 96, 2)
    assert views.pixels.shape == (5, 96, 96, 3)


@pytest.mark.parametrize("tiles", [2, 3])
def test_tiles_are_native_pixels_and_reach_every_one(tiles):
    frame = ramp(70, 130)
    views = cut_views(frame, 96, tiles)
    seen = {tuple(p) for p in views.pixels[1:, :, :, :2].reshape(-1, 2).tolist()}
    assert len(views.views) == 1 + tiles * tiles
    assert seen == {(x, y) for x in range(130) for y in range(70)}


def test_a_box_in_any_view_comes_back_to_its_place():
    frame = ramp(72, 128)
    views = cut_views(frame, 96, 2)
    for number, (view, picture) in enumerate(zip(views.views, views.pixels, strict=True)):
        middle = picture[20:24, 30:34, :2].float().mean((0, 1))  # red is x, green is y
        placed = views.to_frames(boxes((number, 30, 20, 34, 24))).boxes_px[0]
        centre = (placed[:2] + placed[2:]) / 2 - 0.5
        assert centre == pytest.approx(middle.numpy(), abs=0.6), view


def test_boxes_cut_by_an_inner_side_are_dropped_and_others_kept():
    views = cut_views(ramp(72, 128), 96, 2)
    height, width = views.pixels.shape[1:3]
    right, bottom = width - 3, height - 3
    kept = views.to_frames(
        boxes(
            (0, 0, 0, width, height),  # the whole view has no inner side
            (1, 0, 0, 20, 20),  # top left tile: left and top end with the frame
            (1, 20, 20, right, 30),  # cut on the right
            (1, 20, 20, 30, bottom),  # cut below
            (4, 20, 20, width, height),  # bottom right tile: ends with the frame
            (4, 3, 20, 30, 30),  # cut on the left
        )
    )
    assert len(kept) == 3


def test_pictures_count_frames_after():
    views = cut_views(torch.cat([ramp(72, 128)] * 2), 96, 2)
    placed = views.to_frames(boxes((4, 20, 20, 30, 30), (5, 20, 20, 30, 30)))
    assert placed.pictures.tolist() == [0, 1]


def test_only_tiles_with_something_small_in_them_are_needed():
    views = cut_views(torch.cat([ramp(300, 300)] * 3), 160, 2)
    whole = views.only(views.view_of == 0)
    assert whole.pixels.shape[0] == 3
    scale = views.views[0].scale[1]
    small, tall = 60 * scale, 70 * scale
    seen = boxes((0, 10, 10, 20, 10 + small), (1, 10, 10, 20, 10 + tall), (2, 280, 200, 290, 290))
    assert small >= 90  # the third is small too
    needed = views.with_small(seen)
    assert list(zip(views.frame_of[needed], views.view_of[needed], strict=True)) == [(0, 1), (2, 4)]


def test_some_pictures_find_their_way_back_like_all():
    views = cut_views(torch.cat([ramp(300, 300)] * 2), 160, 2)
    tiles = views.only(np.arange(10) == 9)  # the last tile of the second frame
    everything = views.to_frames(boxes((9, 30, 30, 40, 50)))
    alone = tiles.to_frames(boxes((0, 30, 30, 40, 50)))
    assert alone.boxes_px.tolist() == everything.boxes_px.tolist()
    assert alone.pictures.tolist() == everything.pictures.tolist() == [1]
