"""The shipped calibration of PETS 2009 View 1 against the people annotated in it."""

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import yaml

from ray_app.geo.calibration import HomographyCalibration, PointPair
from ray_app.geo.homography_projection import homography_projection, reprojection_error

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("VIGIE_DATA", ROOT.parent / "shared" / "data"))
TRUTH = DATA / "pets09_vtest" / "gt" / "PETS2009-S2L1.xml"
FRAME_RATE_HZ = 7


@pytest.fixture(scope="module")
def calibration():
    site = yaml.safe_load((ROOT / "configs" / "sites" / "pets09.yaml").read_text())
    written = site["cameras"][0]["calibration"]["homography"]
    pairs = tuple(PointPair(px=tuple(p["px"]), m=tuple(p["m"])) for p in written["pairs"])
    return HomographyCalibration(image_size_px=tuple(written["image_size_px"]), pairs=pairs)


@pytest.fixture(scope="module")
def people():
    """Rows of person, frame, x of the feet, y of the feet, y of the head; by person and frame."""
    if not TRUTH.is_file():
        pytest.skip(f"needs {TRUTH.name}: set VIGIE_DATA to the development data")
    rows = []
    for frame in ET.parse(TRUTH).getroot().iter("frame"):  # noqa: S314  our own data
        for person in frame.iter("object"):
            box = {key: float(value) for key, value in person.find("box").attrib.items()}
            top, bottom = box["yc"] - box["h"] / 2, box["yc"] + box["h"] / 2
            number = (int(person.get("id")), int(frame.get("number")))
            rows.append((*number, box["xc"], bottom, top))
    return np.array(sorted(rows))


def test_the_pairs_agree_with_each_other(calibration):
    error = reprojection_error(calibration)
    assert error.worst_px < 2
    assert error.rms_m < 0.1


def test_people_walk_at_the_speed_of_people(calibration, people):
    places_m = homography_projection(calibration, (768, 576)).feet_to_ground(people[:, 2:4]).xy_m
    later = np.searchsorted(people[:, 0] * 1e4 + people[:, 1], _a_second_later(people))
    same = later < len(people)
    same[same] &= (people[later[same], :2] - people[same, :2] == (0, FRAME_RATE_HZ)).all(axis=1)
    speeds = np.linalg.norm(places_m[later[same]] - places_m[same], axis=1)
    assert len(speeds) > 3000
    assert 0.9 < np.median(speeds[speeds > 0.5]) < 1.4


def test_people_are_as_tall_as_people(calibration, people):
    seen = homography_projection(calibration, (768, 576))
    feet_m = seen.feet_to_ground(people[:, 2:4]).xy_m
    behind_m = seen.feet_to_ground(people[:, [2, 4]]).xy_m
    x_m, y_m, height_m = seen.camera.centre_m
    reach_m = np.linalg.norm(feet_m - (x_m, y_m), axis=1)
    heights_m = height_m * (1 - reach_m / np.linalg.norm(behind_m - (x_m, y_m), axis=1))
    assert 1.65 < np.median(heights_m) < 1.85


def _a_second_later(people):
    return people[:, 0] * 1e4 + people[:, 1] + FRAME_RATE_HZ
