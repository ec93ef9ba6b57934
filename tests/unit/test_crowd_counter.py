"""The crowd counter on pictures and maps small enough to check by hand."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from models.crowd_counter import CrowdCounter, build_crowd_counter, fill_network, find_head_points
from models.crowd_network import CrowdNetwork, expected_heads
from models.evaluate_crowd import count_errors, errors_by_band
from models.settings import NetworkSettings
from models.training.budget_trainer import Schedule
from models.training.crowd_data import (
    CountedPicture,
    CropSettings,
    cell_counts,
    draw_crop,
    read_pictures,
)
from models.training.crowd_loss import crowd_loss, zero_inflated_poisson_nll
from models.training.crowd_trainer import CrowdTrainer
from ray_app.domain.errors import ConfigError, FootageError, WeightsError
from ray_app.domain.frame import FrameBatch, FrameKey


@pytest.fixture(autouse=True)
def one_thread():
    """More threads than free cores wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class OneHeadPerCell(CrowdNetwork):
    """Says 1 for every cell, whatever it sees."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        count, _, height, width = pixels.shape
        return (torch.ones(count, height // 8, width // 8),)


def batch_of(pixels: np.ndarray, source_px: tuple[int, int] | None = None) -> FrameBatch:
    count, height, width = pixels.shape[:3]
    keys = tuple(FrameKey("camera", k, 0, k / 5) for k in range(count))
    return FrameBatch(keys, pixels, (source_px or (width, height),) * count)


def noise(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (count, height, width, 3), np.uint8)


def lively_network() -> CrowdNetwork:
    """A network whose answer depends on the picture, with a normalisation that does something."""
    torch.manual_seed(5)
    network = CrowdNetwork()
    torch.nn.init.normal_(network.head.weight, std=0.3)
    network.train()
    with torch.no_grad():
        network(torch.from_numpy(noise(4, 64, 64)).permute(0, 3, 1, 2))
    return network.eval()


@pytest.mark.parametrize(
    ("size", "source", "shape", "cell_px"),
    [
        ((64, 96), (96, 64), (8, 12), 8.0),
        ((64, 96), (192, 128), (8, 12), 16.0),
        ((45, 70), (70, 45), (6, 9), 8.0),
        ((64, 1920), (1920, 64), (4, 120), 16.0),
        ((64, 1920), (3840, 128), (4, 120), 32.0),
    ],
)
def test_map_covers_the_source_picture_and_no_padding(size, source, shape, cell_px):
    counter = CrowdCounter(OneHeadPerCell(), NetworkSettings(batch_size=2))
    pixels = np.zeros((1, *size, 3), np.uint8)
    ((crowd, _),) = counter.count(batch_of(pixels, source))
    assert crowd.heads.shape == shape
    assert crowd.count == shape[0] * shape[1]
    assert crowd.cell_px == cell_px
    assert shape[1] * cell_px >= source[0] > (shape[1] - 1) * cell_px


def test_no_frames_give_no_maps():
    counter = CrowdCounter(OneHeadPerCell(), NetworkSettings())
    assert counter.count(batch_of(np.zeros((0, 64, 64, 3), np.uint8))) == []


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_bits_do_not_depend_on_the_other_frames(dtype):
    counter = CrowdCounter(lively_network(), NetworkSettings(batch_size=4, dtype=dtype))
    pixels = noise(6, 90, 120)
    together = [crowd.heads for crowd, _ in counter.count(batch_of(pixels))]
    alone = [counter.count(batch_of(pixels[k : k + 1]))[0][0].heads for k in range(6)]
    backwards = [crowd.heads for crowd, _ in counter.count(batch_of(pixels[::-1].copy()))][::-1]
    for k in range(6):
        assert together[k].tobytes() == alone[k].tobytes() == backwards[k].tobytes()


def test_fused_network_answers_like_the_trained_one():
    network = lively_network()
    pixels = noise(1, 64, 96)
    with torch.inference_mode():
        (unfused,) = network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    counter = CrowdCounter(network, NetworkSettings(batch_size=1, dtype="float32"))
    ((crowd, _),) = counter.count(batch_of(pixels))
    assert unfused.std() > 0.01
    np.testing.assert_allclose(crowd.heads, unfused[0].numpy(), rtol=1e-3, atol=1e-5)


def test_weights_of_another_network_are_refused():
    with pytest.raises(WeightsError, match="not weights of the crowd counter"):
        fill_network({"layer.weight": torch.zeros(3)})


def test_a_head_point_lies_at_the_centre_of_mass():
    heads = np.zeros((6, 8), np.float32)
    heads[2, 3], heads[2, 4] = 0.75, 0.25
    points = find_head_points(heads, 10.0)
    assert points.points_px.tolist() == [[37.5, 25.0]]
    assert points.scores.tolist() == [1.0]


def test_two_heads_apart_make_two_points_and_a_faint_one_none():
    heads = np.zeros((8, 12), np.float32)
    heads[1, 1], heads[6, 10], heads[1, 7] = 0.9, 0.8, 0.2
    found = find_head_points(heads, 8.0).points_px
    assert found.tolist() == [[12.0, 12.0], [84.0, 52.0]]


def test_an_even_map_makes_one_point_not_one_per_cell():
    points = find_head_points(np.full((3, 3), 0.2, np.float32), 8.0)
    assert len(points.scores) == 1


def test_zero_inflated_poisson_is_a_distribution():
    counts = torch.arange(40, dtype=torch.float32)
    rate, presence = torch.full((40,), 2.5), torch.full((40,), 0.7)
    probability = torch.exp(-zero_inflated_poisson_nll(rate, presence, counts))
    assert probability.sum().item() == pytest.approx(1, abs=1e-5)
    mean = (probability * counts).sum()
    assert mean.item() == pytest.approx(expected_heads(rate, presence)[0].item(), rel=1e-5)


def test_loss_of_uncertain_heads_is_least_at_their_mean():
    """One crop in four holds a head in a block: the best constant answer is 1/4, not 0."""
    heads = torch.zeros(4, 8, 8)
    heads[0, 3, 3] = 1
    presence = torch.full((4, 8, 8), 20.0)
    totals = [0.05, 0.15, 0.25, 0.4, 0.6]
    losses = [crowd_loss(torch.full((4, 8, 8), t / 64), presence, heads).item() for t in totals]
    assert np.argmin(losses) == 2


def test_heads_stay_on_their_dots_through_crop_flip_and_scale():
    random = np.random.default_rng(1)
    heads_px = random.uniform(10, 190, (12, 2)).astype(np.float32)
    pixels = np.zeros((200, 200, 3), np.uint8)
    for x, y in heads_px:
        cv2.circle(pixels, (round(float(x)), round(float(y))), 4, (255, 255, 255), -1)
    settings = CropSettings(side_px=128, photometric=0, grey=0)
    for _ in range(20):
        crop, found = draw_crop(CountedPicture("dots", pixels, heads_px), settings, random)
        assert crop.shape == (128, 128, 3)
        for x, y in found:
            assert crop[int(y), int(x), 0] > 128
        assert cell_counts(found, 16, 16).sum() == len(found)


def test_a_cell_counts_the_heads_in_it():
    heads_px = np.array([[0, 0], [7.9, 7.9], [8, 0], [31.9, 15]], np.float32)
    assert cell_counts(heads_px, 2, 4).tolist() == [[2, 1, 0, 0], [0, 0, 0, 1]]


def test_unreadable_pictures_are_named(tmp_path: Path):
    with pytest.raises(FootageError, match=r"points\.json"):
        read_pictures(tmp_path)
    (tmp_path / "points.json").write_text('{"lost_1.jpg": []}')
    with pytest.raises(FootageError, match=r"lost_1\.jpg: not a readable picture"):
        read_pictures(tmp_path)


def test_pictures_come_by_image_number(tmp_path: Path):
    for number in (10, 9):
        cv2.imwrite(str(tmp_path / f"IMG_{number}.png"), np.zeros((20, 30, 3), np.uint8))
    points = {"IMG_10.png": [], "IMG_9.png": [[3, 4]]}
    (tmp_path / "points.json").write_text(json.dumps(points))
    pictures = read_pictures(tmp_path)
    assert [len(p.heads_px) for p in pictures] == [1, 0]


def test_errors_by_hand():
    errors = count_errors(np.array([0.5, 12.0]), np.array([0.0, 10.0]))
    assert (errors.mae, errors.bias, errors.nae) == (1.25, 1.25, 0.35)
    slices = errors_by_band(np.array([0.5, 12.0]), np.array([0.0, 10.0]))
    assert {name: e.pictures for name, e in slices.items()} == {"all": 2, "0-0": 1, "6-20": 1}


class StoppedError(Exception):
    pass


def train(folder: Path, seed: int, stop_at: int) -> None:
    heads_px = np.array([[30.0, 30.0]], np.float32)
    pictures = [CountedPicture("one", noise(1, 80, 80)[0], heads_px)]
    schedule = Schedule(
        budget_s=1e6,
        peak_rate=1e-3,
        seed=seed,
        batch=2,
        shares=(("only", 1.0),),
        report_every=2,
    )
    seen = []

    def report(progress: dict[str, object]) -> None:
        seen.append(progress["steps"])
        if progress["steps"] == stop_at:
            raise StoppedError

    crops = CropSettings(side_px=64)
    out = folder / "w.safetensors"
    trainer = CrowdTrainer({"only": pictures}, {}, schedule, out, crops=crops)
    with pytest.raises(StoppedError):
        trainer.train(report)
    assert seen[-1] == stop_at


def test_training_goes_on_after_an_interruption_as_if_there_had_been_none(tmp_path: Path):
    (tmp_path / "once").mkdir()
    (tmp_path / "twice").mkdir()
    train(tmp_path / "once", seed=1, stop_at=4)
    train(tmp_path / "twice", seed=1, stop_at=2)
    train(tmp_path / "twice", seed=1, stop_at=4)
    once, twice = (
        torch.load(tmp_path / name / "w.checkpoint", weights_only=True)
        for name in ("once", "twice")
    )
    assert once["random"] == twice["random"]
    assert once["steps"] == twice["steps"] == 4
    assert twice["loss"] == pytest.approx(once["loss"], rel=0.02)
    for name, value in once["network"].items():
        torch.testing.assert_close(twice["network"][name], value, rtol=1e-2, atol=5e-3)
    fill_network(load_file(tmp_path / "twice" / "w.safetensors"))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path):
    train(tmp_path, seed=1, stop_at=2)
    with pytest.raises(ConfigError, match="remove it to begin again"):
        train(tmp_path, seed=2, stop_at=4)


@pytest.mark.parametrize("grey", [60, 114, 200])
def test_an_empty_picture_holds_nobody(grey: int):
    counter = build_crowd_counter(NetworkSettings(batch_size=1))
    pixels = np.full((1, 360, 640, 3), grey, np.uint8)
    ((crowd, points),) = counter.count(batch_of(pixels))
    assert crowd.count < 0.3
    assert len(points.scores) == 0
