import numpy as np
import pytest
import torch
from torch import nn

from models.settings import NetworkSettings
from models.torch_detector import NetworkRunner, as_tensor, choose_device, choose_dtype
from ray_app.domain.errors import ConfigError


class Recorder(nn.Module):
    """Answers each picture's sum of reds, and remembers the shapes it was given."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def forward(self, rgb):
        assert rgb.dtype == torch.uint8
        assert rgb.is_contiguous(memory_format=torch.channels_last)
        self.shapes.append(tuple(rgb.shape))
        return (rgb[:, 0].float().sum((1, 2)),)


def pictures(count, height=20, width=40):
    numbers = torch.arange(count, dtype=torch.uint8).view(count, 1, 1, 1)
    return numbers.expand(count, height, width, 3).contiguous()


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_the_network_only_ever_sees_one_size(count):
    recorder = Recorder()
    (sums,) = NetworkRunner(recorder, NetworkSettings(batch_size=4), 32).run(pictures(count))
    assert set(recorder.shapes) == {(4, 3, 32, 64)}
    assert sums.tolist() == [800.0 * k for k in range(count)]


def test_pictures_of_the_right_size_are_not_copied():
    seen = []

    class Pointer(nn.Module):
        def forward(self, rgb):
            seen.append(rgb.data_ptr())
            return (rgb,)

    whole = pictures(4, 32, 64)
    NetworkRunner(Pointer(), NetworkSettings(batch_size=4), 32).run(whole)
    assert seen == [whole.data_ptr()]


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match="no pictures"):
        NetworkRunner(Recorder(), NetworkSettings(), 32).run(pictures(0))


def test_warm_up_runs_the_real_size():
    recorder = Recorder()
    NetworkRunner(recorder, NetworkSettings(batch_size=4), 32).warm_up(30, 60)
    assert recorder.shapes == [(4, 3, 32, 64)]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_same_bits_alone_and_in_company(dtype):
    class Convolutions(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 1, 1)
            )

        def forward(self, rgb):
            numbers = rgb.to(self.layers[0].weight.dtype) / 64
            return (self.layers(numbers),)

    torch.manual_seed(2)
    runner = NetworkRunner(Convolutions(), NetworkSettings(dtype=dtype, batch_size=4), 32)
    batch = torch.randint(0, 256, (6, 50, 70, 3), dtype=torch.uint8)
    (together,) = runner.run(batch)
    for k in range(6):
        (alone,) = runner.run(batch[k : k + 1])
        assert torch.equal(alone[0], together[k])


def test_read_only_pictures_are_taken():
    frozen = np.zeros((1, 2, 2, 3), np.uint8)
    frozen.flags.writeable = False
    assert as_tensor(frozen).shape == (1, 2, 2, 3)


def test_number_type_follows_the_name_and_else_the_processor():
    cpu = torch.device("cpu")
    assert choose_dtype("float32", cpu) == torch.float32
    assert choose_dtype(None, cpu) in (torch.float32, torch.bfloat16)
    with pytest.raises(ConfigError, match="unknown dtype 'int3'"):
        choose_dtype("int3", cpu)


def test_a_device_that_is_not_there_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="'cuda:77' cannot be used here") as caught:
        choose_device("cuda:77")
    assert "\n" not in str(caught.value)
