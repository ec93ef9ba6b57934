import pytest
from people_scenes import boxes_at, scene_at, uncalibrated

from ray_app.domain.event import Unmeasured
from ray_app.domain.observation import Label
from ray_app.domain.place import GroundZone, PictureZone
from ray_app.situations.restricted_area import RestrictedArea, RestrictedAreaSettings

CLOSED = GroundZone("stage", ((2, 2), (6, 2), (6, 6), (2, 6)))


def area(zone=CLOSED, **settings):
    return RestrictedArea(RestrictedAreaSettings(zone=zone.name, **settings), zone)


def level(situation, scene):
    (reading,) = situation.measure(scene)
    return reading.level


def test_feet_inside_count_and_feet_outside_do_not():
    assert level(area(), scene_at([(3, 3), (5, 5), (1, 1), (6.1, 4)])) == 2


def test_a_margin_keeps_the_edge_out():
    assert level(area(margin_m=0.5), scene_at([(2.3, 4), (2.6, 4)])) == 1


@pytest.mark.parametrize(
    ("label", "vehicles", "expected"),
    [
        (Label.VEHICLE, True, 1),
        (Label.VEHICLE, False, 0),
        (Label.PERSON, False, 1),
        (Label.BAG, True, 0),
    ],
)
def test_who_counts(label, vehicles, expected):
    assert level(area(vehicles=vehicles), scene_at([(3, 3)], label=label)) == expected


def test_a_first_sighting_does_not_count():
    assert level(area(), scene_at([(3, 3)], age_s=0.0)) == 0


def test_doubt_is_highest_on_the_edge():
    edge, middle = (area().measure(scene_at([p], sigma_m=0.3))[0] for p in ((2, 4), (4, 4)))
    assert edge.sigma == pytest.approx(0.5)
    assert middle.sigma < 0.01


def test_without_calibration_a_ground_zone_refuses_and_a_picture_zone_answers():
    x1, _, x2, y2 = boxes_at([(3, 3)])[0].tolist()
    drawn = PictureZone("stage", ((x1, y2 - 5), (x2, y2 - 5), (x2, y2 + 5), (x1, y2 + 5)))
    scene = uncalibrated(scene_at([(3, 3), (8, 8)]))
    assert isinstance(area().measure(scene)[0], Unmeasured)
    assert level(area(drawn), scene) == 1


def test_a_zone_half_out_of_sight_still_tells_of_whoever_is_seen_in_it():
    edge = GroundZone("edge", ((18, 0), (30, 0), (30, 4), (18, 4)))
    assert level(area(edge), scene_at([(19, 2)])) == 1
    assert isinstance(area(edge).measure(scene_at([(3, 3)]))[0], Unmeasured)
