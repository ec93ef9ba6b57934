"""The crowd counter on pictures and maps small enough to check by hand."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from models.crowd_canvas import as_coarse_cells, enlargement
from models.crowd_counter import (
    CrowdCounter,
    build_crowd_counter,
    fill_network,
    find_head_points,
)
from models.crowd_network import CrowdNetwork, expected_heads
from models.evaluate_crowd import INTERVAL_SIGMAS, count_errors, errors_by_band, sigma
from models.settings import NetworkSettings
from models.training.budget_trainer import Schedule
from models.training.crowd_data import (
    CountedPicture,
    CropSettings,
    cell_counts,
    draw_crop,
    paste_window,
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


class HardlyAnyHeads(CrowdNetwork):
    """Says 1/1024 for every cell, whatever it sees: its picture counts as empty."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        count, _, height, width = pixels.shape
        return (torch.full((count, height // 8, width // 8), 1 / 1024),)


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
    counter = CrowdCounter(HardlyAnyHeads(), NetworkSettings(batch_size=2))
    pixels = np.zeros((1, *size, 3), np.uint8)
    ((crowd, _),) = counter.count(batch_of(pixels, source))
    assert crowd.heads.shape == shape
    assert crowd.count == shape[0] * shape[1] / 1024
    assert crowd.cell_px == cell_px
    assert shape[1] * cell_px >= source[0] > (shape[1] - 1) * cell_px


class SeesBlobs(CrowdNetwork):
    """Says one head per 64 white pixels in the middle of a cell, and notes the sizes it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []

    def __deepcopy__(self, memo: object) -> "SeesBlobs":
        return self

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        self.seen.append((pixels.shape[2], pixels.shape[3]))
        light = (pixels[:, 0] > 200).float()
        return (torch.nn.functional.avg_pool2d(light[:, None], 8)[:, 0],)


def blobs(height: int, width: int, every_px: int) -> np.ndarray:
    """White squares of 16 x 16 pixels on black, one in each square of every_px."""
    picture = np.zeros((height, width, 3), np.uint8)
    for top in range(0, height - 16, every_px):
        for left in range(0, width - 16, every_px):
            picture[top : top + 16, left : left + 16] = 255
    return picture


def test_sparse_and_crowded_pictures_are_looked_at_enlarged_and_others_as_they_are():
    network = SeesBlobs()
    counter = CrowdCounter(network, NetworkSettings(batch_size=1, dtype="float32"))
    sparse, dense, crowded = (blobs(480, 640, every_px) for every_px in (160, 40, 24))
    found = counter.count(batch_of(np.stack([sparse, dense, crowded, np.zeros_like(dense)])))
    glance, plain, enlarged = (256, 320), (480, 640), (736, 960)
    assert network.seen == [glance] * 4 + [plain] * 2 + [enlarged] * 2
    counts = [crowd.count for crowd, _ in found]
    assert {crowd.heads.shape for crowd, _ in found} == {(60, 80)}
    assert {crowd.cell_px for crowd, _ in found} == {8.0}
    for number, blobs_there, area in ((0, 12, 1.5**2), (1, 192, 1.0), (2, 520, 1.5**2)):
        assert counts[number] == pytest.approx(blobs_there * 4 * area, rel=0.1)
    assert counts[3] == 0


def test_a_crowded_picture_of_1280_px_is_enlarged_and_no_other_of_that_size():
    network = SeesBlobs()
    counter = CrowdCounter(network, NetworkSettings(batch_size=1, dtype="float32"))
    wide = [blobs(320, 1280, every_px) for every_px in (160, 80, 24)]
    found = counter.count(batch_of(np.stack(wide)))
    assert network.seen == [(320, 1280)] * 3 + [(480, 1920)]
    assert {crowd.heads.shape for crowd, _ in found} == {(40, 160)}


def test_an_enlarged_map_keeps_its_sum_and_its_places():
    fine = np.zeros((75, 113), np.float32)
    fine[10, 20], fine[74, 112] = 3, 1
    coarse = as_coarse_cells(fine, 1.25, 60, 90)
    assert coarse.shape == (60, 90)
    assert coarse.sum() == pytest.approx(4)
    assert coarse[8, 16] == pytest.approx(3)  # fine cell 10 covers 8.0 to 8.8 of the coarse ones
    assert coarse[59, 89] == pytest.approx(1)


@pytest.mark.parametrize(
    ("size", "times"), [((480, 640), 1.5), ((768, 1024), 1.25), ((720, 1280), 1), ((1280, 800), 1)]
)
def test_no_picture_is_enlarged_beyond_1280_px(size, times):
    assert enlargement(*size) == times


def test_no_frames_give_no_maps():
    counter = CrowdCounter(HardlyAnyHeads(), NetworkSettings())
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
    pixels = noise(1, 64, 1280)
    with torch.inference_mode():
        network.head.bias -= 0.35  # fewer heads: a crowded picture would be enlarged
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


def test_a_pasted_window_brings_its_heads_along():
    rng = np.random.default_rng(4)
    for _ in range(20):
        pixels, counts = np.zeros((64, 64, 3), np.uint8), np.zeros((8, 8), np.float32)
        other = np.full((64, 64, 3), 255, np.uint8), np.ones((8, 8), np.float32)
        paste_window(pixels, counts, other, rng)
        light = pixels[..., 0].reshape(8, 8, 8, 8).mean((1, 3)) / 255
        np.testing.assert_array_equal(light, counts)
        assert 4 <= counts.sum() < 64


def test_unreadable_pictures_are_named(tmp_path: Path):
    with pytest.raises(FootageError, match=r"points\.json"):
        read_pictures(tmp_path)
    (tmp_path / "points.json").write_text('{"lost_1.jpg": []}')
    with pytest.raises(FootageError, match=r"lost_1\.jpg: cannot be read"):
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
    assert {name: e.pictures for name, e in slices.items()} == {"all": 2, "0": 1, "6-20": 1}
    many = errors_by_band(np.array([900.0, 2500.0]), np.array([1000.0, 3000.0]))
    assert {name: e.mae for name, e in many.items()} == {
        "all": 300,
        "301-1000": 100,
        "1001 or more": 500,
    }


def test_an_interval_covers_a_truth_that_lies_within_its_sigmas():
    reach = INTERVAL_SIGMAS * sigma(100.0)
    true = np.array([100 + 0.99 * reach, 100 - 0.99 * reach, 100 + 1.01 * reach, 100 - 2 * reach])
    assert count_errors(np.full(4, 100.0), true).covered == 0.5


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
