import pytest
import torch
from torch.nn import functional

from models.resize import as_bytes, resized


def noise(height, width):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (2, height, width, 3), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("size", [(24, 40), (59, 17), (90, 150), (30, 200)])
def test_pictures_are_those_of_real_numbers_but_for_the_last_bit(size):
    pixels = noise(60, 100)
    smaller = size[0] < 60 or size[1] < 100
    planes = pixels.permute(0, 3, 1, 2).float()
    exact = functional.interpolate(planes, size, mode="bilinear", antialias=smaller)
    found = resized(pixels, *size)
    assert found.shape == (2, *size, 3)
    assert found.is_contiguous()
    off = (found.permute(0, 3, 1, 2).float() - exact).abs()
    assert off.max() <= 1.01
    assert off.mean() < 0.36  # rounding alone is off by 0.25


def test_shrinking_looks_at_every_pixel():
    pixels = torch.zeros((1, 64, 64, 3), dtype=torch.uint8)
    pixels[:, ::2] = 200
    assert ((resized(pixels, 8, 8).float() - 100).abs() < 8).all()


def test_the_same_size_is_the_same_picture():
    pixels = noise(20, 30)
    assert resized(pixels, 20, 30) is pixels


def test_bytes_are_rounded_and_kept_in_range():
    assert as_bytes(torch.tensor([-3.0, 1.4, 1.6, 300.0])).tolist() == [0, 1, 2, 255]
