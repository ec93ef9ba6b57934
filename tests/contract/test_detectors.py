"""What every object finder promises, whichever network it is made of."""

import itertools

import cv2
import numpy as np
import pytest
import torch

from models.settings import NetworkSettings, ObjectFinderSettings, OnnxSettings
from models.zoo import OBJECT_FINDERS, build_detector, build_object_finder, needed_width_px
from ray_app.domain.frame import FrameBatch, FrameKey
from tests.contract.square_network import square_network

MIN_SCORE = 0.02
torch.set_num_threads(1)


def nanodet(tmp_path, tiles=1, dtype=None):
    objects = ObjectFinderSettings(input_px=128, tiles=tiles, min_score=MIN_SCORE)
    return NetworkSettings(objects=objects, batch_size=4, dtype=dtype)


def squares(tmp_path, batch="batch", side=128, tiles=1):
    file = tmp_path / "squares.onnx"
    file.write_bytes(square_network(batch, side, side))
    onnx = OnnxSettings(file=str(file), decode="yolox", strides=(8,), bag=(), vehicle=())
    objects = ObjectFinderSettings(
        name="onnx", input_px=128, tiles=tiles, min_score=MIN_SCORE, onnx=onnx
    )
    return NetworkSettings(objects=objects, batch_size=4)


FINDERS = {
    "nanodet_g": nanodet,
    "nanodet_g float32": lambda folder: nanodet(folder, dtype="float32"),
    "nanodet_g tiles": lambda folder: nanodet(folder, tiles=2),
    "onnx free batch": squares,
    "onnx free size": lambda folder: squares(folder, side="side"),
    "onnx batch of one": lambda folder: squares(folder, batch=1),
    "onnx tiles": lambda folder: squares(folder, batch=2, tiles=2),
}


@pytest.fixture(params=FINDERS, scope="module")
def finder(request, tmp_path_factory):
    return build_object_finder(FINDERS[request.param](tmp_path_factory.mktemp("finder")))


