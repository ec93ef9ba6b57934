"""What somebody brings and leaves is told; light, holes and people who stand are not."""

import numpy as np
import pytest

from ray_app.domain.event import Reading, Unmeasured
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation, PictureGrid, Tracks
from ray_app.domain.place import PictureZone
from ray_app.domain.scene import Scene
from ray_app.situations.abandoned_object import AbandonedObject, AbandonedObjectSettings

RATE_HZ, CELL_PX = 5.0, 8.0
ROWS, COLUMNS = 30, 40
THING = (slice(18, 20), slice(20, 22))  # foot at 168, 160 px


def floor(seed=0):
    rng = np.random.default_rng(seed)
    return np.repeat(rng.integers(90, 130, (ROWS, COLUMNS, 1)), 3, 2).astype(float)


def scene(index, colours, people=(), texture=None):
    """people: (track number, x of feet, y of feet), 24 x 60 px each."""
    boxes = np.array([(x - 12, y - 60, x + 12, y) for _, x, y in people], np.float32).reshape(-1, 4)
    count = len(boxes)
    noise = np.random.default_rng(index).normal(0, 1.0, colours.shape)
    seen = (colours + noise).clip(0, 255)
    for x1, y1, x2, y2 in boxes / CELL_PX:
        seen[max(0, int(y1)) : int(np.ceil(y2)), max(0, int(x1)) : int(np.ceil(x2))] = 0
    texture = np.zeros((ROWS, COLUMNS)) if texture is None else texture
    grid = PictureGrid(seen.astype(np.uint8), texture.astype(np.uint8), CELL_PX)
    labels = np.full(count, Label.PERSON, np.int16)
    observation = Observation(
        FrameKey("a", index, 0, index / RATE_HZ),
        (320, 240),
        Detections(boxes, np.ones(count, np.float32), labels),
        grid=grid,
    )
    ids = np.array([number for number, _, _ in people], np.int64)
    tracks = Tracks(ids, boxes, labels, np.full(count, 9.0, np.float32))
    return Scene(observation, tracks, None, None, None, None)


class Film:
    """Plays a story; remembers the highest level of each second."""

    def __init__(self, situation=None):
        self.situation = situation or AbandonedObject(AbandonedObjectSettings(), None)
        self.index = 0
        self.colours = floor()
        self.levels = {}

    def play(self, seconds, walk=lambda t: (), texture=None):
        highest = 0.0
        for step in range(round(seconds * RATE_HZ)):
            people = walk(step / RATE_HZ)
            for answer in self.situation.measure(scene(self.index, self.colours, people, texture)):
                assert isinstance(answer, Reading)
                highest = max(highest, answer.level)
                self.levels[answer.place] = answer.level
            self.index += 1
        return highest

    def put(self, by=40):
        self.colours = self.colours.copy()
        self.colours[THING] += by


def arrives(t):
    return [(1, 20 + 30 * t, 165.0)]


def leaves(t):
    return [(1, 170 + 30 * t, 165.0)]


def left_behind(film):
    film.play(5)
    film.play(5, arrives)
    film.put()
    return film.play(6, leaves)


def test_a_thing_that_is_left_is_told_by_the_seconds_it_is_alone():
    film = Film()
    left_behind(film)
    assert film.play(12) == pytest.approx(15, abs=3)
    (place,) = [name for name in film.levels if name != "view"]
    assert place.startswith("view/thing-")


def test_while_its_owner_stays_nothing_is_told():
    film = Film()
    film.play(5)
    film.play(5, arrives)
    film.put()
    assert film.play(30, lambda t: [(1, 200 + 5 * np.sin(t), 165.0)]) < 2


def test_others_who_pass_do_not_attend_to_it_and_who_stays_does():
    film = Film()
    left_behind(film)
    assert film.play(8, lambda t: [(2, 20 + 40 * t, 170.0)]) > 8
    film.play(6, lambda t: [(3, 190.0, 165.0)])
    assert max(level for name, level in film.levels.items() if name != "view") == 0


def test_who_goes_slowly_past_it_within_touch_does_not_attend_to_it():
    film = Film()
    left_behind(film)
    before = film.play(3)
    # 12 px/s, a fifth of their height: within touch (30 px) of it for 5 seconds
    assert film.play(8, lambda t: [(4, 120 + 12 * t, 170.0)]) > before + 7


def test_an_owner_who_left_and_walks_past_again_does_not_attend_to_it():
    film = Film()
    left_behind(film)
    assert film.play(5) > 5
    assert film.play(7, lambda t: [(1, 260 - 26 * t, 190.0)]) > 10


def test_an_owner_who_comes_back_and_stands_there_does():
    film = Film()
    left_behind(film)
    film.play(5)
    film.play(8, lambda t: [(1, max(215.0, 300 - 40 * t), 190.0)])
    assert max(level for name, level in film.levels.items() if name != "view") == 0


def test_when_it_is_taken_away_it_is_over():
    film = Film()
    left_behind(film)
    film.play(8)
    film.put(by=-40)
    film.play(8)
    assert max(level for name, level in film.levels.items() if name != "view") == 0
    assert film.play(10) == 0


def test_light_that_nobody_brought_is_no_thing():
    film = Film()
    film.play(10)
    film.put()
    assert film.play(30) == 0


def test_the_whole_picture_may_grow_brighter():
    film = Film()
    film.play(10)
    film.colours = film.colours * 1.4
    assert film.play(5, arrives) == 0
    assert film.play(20) == 0


def test_a_thing_that_was_always_there_leaves_a_hole_and_no_alarm():
    film = Film()
    film.put()
    film.play(10)
    film.play(5, arrives)
    film.put(by=-40)
    film.play(6, leaves)
    assert film.play(20) == 0


def test_somebody_who_stands_where_the_film_begins_leaves_no_thing():
    film = Film()
    film.play(5, lambda t: [(1, 168.0, 160.0)])
    film.play(6, lambda t: [(1, 168 + 25 * t, 160.0)])
    assert film.play(20) == 0


def test_a_fluttering_edge_is_asked_for_more():
    texture = np.zeros((ROWS, COLUMNS))
    texture[THING] = 60
    film = Film()
    film.play(5, texture=texture)
    film.play(5, arrives, texture)
    film.put(by=22)
    film.play(6, leaves, texture)
    assert film.play(12, texture=texture) == 0


def test_a_zone_is_looked_at_alone():
    def run(polygon):
        zone = PictureZone("hall", polygon)
        film = Film(AbandonedObject(AbandonedObjectSettings(zone="hall"), zone))
        left_behind(film)
        return film.play(10)

    assert run(((0, 0), (120, 0), (120, 240), (0, 240))) == 0
    assert run(((120, 100), (320, 100), (320, 240), (120, 240))) > 8


def test_without_a_grid_it_says_what_to_add():
    bare = scene(0, floor())
    seen = Observation(bare.observation.key, (320, 240), Detections.none())
    (answer,) = AbandonedObject(AbandonedObjectSettings(), None).measure(
        Scene(seen, bare.tracks, None, None, None, None)
    )
    assert isinstance(answer, Unmeasured)
    assert "networks.grid" in answer.reason
