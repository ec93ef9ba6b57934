"""Zones stand in the picture where the calibration puts them."""

import numpy as np
import pytest

from ray_app.commands.site_text import load_site_text
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Observation
from ray_app.wiring import build_outlines

SITE = """
site: fair
cameras:
  - id: gate
    footage: [gate.mp4]
    calibration:
      homography:
        image_size_px: [1000, 500]
        pairs:
          - {px: [0, 0], m: [0, 50]}
          - {px: [1000, 0], m: [100, 50]}
          - {px: [1000, 500], m: [100, 0]}
          - {px: [0, 500], m: [0, 0]}
    zones: [{name: yard, polygon_m: [[10, 10], [20, 10], [20, 20], [10, 20]]}]
    lines: [{name: door, start_m: [30, 10], end_m: [40, 10]}]
  - id: plain
    footage: [plain.mp4]
    zones: [{name: yard, polygon_px: [[1, 2], [3, 2], [3, 4]]}]
"""
GATE, PLAIN = load_site_text(SITE, "test").cameras


def seen(camera_id: str) -> Observation:
    return Observation(FrameKey(camera_id, 0, 0.0, 0), (1000, 500), Detections.none())


def test_ground_places_are_laid_on_the_picture() -> None:
    yard, door = build_outlines(GATE)(seen("gate"))
    corners = np.array(yard.points_px)
    # Ten pixels a metre, y downwards from 50 m.
    assert corners.min(axis=0) == pytest.approx([100, 300], abs=0.5)
    assert corners.max(axis=0) == pytest.approx([200, 400], abs=0.5)
    assert np.ptp(np.array(door.points_px)[:, 1]) == pytest.approx(0.0, abs=0.5)


def test_places_in_pixels_need_no_calibration() -> None:
    (yard,) = build_outlines(PLAIN)(seen("plain"))
    assert yard.points_px == ((1, 2), (3, 2), (3, 4))
