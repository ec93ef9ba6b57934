"""Pictures of every kind are read upright and in colour; a fault is one line, and counted."""

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.pictures import picture_files, read_picture
from models.training.crowd_data import read_points
from ray_app.commands import evaluate_crowd, evaluate_fire
from ray_app.domain.errors import FootageError

HEIGHT, WIDTH = 48, 64


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def colours() -> np.ndarray:
    """BGR: red above, blue below."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2, :, 2] = 255
    pixels[HEIGHT // 2 :, :, 0] = 255
    return pixels


def coded(pixels: np.ndarray, ending: str) -> bytes:
    return bytes(cv2.imencode(ending, pixels)[1])


def turned(jpeg: bytes) -> bytes:
    """The JPEG with EXIF orientation 6: to be turned a quarter clockwise."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def endless_png() -> bytes:
    """A PNG that says it has 40000 x 40000 pixels."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 10)),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def save(path: Path, written: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)
    return path


def test_colours_keep_their_order_and_names_may_be_of_any_script(tmp_path):
    pixels = read_picture(save(tmp_path / "Menge_größer_人群.png", coded(colours(), ".png")))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels[0, 0].tolist() == [255, 0, 0]
    assert pixels[-1, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((HEIGHT, WIDTH), 128, np.uint8),
        np.full((HEIGHT, WIDTH), 128 * 257, np.uint16),
        np.full((HEIGHT, WIDTH, 4), 128, np.uint8),
    ],
    ids=["grey", "16-bit", "transparent"],
)
def test_other_kinds_become_rgb(tmp_path, pixels):
    found = read_picture(save(tmp_path / "a.png", coded(pixels, ".png")))
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert found.dtype == np.uint8
    assert (np.abs(found.astype(int) - 128) <= 1).all()


def test_a_picture_taken_sideways_is_turned_upright(tmp_path):
    path = save(tmp_path / "a.jpg", turned(coded(colours(), ".jpg")))
    pixels = read_picture(path)
    assert pixels.shape == (WIDTH, HEIGHT, 3)
    assert pixels[0, -1, 0] > 200  # what was above is on the right
    assert pixels[0, 0, 2] > 200


@pytest.mark.parametrize(
    "written",
    [b"", b"no picture", coded(colours(), ".jpg")[:-300], coded(colours(), ".png")[:60]],
    ids=["empty", "text", "cut jpeg", "cut png"],
)
def test_what_is_no_whole_picture_is_one_line(tmp_path, written):
    with pytest.raises(FootageError, match=r"a\.jpg: not a readable picture") as fault:
        read_picture(save(tmp_path / "a.jpg", written))
    assert "\n" not in str(fault.value)


def test_a_picture_too_large_and_one_that_is_missing_are_one_line(tmp_path):
    with pytest.raises(FootageError, match=r"a\.png: larger than can be read") as fault:
        read_picture(save(tmp_path / "a.png", endless_png()))
    assert "\n" not in str(fault.value)
    with pytest.raises(FootageError, match="No such file"):
        read_picture(tmp_path / "none.jpg")


def test_pictures_are_found_at_any_depth_and_other_files_are_not(tmp_path):
    for name in ("b/c.PNG", "a.jpeg", "notes.txt", ".hidden.jpg"):
        save(tmp_path / name, b"")
    assert picture_files(tmp_path) == [tmp_path / "a.jpeg", tmp_path / "b/c.PNG"]


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ("nonsense", "cannot be read as head points"),
        ("{}", "names no picture"),
        ("[1]", "names no picture"),
        ('{"a.jpg": [[1, 2], [3]]}', "a.jpg has no list of points"),
        ('{"a.jpg": [[1, 2, 3]]}', "a.jpg has no list of points"),
        ('{"a.jpg": 5}', "a.jpg has no list of points"),
        ('{"a.jpg": [[1, null]]}', "a.jpg has no list of points"),
    ],
)
def test_faulty_head_points_are_one_line(tmp_path, told, complaint):
    save(tmp_path / "points.json", told.encode())
    with pytest.raises(FootageError, match=complaint) as fault:
        read_points(tmp_path)
    assert "\n" not in str(fault.value)


def test_a_folder_without_head_points_says_what_is_needed(tmp_path):
    with pytest.raises(FootageError, match=r"No such file or directory; needed are pictures"):
        read_points(tmp_path / "nowhere")


def crowd_folder(folder: Path) -> Path:
    save(folder / "whole.jpg", coded(colours(), ".jpg"))
    save(folder / "grey.png", coded(np.full((HEIGHT, WIDTH), 90, np.uint8), ".png"))
    save(folder / "cut.jpg", coded(colours(), ".jpg")[:-300])
    points = {"whole.jpg": [], "grey.png": [[3, 4]], "cut.jpg": [[1, 1]], "gone.jpg": [[2, 2]]}
    save(folder / "points.json", json.dumps(points).encode())
    return folder


def test_crowd_pictures_that_cannot_be_read_are_told_and_counted(tmp_path, capsys):
    assert evaluate_crowd.run(crowd_folder(tmp_path), as_json=True) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["pictures"], told["skipped"]) == (2, 2)
    assert [line.split(":")[0] for line in printed.err.splitlines() if line.strip()] == [
        "skipped",
        "skipped",
    ]
    evaluate_crowd.run(tmp_path, as_json=False)
    assert "skipped: 2 pictures that cannot be read" in capsys.readouterr().out


def test_a_crowd_folder_without_any_picture_is_refused(tmp_path):
    save(tmp_path / "points.json", b'{"gone.jpg": [[2, 2]]}')
    with pytest.raises(FootageError, match="none of the 1 pictures named can be read"):
        evaluate_crowd.run(tmp_path, as_json=True)


def test_fire_pictures_that_cannot_be_read_are_told_and_counted(tmp_path, capsys):
    save(tmp_path / "fire_images/a.jpg", coded(colours(), ".jpg"))
    save(tmp_path / "fire_images/cut.jpg", coded(colours(), ".jpg")[:-300])
    calm = save(tmp_path / "normal_images/b.png", coded(np.zeros((9, 9), np.uint8), ".png"))
    assert evaluate_fire.run(tmp_path, 512, as_json=True) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["burning"], told["calm"], told["skipped"]) == (1, 1, 1)
    assert "skipped: " in printed.err
    calm.write_bytes(b"")
    with pytest.raises(FootageError, match="1 burning and 0 calm pictures could be read, 2 not"):
        evaluate_fire.run(tmp_path, 512, as_json=True)
