"""What the fire network is trained on says what it should."""

import numpy as np
import pytest
import torch

from models.fire_smoke_detector import FireSmokeDetector, certainty_of, fill_fire_network
from models.fire_smoke_network import STRIDE_PX, FireSmokeNetwork
from models.settings import NetworkSettings
from models.training.drawn_smoke import put_smoke
from models.training.fire_augment import FireCropper, FireCrops, put_decoys, put_surface
from models.training.fire_data import FLAME, SMOKE, FirePicture, flames_in, hold_out, scenes_of
from models.training.fire_loss import IGNORED, NEGATIVE, POSITIVE, fire_loss
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.domain.observation import FireMap

PLAIN = FireCrops(side_px=320, least_px=240, lamps=0, flames=0, smoke=0, grey=0, flawed=0)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def noise(seed, height=120, width=160):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 20, width // 20, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 20, 0), 20, 1)


def burning(seed=0, box=(40, 30, 80, 70), kind=FLAME):
    return FirePicture("a", noise(seed), np.array([(kind, *box)], np.float32))


def test_near_duplicates_are_one_scene_and_never_split():
    pictures = []
    for scene in range(12):
        for copy in range(3):
            pixels = noise(scene).astype(np.int16) + 6 * copy
            pictures.append(FirePicture(f"{scene}-{copy}", pixels.clip(0, 255).astype(np.uint8)))
    scene = scenes_of(pictures)
    assert len(np.unique(scene)) == 12
    kept, held = hold_out(pictures, 0.25, seed=3)
    names = [{p.name.split("-")[0] for p in part} for part in (kept, held)]
    assert not names[0] & names[1]
    assert len(kept) + len(held) == 36
    assert 0 < len(held) <= 9


def test_a_crop_marks_the_cells_of_its_boxes():
    rng = np.random.default_rng(0)
    picture = FirePicture("a", np.zeros((300, 300, 3), np.uint8))
    pixels = picture.pixels.copy()
    pixels[90:150, 60:120] = 255
    box = np.array([(FLAME, 60, 90, 120, 150)], np.float32)
    picture = FirePicture("a", pixels, box, known=(True, False))
    cropper = FireCropper(PLAIN, [])
    seen = 0
    for _ in range(30):
        crop = cropper.draw(picture, rng)
        assert (crop.cells[SMOKE] == IGNORED).all()
        light = crop.pixels[..., 0].reshape(20, STRIDE_PX, 20, STRIDE_PX).mean((1, 3)) > 200
        inside = crop.cells[FLAME] == POSITIVE
        assert not (light & (crop.cells[FLAME] == NEGATIVE)).any()
        if len(crop.boxes):
            kind, top, left, bottom, right = crop.boxes[0]
            assert kind == FLAME
            assert not inside[:top].any()
            assert not inside[bottom:].any()
            assert not inside[:, :left].any()
            assert not inside[:, right:].any()
            seen += bool(inside.any())
    assert seen > 15


def test_flames_of_photographs_are_found_by_their_colour():
    pixels = np.full((100, 200, 3), (90, 110, 160), np.uint8)
    pixels[20:50, 30:60] = (250, 170, 40)
    pixels[70:90, 150:170] = 255  # a white lamp
    pixels[60:62, 10:12] = (250, 170, 40)  # too small to cut out
    found = flames_in(FirePicture("a", pixels, known=(False, False), somewhere=True))
    assert found.boxes_px.tolist() == [[FLAME, 30, 20, 60, 50]]
    assert found.somewhere


def test_decoys_stay_clear_of_fire_and_change_the_rest():
    rng = np.random.default_rng(2)
    light = np.full((320, 320, 3), 60, np.float32)
    box = np.array([(FLAME, 0, 0, 320, 320)], np.float32)
    assert (put_decoys(light, box, rng, around=False) == light).all()
    assert (put_decoys(light, box[:0], rng, around=True) == light).all()
    put = [put_decoys(light, box[:0], rng, around=False) for _ in range(9)]
    assert max(np.abs(each - light).max() for each in put) > 50
    assert (light == 60).all()


