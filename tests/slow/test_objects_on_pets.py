"""Person boxes on real footage with labelled people: PETS 2009 S2.L1, view 1."""

import os
from pathlib import Path

import pytest
import torch

from models.evaluate_objects import evaluate_objects, read_cvml
from models.settings import NetworkSettings, ObjectFinderSettings, OnnxSettings
from models.zoo import needed_width_px
from ray_app.video.clip import Clip
from ray_app.video.sampling import ClipReader

DATA = Path(os.environ.get("VIGIE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
VIDEO = DATA / "pets09_vtest" / "vtest.avi"
TRUTH = DATA / "pets09_vtest" / "gt" / "PETS2009-S2L1.xml"
WEIGHTS = DATA.parent / "weights"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VIDEO.exists(), reason=f"{VIDEO} is absent"),
]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def frames(settings, every):
    """Every picture of the video, at the 10 Hz its header states: grid index = frame number."""
    clip = Clip("pets", str(VIDEO), start_s=0.0, end_s=79.5, stretch=0, size_px=(768, 576))
    reader = ClipReader(clip, 0, 795, 10.0, needed_width_px(settings))
    return ((f.key.index, f) for f in reader.frames() if f.key.index % every == 0)


def test_people_are_found_and_counted():
    settings = NetworkSettings()
    report = evaluate_objects(frames(settings, 1), read_cvml(TRUTH), settings)
    assert (report.scored_frames, report.labelled_boxes, report.frames) == (53, 307, 795)
    assert report.ap50 >= 0.90
    assert report.count_mae <= 0.8
    plateau = [e.mae for e in report.count_errors if abs(e.threshold - report.count_score) < 0.06]
    assert len(plateau) == 3
    assert max(plateau) <= 0.8


def test_tiles_do_not_lose_people():
    settings = NetworkSettings(objects=ObjectFinderSettings(tiles=2))
    report = evaluate_objects(frames(settings, 15), read_cvml(TRUTH), settings)
    assert report.ap50 >= 0.92


YOLOX = OnnxSettings(file=str(WEIGHTS / "yolox_nano.onnx"), decode="yolox")
NANODET_M = OnnxSettings(
    file=str(WEIGHTS / "nanodet_m_416.onnx"),
    decode="nanodet",
    mean=(103.53, 116.28, 123.675),
    std=(57.375, 57.12, 58.395),
)


@pytest.mark.parametrize("onnx", [YOLOX, NANODET_M], ids=["yolox_nano", "nanodet_m"])
def test_a_network_of_your_own_is_read_right(onnx):
    if not Path(onnx.file).exists():
        pytest.skip(f"{onnx.file} is absent")
    settings = NetworkSettings(objects=ObjectFinderSettings(name="onnx", onnx=onnx))
    report = evaluate_objects(frames(settings, 15), read_cvml(TRUTH), settings)
    assert report.ap50 >= 0.90
