"""Labels are read as they are given, and a fault in them is one line."""

import json

import cv2
import numpy as np
import pytest

from models.evaluate_fire import labelled_pictures
from ray_app.commands import evaluate_events
from ray_app.commands.evaluate_crowd import mae_interval
from ray_app.commands.evaluate_events import read_truth
from ray_app.domain.errors import ConfigError, FootageError
from ray_app.video.archive import FileFacts


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    return path


@pytest.mark.parametrize("calm", ["normal_images", "non_fire_images"])
def test_folders_name_what_burns(tmp_path, calm):
    fire, other = picture(tmp_path / "fire_images/a.jpg"), picture(tmp_path / calm / "b.png")
    assert dict(labelled_pictures(tmp_path)) == {fire: True, other: False}


def test_yolo_labels_name_what_burns(tmp_path):
    expected = {}
    for name, rows, burns in (
        ("fire", "0 .5 .5 .2 .2\n", True),
        ("smoke", "2 .5 .5 .2 .2", True),
        ("nothing", "1 .5 .5 1 1\n", False),
        ("another_numbering", "1 .5 .5 .3 .3\n", True),
        ("empty", "", False),
    ):
        expected[picture(tmp_path / "valid/images" / f"{name}.jpg")] = burns
        label = tmp_path / "valid/labels" / f"{name}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(rows)
    assert dict(labelled_pictures(tmp_path)) == expected


@pytest.mark.parametrize("row", ["fire .5 .5 1 1", "1 .5"])
def test_labels_that_are_not_yolo_are_one_line(tmp_path, row):
    label = picture(tmp_path / "images/a.jpg").parent.parent / "labels/a.txt"
    with pytest.raises(FootageError, match="needs an empty label file"):
        labelled_pictures(tmp_path)
    label.parent.mkdir()
    label.write_text(row)
    with pytest.raises(FootageError, match="cannot be read as YOLO labels") as fault:
        labelled_pictures(tmp_path)
    assert "\n" not in str(fault.value)


def test_a_folder_that_is_neither_says_what_is_needed(tmp_path):
    with pytest.raises(FootageError, match="fire_images/ and normal_images/"):
        labelled_pictures(tmp_path)
    picture(tmp_path / "fire_images/a.jpg")
    with pytest.raises(FootageError, match="both kinds are needed"):
        labelled_pictures(tmp_path)
    with pytest.raises(FootageError, match="no such folder"):
        labelled_pictures(tmp_path / "nowhere")


@pytest.fixture
def probed(monkeypatch):
    class Facts:
        duration_s, frame_rate_hz = 60.0, 20.0

    monkeypatch.setattr(evaluate_events, "probe", lambda url: Facts)
    assert {"duration_s", "frame_rate_hz"} <= set(FileFacts.__dataclass_fields__)


def write(path, told):
    path.write_text(json.dumps(told))
    return path


def test_labels_become_seconds_and_other_types_are_left_out(tmp_path, probed):
    truth = {
        "_note": "by eye",
        "a.mp4": {
            "fps": 10,
            "tolerance_frames": 5,
            "events": [
                {"type": "fire", "start": 100},
                {"type": "smoke", "start": 200, "alarm": 250, "box": [1, 2, 3, 4]},
                {"type": "abandoned", "put_down": 3},
            ],
        },
        "b.mp4": {"events": []},
    }
    first, second = read_truth(tmp_path, write(tmp_path / "t.json", truth), ("fire", "smoke"))
    assert [(e.start_s, e.alarm_s, e.slack_s) for e in first.events] == [
        (10.0, 10.0, 0.5),
        (20.0, 25.0, 0.5),
    ]
    assert [e.box_px for e in first.events] == [None, (1.0, 2.0, 3.0, 4.0)]
    assert second.events == ()
    assert second.seconds == 60


@pytest.mark.parametrize(
    "told",
    [
        [1],
        {},
        {"a.mp4": {"events": [{"type": "fire"}]}},
        {"a.mp4": [3]},
        {"a.mp4": {"events": [{"type": "fire", "start": 1, "box": [1, 2, 3]}]}},
    ],
)
def test_labels_that_make_no_sense_are_one_line(tmp_path, probed, told):
    with pytest.raises(FootageError, match=r"t\.json") as fault:
        read_truth(tmp_path, write(tmp_path / "t.json", told), ("fire",))
    assert "\n" not in str(fault.value)


def test_a_situation_that_needs_zones_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="known: abandoned_object, fire_smoke"):
        evaluate_events.run(tmp_path, tmp_path, "bottleneck", None, None, as_json=True)


def test_the_interval_of_a_mean_error_holds_it_and_narrows_with_pictures():
    rng = np.random.default_rng(1)
    true = np.full(400, 50.0)
    found = true + rng.normal(0, 10, 400)
    low, high = mae_interval(found, true)
    assert low < np.abs(found - true).mean() < high
    few = mae_interval(found[:20], true[:20])
    assert high - low < few[1] - few[0]
