"""The one resize: shape kept to a pixel, even sides, never larger."""

import pytest

from ray_app.video.resize import analysed_size


@pytest.mark.parametrize(
    ("source", "width", "wanted"),
    [
        ((1920, 1080), 416, (416, 234)),
        ((1920, 1080), 640, (640, 360)),
        ((1080, 1920), 416, (416, 740)),
        ((768, 576), None, (768, 576)),
        ((320, 240), 640, (320, 240)),
        ((641, 481), None, (640, 480)),
        ((641, 481), 9999, (640, 480)),
        ((1920, 1080), 333, (332, 186)),
        ((4000, 10), 400, (400, 2)),
    ],
)
def test_sizes(source, width, wanted):
    assert analysed_size(source, width) == wanted


def test_the_shape_is_kept_to_a_pixel_whatever_the_source():
    for width in range(64, 2000, 37):
        for height in range(64, 2000, 41):
            w, h = analysed_size((width, height), 416)
            assert abs(h - w * height / width) <= 1 + width % 2
            assert w % 2 == h % 2 == 0
            assert w <= width
            assert h <= height


@pytest.mark.parametrize(("source", "width"), [((1, 100), None), ((100, 1), None), ((64, 64), 1)])
def test_what_cannot_be_resized_is_refused(source, width):
    with pytest.raises(ValueError, match="cannot resize"):
        analysed_size(source, width)
