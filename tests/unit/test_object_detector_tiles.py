"""Which tiles of a frame an object finder looks at."""

import numpy as np
import pytest
from torch import Tensor

from models.candidates import Candidates
from models.object_detector import ObjectDetector
from models.settings import ObjectFinderSettings
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.domain.ranges import SettingsError


class SeesBright:
    """Proposes one box around what is bright in a picture; notes how many pictures it saw."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def propose(self, pixels: Tensor, min_score: float) -> Candidates:
        self.seen.append(len(pixels))
        numbers, boxes = [], []
        for number, picture in enumerate(pixels.numpy()):
            rows, columns = np.nonzero(picture[..., 0] > 128)
            if len(rows):
                numbers.append(number)
                boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        return Candidates(
            np.array(numbers, np.int64),
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(numbers), 0.9, np.float32),
            np.zeros(len(numbers), np.int16),
        )


def frames(*boxes: tuple[int, int, int, int] | None) -> FrameBatch:
    pixels = np.zeros((len(boxes), 360, 640, 3), np.uint8)
    for number, box in enumerate(boxes):
        if box is not None:
            left, top, right, bottom = box
            pixels[number, top:bottom, left:right] = 255
    keys = tuple(FrameKey("camera", k, 0, k / 5) for k in range(len(boxes)))
    return FrameBatch(keys, pixels, ((640, 360),) * len(boxes))


def finder(where: str) -> tuple[SeesBright, ObjectDetector]:
    network = SeesBright()
    settings = ObjectFinderSettings(input_px=416, tiles=2, tiles_where=where)
    return network, ObjectDetector(network, settings)


def test_only_tiles_with_someone_small_are_looked_at():
    small, tall, nobody = (100, 40, 120, 90), (100, 40, 160, 250), None
    network, detector = finder("people")
    found = detector.find(frames(small, tall, nobody))
    assert network.seen == [3, 1]
    everywhere = finder("everywhere")
    expected = everywhere[1].find(frames(small, tall, nobody))
    assert everywhere[0].seen == [15]
    np.testing.assert_allclose(found[0].boxes_px, expected[0].boxes_px, atol=2)
    assert len(found[1].boxes_px) >= 1
    assert len(found[2].boxes_px) == 0


def test_nobody_needs_no_tile():
    network, detector = finder("people")
    assert [len(one.boxes_px) for one in detector.find(frames(None, None))] == [0, 0]
    assert network.seen == [2]


def test_another_place_for_tiles_is_refused():
    with pytest.raises(SettingsError, match="tiles_where"):
        ObjectFinderSettings(tiles=2, tiles_where="crowds")
