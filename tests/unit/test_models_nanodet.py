import numpy as np
import pytest
import torch

from models.grid import boxes_around, grid_cells, read_distances
from models.nanodet import CLASSES, Backbone, GroupedNanoDetG, NanoDetG, normalise

GROUPS = ((0,), (24, 26, 28), (1, 2, 3, 5, 7))
MEAN_BGR = torch.tensor([103.53, 116.28, 123.675]).view(1, 3, 1, 1)
STD_BGR = torch.tensor([57.375, 57.12, 58.395]).view(1, 3, 1, 1)


@torch.inference_mode()
def test_cutting_to_groups_and_folding_the_colours_changes_no_value():
    torch.manual_seed(7)
    published = NanoDetG().eval()
    rgb = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    every = published((rgb.flip(1).float() - MEAN_BGR) / STD_BGR)
    expected = torch.stack([every[..., list(group)].amax(2) for group in GROUPS], 2)
    laid_out = rgb.contiguous(memory_format=torch.channels_last)
    logits, distances = GroupedNanoDetG(published.state_dict(), GROUPS).eval()(laid_out)
    assert torch.allclose(logits, expected, atol=1e-4)
    assert torch.allclose(distances, every[..., CLASSES:], atol=1e-4)


@torch.inference_mode()
def test_a_backbone_that_starts_from_it_sees_in_rgb_what_it_sees_in_bgr():
    torch.manual_seed(5)
    published, backbone = NanoDetG().eval(), Backbone().eval()
    backbone.start_from(published.state_dict())
    rgb = torch.randint(0, 256, (1, 3, 64, 96), dtype=torch.uint8)
    expected = published.features((rgb.flip(1).float() - MEAN_BGR) / STD_BGR)
    found = backbone.features(
        normalise(rgb.contiguous(memory_format=torch.channels_last), torch.float32)
    )
    assert [level.shape[1:] for level in found] == [
        (64, 16, 24), (128, 8, 12), (256, 4, 6), (512, 2, 3)
    ]  # fmt: skip
    for level, same in zip(found, expected, strict=True):
        torch.testing.assert_close(level, same, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_cells_of_the_network_are_those_of_the_grid():
    logits, _ = GroupedNanoDetG(NanoDetG().state_dict(), GROUPS)(
        torch.zeros((1, 64, 96, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    )
    assert logits.shape == (1, len(grid_cells(64, 96, (8, 16, 32))), 3)


def test_grid_runs_level_by_level_row_by_row():
    cells = grid_cells(32, 64, (16, 32))
    assert cells.tolist()[:6] == [
        [0, 0, 16],
        [16, 0, 16],
        [32, 0, 16],
        [48, 0, 16],
        [0, 16, 16],
        [16, 16, 16],
    ]
    assert cells.tolist()[8:] == [[0, 0, 32], [32, 0, 32]]


def test_a_sure_bin_is_the_distance_and_two_equal_bins_are_their_middle():
    bins = np.full((1, 4, 11), -50, np.float32)
    bins[0, [0, 1, 2, 3], [0, 3, 10, 5]] = 50
    bins[0, 3, 6] = 50
    assert read_distances(bins)[0] == pytest.approx([0, 3, 10, 5.5])


def test_a_box_lies_around_the_middle_pixel_of_its_cell():
    box = boxes_around(np.array([[16, 32, 8]], np.float32), np.array([[1, 2, 3, 4]], np.float32))
    assert box[0].tolist() == [19.5 - 8, 35.5 - 16, 19.5 + 24, 35.5 + 32]
