"""Nobody can be recognised in a still."""

import cv2
import numpy as np
import pytest

from ray_app.video.blur import blurred_still, boxes_around_heads


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def checkerboard(height: int, width: int, cell_px: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    grey = (((x // cell_px) + (y // cell_px)) % 2 * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def contrast(picture: np.ndarray) -> float:
    return float(picture.astype(float).std())


def test_fine_features_vanish_in_boxes_and_margins() -> None:
    picture = checkerboard(480, 640, 10)  # features as large as eyes in a face of 40 px
    boxes = np.array([[200.0, 100.0, 300.0, 380.0]])
    still = decoded(blurred_still(picture, boxes))
    # The margin is a quarter of the box's longer side: 70 px.
    inside = still[35:445, 135:365]
    assert contrast(inside) < 0.06 * contrast(picture)
    assert contrast(still[:, 420:]) > 4 * contrast(inside)


def test_a_small_box_uncovers_nothing_of_a_large_one() -> None:
    picture = checkerboard(480, 640, 10)
    boxes = np.array([[200.0, 60.0, 300.0, 440.0], [240.0, 200.0, 258.0, 218.0]])
    for order in (boxes, boxes[::-1]):
        still = decoded(blurred_still(picture, order))
        assert contrast(still[200:220, 240:260]) < 0.06 * contrast(picture)


def test_whoever_has_no_box_is_softened_too() -> None:
    picture = checkerboard(480, 640, 4)  # features of a face of 25 px
    still = decoded(blurred_still(picture, np.zeros((0, 4))))
    assert contrast(still[20:-20, 20:-20]) < 0.06 * contrast(picture)


def test_a_wide_picture_is_made_small_with_its_boxes() -> None:
    picture = checkerboard(1080, 1920, 30)
    still = decoded(blurred_still(picture, np.array([[600.0, 300.0, 900.0, 1000.0]])))
    assert still.shape == (360, 640, 3)
    assert contrast(still[110:330, 205:295]) < 0.06 * contrast(picture)


@pytest.mark.parametrize(
    "box",
    [
        (-50, -50, 20, 20),
        (600, 440, 900, 900),
        (700, 500, 900, 900),
        (50, 50, 50, 50),
        (30, 30, 20, 10),
    ],
)
def test_boxes_at_and_over_the_edge(box: tuple[float, ...]) -> None:
    picture = checkerboard(480, 640, 10)
    assert decoded(blurred_still(picture, np.array([box], float))).shape == (480, 640, 3)


def test_a_box_that_is_not_finite_makes_no_still() -> None:
    with pytest.raises(ValueError, match="not finite"):
        blurred_still(checkerboard(48, 64, 8), np.array([[0, 0, np.nan, 9]]))


def test_the_callers_picture_is_left_alone() -> None:
    picture = checkerboard(480, 640, 10)
    before = picture.copy()
    blurred_still(picture, np.array([[0.0, 0.0, 300.0, 300.0]]))
    assert (picture == before).all()


def test_heads_without_boxes_get_boxes() -> None:
    assert boxes_around_heads(np.array([[50.0, 60.0]]), 20).tolist() == [[40, 50, 60, 70]]
