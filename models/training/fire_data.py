"""Pictures with fire, with smoke, with neither, from their folders; and which belong together."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.pictures import read_picture
from models.scenes import scene_numbers, small_copy

LONGEST_SIDE_PX = 512
FLAME, SMOKE = 0, 1
_FLAME_RED, _FLAME_WARMTH = 200, 70
"""Least red, and red over blue, of what is taken for flame by colour."""
_FLAME_SHARES = (0.004, 0.4)
"""Least and most share of a picture that one such flame covers."""
_NO_BOXES = np.zeros((0, 5), np.float32)
_ROBOFLOW_CLASS = {0: FLAME, 2: SMOKE}


@dataclass(frozen=True, slots=True)
class FirePicture:
    """A picture and what is known of fire in it.

    Attributes:
        name: Where it comes from.
        pixels: RGB, uint8, shape (height, width, 3); longer side at most 512.
        boxes_px: Class (0 flame, 1 smoke), x1, y1, x2, y2, float32, shape (n, 5).
        known: Whether flame and smoke outside the boxes are known to be absent.
        somewhere: It burns or smokes, nobody says where.
    """

    name: str
    pixels: NDArray[np.uint8]
    boxes_px: NDArray[np.float32] = field(default_factory=_NO_BOXES.copy)
    known: tuple[bool, bool] = (True, True)
    somewhere: bool = False

    @property
    def burns(self) -> bool:
        """Whether there is any fire or smoke."""
        return self.somewhere or len(self.boxes_px) > 0


def read_yolo(folder: Path) -> list[FirePicture]:
    """Returns pictures with YOLO labels, class 0 fire, 1 nothing, 2 smoke, below any split."""
    found = []
    for path in sorted(folder.rglob("images/*")):
        label = path.parent.parent / "labels" / f"{path.stem}.txt"
        pixels, _ = _read(path)
        height, width = pixels.shape[:2]
        rows = [line.split() for line in label.read_text("utf-8").splitlines() if line.strip()]
        boxes = [
            (_ROBOFLOW_CLASS[int(row[0])], *_corners([float(v) for v in row[1:5]], width, height))
            for row in rows
            if int(row[0]) in _ROBOFLOW_CLASS
        ]
        found.append(FirePicture(str(path), pixels, np.array(boxes, np.float32).reshape(-1, 5)))
    return found


def read_burning(folder: Path) -> list[FirePicture]:
    """Returns the pictures of a folder that all burn or smoke somewhere."""
    return [
        FirePicture(str(path), _read(path)[0], known=(False, False), somewhere=True)
        for path in _pictures(folder)
    ]


def read_clear(folder: Path, every: int = 1) -> list[FirePicture]:
    """Returns every n-th picture of a folder in which nothing burns."""
    return [FirePicture(str(path), _read(path)[0]) for path in _pictures(folder)[::every]]


def read_far_smoke(folder: Path) -> list[FirePicture]:
    """Returns pictures with smoke boxes in Pascal VOC files, images/ and xmls/."""
    found = []
    for path in _pictures(folder / "images"):
        told = folder / "xmls" / f"{path.stem}.xml"
        if not told.exists():
            continue
        pixels, scale = _read(path)
        boxes = [
            (SMOKE, *(scale * float(box.findtext(key, "nan")) for key in _VOC_KEYS))
            for box in ET.parse(told).iter("bndbox")  # noqa: S314  our own training data
        ]
        found.append(FirePicture(str(path), pixels, np.array(boxes, np.float32).reshape(-1, 5)))
    return found


_VOC_KEYS = ("xmin", "ymin", "xmax", "ymax")


def read_flame_video(video: Path, truth: Path, every: int) -> list[FirePicture]:
    """Returns every n-th frame with its flame rectangles, x y width height, OpenCV XML."""
    rectangles: dict[int, list[tuple[float, ...]]] = {}
    for frame in ET.parse(truth).getroot().findall("./frames/_"):  # noqa: S314
        number = int(frame.findtext("frameNumber", "-1"))
        rows = [[float(v) for v in (row.text or "").split()] for row in frame.iter("_")]
        rectangles[number] = [
            (FLAME, r[0], r[1], r[0] + r[2], r[1] + r[3]) for r in rows if len(r) == 4
        ]
    return [
        FirePicture(
            f"{video}#{number}",
            pixels,
            np.array(rectangles.get(number, []), np.float32).reshape(-1, 5),
            known=(True, False),
        )
        for number, pixels in _frames(video, every)
        if number in rectangles
    ]


def read_clear_video(video: Path, every: int) -> list[FirePicture]:
    """Returns every n-th frame of a video in which nothing burns."""
    return [FirePicture(f"{video}#{number}", pixels) for number, pixels in _frames(video, every)]


def scenes_of(pictures: Sequence[FirePicture]) -> NDArray[np.int64]:
    """Returns a scene number per picture: near-duplicates share one, so that splits do not leak."""
    return scene_numbers([small_copy(picture.pixels) for picture in pictures])


def hold_out(
    pictures: Sequence[FirePicture], share: float, seed: int
) -> tuple[list[FirePicture], list[FirePicture]]:
    """Returns the pictures to train on and about a share of them, whole scenes, held out."""
    scene = scenes_of(pictures)
    numbers = np.random.default_rng(seed).permutation(np.unique(scene))
    held: set[int] = set()
    count = 0
    for number in numbers:
        size = int((scene == number).sum())
        if count + size <= share * len(pictures) or not held:
            held.add(int(number))
            count += size
    kept = [p for p, s in zip(pictures, scene, strict=True) if int(s) not in held]
    return kept, [p for p, s in zip(pictures, scene, strict=True) if int(s) in held]


def flames_in(picture: FirePicture) -> FirePicture:
    """Returns a picture that burns somewhere with boxes of what is surely flame by its colour.

    Good enough to cut flames from, not to learn places from: red things are boxed, too.
    """
    red, green, blue = (picture.pixels[:, :, k].astype(np.int16) for k in range(3))
    hot = (red > _FLAME_RED) & (red >= green) & (green > blue) & (red - blue > _FLAME_WARMTH)
    closed = cv2.morphologyEx(hot.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, _, rows, _ = cv2.connectedComponentsWithStats(closed)
    least, most = (share * hot.size for share in _FLAME_SHARES)
    boxes = [(FLAME, x, y, x + w, y + h) for x, y, w, h, area in rows[1:] if least <= area <= most]
    return replace(picture, boxes_px=np.array(boxes, np.float32).reshape(-1, 5))


def _corners(middle: list[float], width: int, height: int) -> tuple[float, float, float, float]:
    x, y, w, h = middle
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


def _pictures(folder: Path) -> list[Path]:
    paths = [p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    return sorted(paths, key=lambda path: (_number(path.stem), path.name))


def _number(name: str) -> int:
    digits = re.findall(r"\d+", name)
    return int(digits[-1]) if digits else 0


def _read(path: Path) -> tuple[NDArray[np.uint8], float]:
    return _shrunk(read_picture(path))


def _shrunk(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    scale = min(1.0, LONGEST_SIDE_PX / max(pixels.shape[:2]))
    if scale < 1:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    return np.ascontiguousarray(pixels), scale


def _frames(video: Path, every: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    capture = cv2.VideoCapture(str(video))
    number = 0
    while capture.grab():
        if number % every == 0:
            done, picture = capture.retrieve()
            if done:
                yield number, _shrunk(np.asarray(picture[:, :, ::-1], np.uint8))[0]
        number += 1
    capture.release()