def frames(count, height=96, width=128, source=None):
    """Blurred coloured noise with a few standing figures: something in it for every network."""
    rng = np.random.default_rng(11)
    pictures = []
    for _ in range(count):
        noise = rng.uniform(0, 255, (height // 4, width // 4, 3)).astype(np.float32)
        picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
        for x in rng.integers(10, width - 10, 3).tolist():
            cv2.ellipse(picture, (x, height // 2), (6, 20), 0, 0, 360, (20, 30, 90), -1)
            cv2.circle(picture, (x, height // 2 - 25), 5, (230, 180, 150), -1)
        pictures.append(picture.clip(0, 255).astype(np.uint8))
    keys = tuple(FrameKey("gate", k, 0, k / 5) for k in range(count))
    return FrameBatch(keys, np.stack(pictures), (source or (width, height),) * count)


def part(batch, indexes):
    return FrameBatch(
        tuple(batch.keys[k] for k in indexes),
        batch.pixels[list(indexes)],
        tuple(batch.source_sizes_px[k] for k in indexes),
    )


def same_bits(first, second):
    return (
        first.boxes_px.tobytes() == second.boxes_px.tobytes()
        and first.scores.tobytes() == second.scores.tobytes()
        and first.labels.tobytes() == second.labels.tobytes()
    )


def test_every_name_of_the_zoo_is_held_to_the_contract():
    assert set(OBJECT_FINDERS) == {name.split()[0] for name in FINDERS}


def test_boxes_are_sound_and_best_first(finder):
    batch = frames(5, source=(640, 480))
    found = finder.find(batch)
    assert len(found) == 5
    assert sum(len(boxes) for boxes in found) > 5
    for boxes in found:
        assert boxes.boxes_px.dtype == np.float32
        assert boxes.boxes_px.shape == (len(boxes), 4)
        assert boxes.scores.dtype == np.float32
        assert boxes.labels.dtype == np.int16
        assert (boxes.boxes_px >= 0).all()
        assert (boxes.boxes_px <= [640, 480, 640, 480]).all()
        assert (boxes.boxes_px[:, 2:] > boxes.boxes_px[:, :2]).all()
        assert ((boxes.scores >= MIN_SCORE * 0.99) & (boxes.scores <= 1)).all()
        assert (np.diff(boxes.scores) <= 0).all()
        assert set(boxes.labels.tolist()) <= {0, 1, 2}


def test_padding_the_same_bits_whatever_the_batch(finder):
    batch = frames(6)
    together = finder.find(batch)
    for indexes in itertools.chain(
        [(k,) for k in range(6)], [(0, 1, 2), (5, 4, 3, 2, 1, 0), (3, 3, 3, 3, 3, 3, 3)]
    ):
        for found, k in zip(finder.find(part(batch, indexes)), indexes, strict=True):
            assert same_bits(found, together[k]), (indexes, k)


def test_nothing_is_remembered(finder):
    first, second = frames(2), frames(3, 64, 128)
    before = finder.find(first)
    finder.find(second)
    assert all(map(same_bits, finder.find(first), before))


def test_boxes_are_in_source_pixels_of_each_frame(finder):
    small, large = frames(2, source=(128, 96)), frames(2, source=(1280, 480))
    mixed = FrameBatch(small.keys, small.pixels, (small.source_sizes_px[0], (1280, 480)))
    for boxes, scale in zip(finder.find(mixed), [(1, 1), (10, 5)], strict=True):
        whole = finder.find(small if scale == (1, 1) else large)
        index = 0 if scale == (1, 1) else 1
        assert same_bits(boxes, whole[index])
    native, enlarged = finder.find(small)[0], finder.find(large)[0]
    assert enlarged.boxes_px == pytest.approx(native.boxes_px * [10, 5, 10, 5], rel=1e-5)


def test_a_portrait_picture_is_seen_whole(finder):
    found = finder.find(frames(1, height=128, width=96))[0]
    assert len(found) > 0
    assert (found.boxes_px <= [96, 128, 96, 128]).all()


def test_odd_and_small_sizes_are_taken(finder):
    for height, width in ((33, 47), (96, 127), (9, 128)):
        assert len(finder.find(frames(1, max(height, 8), width))) == 1


def test_pictures_larger_than_needed_are_taken(finder):
    large = finder.find(frames(1, 384, 512))[0]
    assert len(large) > 0
    assert large.boxes_px[:, 2].max() > 256


def test_no_frames_no_boxes(finder):
    assert finder.find(part(frames(1), ())) == []


def test_frames_are_left_as_they_were(finder):
    batch = frames(2)
    before = batch.pixels.copy()
    batch.pixels.flags.writeable = False
    finder.find(batch)
    assert np.array_equal(batch.pixels, before)


@pytest.mark.parametrize(
    ("tiles", "square"), [(1, [16, 40, 24, 48]), (2, [8, 32, 40, 56])], ids=["whole", "tiles"]
)
def test_white_squares_are_found_where_they_are(tmp_path, tiles, square):
    finder = build_object_finder(squares(tmp_path, tiles=tiles))
    pixels = np.zeros((1, 96, 128, 3), np.uint8)
    left, top, right, bottom = square
    pixels[0, top:bottom, left:right] = 255
    batch = FrameBatch((FrameKey("c", 0, 0, 0.0),), pixels, ((128, 96),))
    found = finder.find(batch)[0]
    white = found.boxes_px[found.scores > 0.99]
    if tiles == 1:
        assert white.tolist() == [square]
    assert len(white) > 0
    assert (white[:, :2] >= [left, top]).all()  # cells of tiles do not start where the square does
    assert (white[:, 2:] <= [right, bottom]).all()


def test_observations_keep_keys_and_sizes(tmp_path):
    batch = frames(3, source=(640, 480))
    seen = build_detector(squares(tmp_path)).detect(batch)
    assert [o.key for o in seen] == list(batch.keys)
    assert {o.source_size_px for o in seen} == {(640, 480)}
    assert all(o.crowd is None and o.heads is None for o in seen)


def test_pictures_are_asked_for_as_wide_as_the_networks_can_use():
    assert needed_width_px(NetworkSettings()) == 416
    tiled = ObjectFinderSettings(input_px=640, tiles=2)
    assert needed_width_px(NetworkSettings(objects=tiled)) == 1184
