import pytest
import torch
from torch import nn
from torch.nn import functional

from models.conv_units import ConvUnit, Unit, max_pool_by_halves, residuals, runs_on_one_dnn
from models.crowd_network import CrowdNetwork
from models.fire_smoke_network import FireSmokeNetwork
from models.nanodet import GroupedNanoDetG, NanoDetG

GROUPS = ((0,), (24, 26, 28), (1, 2, 3, 5, 7))


def features(*shape, dtype=torch.float32):
    return torch.randn(*shape).to(dtype).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
@pytest.mark.parametrize(("slope", "adds"), [(0.0, False), (0.0, True), (0.1, False)])
def test_one_call_is_convolution_sum_and_rectifier(slope, adds):
    torch.manual_seed(1)
    conv = nn.Conv2d(32, 32, 3, 1, 1)
    x, other = features(2, 32, 10, 14), features(2, 32, 10, 14)
    expected = functional.leaky_relu(conv(x) + other if adds else conv(x), slope)
    unit = Unit()
    for _ in range(2):  # weights are laid out by the first
        answer = unit.convolve(conv, x, slope, other if adds else None)
        torch.testing.assert_close(answer, expected)


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_size_seen_first_changes_no_bit_of_another(dtype):
    torch.manual_seed(6)
    first, second = ConvUnit(32, 64).eval(), ConvUnit(32, 64).eval()
    second.load_state_dict(first.state_dict())
    for unit in (first, second):
        unit.fuse()
        unit.to(dtype)
    small, large = features(1, 32, 8, 8, dtype=dtype), features(4, 32, 72, 96, dtype=dtype)
    small_before, large_after = first(small), first(large)
    large_before, small_after = second(large), second(small)
    assert torch.equal(large_after, large_before)
    assert torch.equal(small_after, small_before)
    for side in range(2, 16):  # more sizes than are kept
        first(features(1, 32, side, side, dtype=dtype))
    assert torch.equal(first(small), small_before)


@torch.inference_mode()
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 1)])
def test_a_fused_unit_answers_as_before(kernel, stride):
    torch.manual_seed(2)
    unit = ConvUnit(32, 64, kernel=kernel, stride=stride).eval()
    unit.norm.running_mean.uniform_(-1, 1)
    unit.norm.running_var.uniform_(0.5, 2)
    x = features(2, 32, 12, 16)
    expected = unit(x)
    unit.fuse()
    assert unit.fused
    torch.testing.assert_close(unit(x), expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_fused_residual_unit_leaves_its_input_alone():
    torch.manual_seed(3)
    (unit,) = residuals(32, 1)
    unit.eval().fuse()
    x = features(1, 32, 8, 8)
    before = x.clone()
    expected = functional.relu(unit.conv(x) + x)
    torch.testing.assert_close(unit(x), expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(x, before)


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(2, 2), (6, 10), (36, 64)])
def test_max_pooling_by_halves_gives_the_same_bits(size, dtype):
    torch.manual_seed(4)
    x = features(3, 32, *size, dtype=dtype)
    expected = functional.max_pool2d(x, 3, 2, 1)
    found = max_pool_by_halves(x)
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
@pytest.mark.parametrize(
    "build",
    [CrowdNetwork, FireSmokeNetwork, lambda: GroupedNanoDetG(NanoDetG().state_dict(), GROUPS)],
    ids=["crowd", "fire", "objects"],
)
def test_every_network_answers_the_same_fused(build):
    torch.manual_seed(5)
    network = build().eval()
    pixels = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    expected = network(pixels)
    network.fuse()
    for answer, same in zip(network(pixels), expected, strict=True):
        torch.testing.assert_close(answer, same, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_a_network_answers_the_same_where_torch_has_no_such_call(monkeypatch):
    torch.manual_seed(8)
    network = FireSmokeNetwork().eval()
    pixels = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    network.fuse()
    (expected,) = network(pixels)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not runs_on_one_dnn(pixels)
    (answer,) = network(pixels)
    torch.testing.assert_close(answer, expected, atol=1e-4, rtol=1e-3)