def test_pale_surfaces_have_edges_and_cover_no_fire():
    rng = np.random.default_rng(3)
    box = np.array([(FLAME, 120, 90, 200, 180)], np.float32)
    put = 0
    for _ in range(60):
        light = np.full((320, 320, 3), 20, np.float32)
        put_surface(light, *rng.uniform(0, 320, 2), box, rng)
        assert (light[90:180, 120:200] == 20).all()
        changed = np.abs(light - 20).max(axis=2) > 10
        put += int(changed.any())
        if changed.any():
            across = np.abs(np.diff(light.mean(axis=2), axis=1)).max()
            down = np.abs(np.diff(light.mean(axis=2), axis=0)).max()
            assert max(across, down) > 8  # within one pixel: an edge, which smoke has not
    assert put > 20


def test_drawn_smoke_is_boxed_where_it_shows():
    rng = np.random.default_rng(4)
    light = np.full((320, 320, 3), 120, np.float32)
    boxed = 0
    for _ in range(40):
        smoky, boxes = put_smoke(light, rng)
        for kind, x1, y1, x2, y2 in boxes:
            boxed += 1
            assert kind == SMOKE
            strong = np.abs(smoky - light).max(axis=2) > 45
            ys, xs = np.nonzero(strong)
            if len(ys):
                assert x1 - 8 <= xs.min()
                assert xs.max() <= x2 + 8
                assert y1 - 8 <= ys.min()
                assert ys.max() <= y2 + 8
    assert boxed > 15


def test_the_loss_wants_fire_in_the_box_and_none_outside():
    cells = np.zeros((1, 2, 20, 20), np.int8)
    cells[0, 0, 5:9, 5:9] = POSITIVE
    boxes, somewhere = [torch.tensor([[0, 5, 5, 9, 9]])], torch.tensor([False])

    def loss(flame):
        logits = torch.full((1, 2, 20, 20), -4.0)
        logits[0, 0] = flame
        return float(fire_loss(logits, torch.from_numpy(cells), boxes, somewhere))

    right, wrong, nothing = torch.full((3, 20, 20), -4.0)
    right[5:9, 5:9] = 4
    wrong[12:16, 12:16] = 4
    assert loss(right) < loss(nothing) < loss(wrong)


def test_a_picture_that_burns_somewhere_wants_fire_anywhere():
    cells = torch.full((1, 2, 20, 20), IGNORED, dtype=torch.int8)
    low, high = torch.full((2, 1, 2, 20, 20), -4.0)
    high[0, 1, 3:7, 3:7] = 4
    told = [float(fire_loss(x, cells, [torch.zeros((0, 5), dtype=torch.int64)],
                            torch.tensor([True]))) for x in (low, high)]  # fmt: skip
    assert told[1] < told[0]


def test_the_detector_answers_in_source_pixels_and_alone_as_in_a_batch():
    torch.manual_seed(0)
    network = FireSmokeNetwork()
    detector = FireSmokeDetector(network, NetworkSettings(batch_size=4), input_px=256)
    pixels = np.stack([noise(k, 360, 640) for k in range(5)])
    keys = tuple(FrameKey("a", k, 0, 0.0) for k in range(5))
    together = detector.look(FrameBatch(keys, pixels, ((1280, 720),) * 5))
    alone = detector.look(FrameBatch(keys[4:], pixels[4:], ((1280, 720),)))
    assert together[0].flame.shape == (9, 16)
    assert together[0].cell_px == 16 * 1280 / 256
    assert (alone[0].flame == together[4].flame).all()
    assert (alone[0].smoke == together[4].smoke).all()
    assert detector.look(FrameBatch((), pixels[:0], ())) == []


def test_fusing_changes_no_answer():
    torch.manual_seed(1)
    network = FireSmokeNetwork().eval()
    pixels = torch.from_numpy(noise(1, 320, 320)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        before = network(pixels)[0]
        network.fuse()
        after = network(pixels)[0]
    assert torch.allclose(before, after, atol=1e-4)


def test_certainty_needs_more_than_one_cell():
    cells = np.zeros((9, 16), np.uint8)
    cells[4, 4] = 255
    flame, smoke = certainty_of(FireMap(cells, cells, 16.0))
    assert flame == pytest.approx(1 / 8)
    assert smoke == pytest.approx(1 / 4)
    cells[3:7, 4:8] = 255
    assert certainty_of(FireMap(cells, cells, 16.0)) == (1, 1)
    tiny = np.full((1, 2), 255, np.uint8)
    assert certainty_of(FireMap(tiny, tiny, 16.0)) == (1, 1)


def test_weights_of_another_network_are_refused():
    with pytest.raises(WeightsError, match="not weights of the fire network"):
        fill_fire_network({"head.weight": torch.zeros(1)})
