import numpy as np
import pytest

from models.onnx_decode import DECODERS, Decoding
from ray_app.domain.errors import WeightsError

GROUPS = ((0,), (2, 3), (1,))  # people, bags, vehicles of a file with four classes
DECODING = Decoding((32, 64), (8, 16), GROUPS, 0.3)
CELLS = 4 * 8 + 2 * 4
CELL = 4 * 8 + 5  # second level, row 1, column 1: x 16, y 16, stride 16


def rows(classes_at, width):
    raw = np.zeros((2, CELLS, width), np.float32)
    raw[1, CELL, classes_at : classes_at + 4] = [0.1, 0.2, 0.6, 0.8]
    return raw


def yolox():
    raw = rows(5, 9)
    raw[1, CELL, :5] = [0.5, 0.25, np.log(2), np.log(1), 0.5]
    return [raw]


def nanodet():
    scores, bins = rows(0, 4), np.zeros((2, CELLS, 4 * 8), np.float32)
    bins[1, CELL].reshape(4, 8)[[0, 1, 2, 3], [1, 0, 1, 1]] = 99
    level = 4 * 8
    return [scores[:, :level], scores[:, level:], bins[:, :level], bins[:, level:]]


def yolov8():
    raw = rows(4, 8)
    raw[1, CELL, :4] = [24, 20, 32, 16]
    return [raw.transpose(0, 2, 1)]


def boxes_scores_labels():
    boxes = np.zeros((2, 3, 4), np.float32)
    boxes[1, 2] = [8, 12, 40, 28]
    scores = np.array([[0.9, 0, 0], [0, 0.2, 0.8]], np.float32)
    return [boxes, scores, np.array([[7, 0, 0], [0, 0, 3]], np.int64)]


@pytest.mark.parametrize(
    ("decode", "outputs", "box", "score"),
    [
        ("yolox", yolox(), [8, 12, 40, 28], 0.4),
        ("nanodet", nanodet(), [7.5, 23.5, 39.5, 39.5], 0.8),
        ("yolov8", yolov8(), [8, 12, 40, 28], 0.8),
        ("boxes_scores_labels", boxes_scores_labels(), [8, 12, 40, 28], 0.8),
    ],
)
def test_the_planted_bag_is_read(decode, outputs, box, score):
    found = DECODERS[decode](outputs, DECODING)
    assert found.pictures.tolist() == [1]
    assert found.labels.tolist() == [1]
    assert found.boxes_px[0] == pytest.approx(box, abs=1e-4)
    assert found.scores[0] == pytest.approx(score)


def test_every_decode_a_site_may_name_is_there():
    from models.settings import DECODES

    assert set(DECODERS) == set(DECODES)


@pytest.mark.parametrize("decode", DECODERS)
def test_outputs_of_another_layout_are_refused_with_the_known_ones(decode):
    with pytest.raises(WeightsError, match="choose another of yolox, nanodet"):
        DECODERS[decode]([np.zeros((1, 4, 4), np.float32)] * 5, DECODING)


def test_wrong_strides_are_refused():
    with pytest.raises(WeightsError, match=r"40 cells; strides .* make 32"):
        DECODERS["yolox"](yolox(), Decoding((32, 64), (8,), GROUPS, 0.3))


def test_a_class_the_file_does_not_have_is_refused():
    with pytest.raises(WeightsError, match="class 24 is asked for, the ONNX file has 4"):
        DECODERS["yolov8"](yolov8(), Decoding((32, 64), (8, 16), ((0,), (24,), ()), 0.3))


def test_a_label_without_classes_is_never_found():
    found = DECODERS["yolox"](yolox(), Decoding((32, 64), (8, 16), ((0,), (), ()), 0.01))
    assert set(found.labels.tolist()) == {0}
