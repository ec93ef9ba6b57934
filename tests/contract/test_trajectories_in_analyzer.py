"""Laboratory trajectories as boxes before a camera, through tracker, projection and analyzer."""

import math

import numpy as np
import pytest
from test_pedpy_reference import WALKS, corners, pedpy_data, pedpy_passed

from ray_app.analysis.camera_analyzer import CameraAnalyzer, CameraGround, Watch
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.event import Phase
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation
from ray_app.domain.place import GroundZone, Line
from ray_app.geo.camera import PinholeCamera, PinholeProjection, PoseErrors
from ray_app.situations.bottleneck import Bottleneck, BottleneckSettings
from ray_app.situations.crowd_dynamics import crowd_pressure
from ray_app.situations.crowd_movement import CrowdMovement, CrowdMovementSettings

SIZE_PX = (1920, 1080)
FOCAL_PX, HEIGHT_M, PITCH_DEG = 1100.0, 11.0, -48.0
PERSON_M = (0.45, 1.75)
RATE_HZ = 5.0
RUSH = HysteresisSettings(open_at=1.0, close_at=0.7, hold_s=0.6, release_s=3.0)


def camera_before(zone):
    """A mast camera that looks at the middle of a rectangle from the side of smaller y."""
    (x1, x2), (y1, y2) = zone
    back_m = HEIGHT_M / math.tan(math.radians(-PITCH_DEG))
    place = ((x1 + x2) / 2, (y1 + y2) / 2 - back_m, HEIGHT_M)
    return PinholeCamera(place, 0.0, PITCH_DEG, 0.0, FOCAL_PX, (SIZE_PX[0] / 2, SIZE_PX[1] / 2))


def seen_by(camera, places_m, index):
    """What a perfect detector tells: a box from the feet to the head of everybody in view."""
    n = len(places_m)
    feet = camera.to_px(np.column_stack([places_m, np.zeros(n)]))
    heads = camera.to_px(np.column_stack([places_m, np.full(n, PERSON_M[1])]))
    wide = PERSON_M[0] / PERSON_M[1] * np.linalg.norm(feet - heads, axis=1) / 2
    boxes = np.column_stack([feet[:, 0] - wide, heads[:, 1], feet[:, 0] + wide, feet[:, 1]])
    inside = (boxes >= 0).all(axis=1) & (feet <= SIZE_PX).all(axis=1)
    boxes, count = boxes[inside].astype(np.float32), int(inside.sum())
    labels, scores = np.full(count, Label.PERSON, np.int16), np.full(count, 0.9, np.float32)
    found = Detections(boxes, scores, labels)
    return Observation(FrameKey("lab", index, 0, index / RATE_HZ), SIZE_PX, found)


class Ways:
    """Everybody's place at any time, between the frames of a recording."""

    def __init__(self, walk):
        rows = walk.read()
        rate_hz = walk.rate_hz / walk.frame_step
        self.ways = {}
        for number in np.unique(rows[:, 0]).astype(int).tolist():
            own = rows[rows[:, 0] == number]
            self.ways[number] = (own[:, 1] / rate_hz, own[:, 2], own[:, 3])
        self.seconds = rows[:, 1].max() / rate_hz

    def places(self, time_s):
        """Where everybody is by number."""
        return {
            number: (np.interp(time_s, times, x), np.interp(time_s, times, y))
            for number, (times, x, y) in self.ways.items()
            if times[0] <= time_s <= times[-1]
        }

    def at(self, time_s):
        return np.array(list(self.places(time_s).values()), float).reshape(-1, 2)


def analyze(walk, situation, alarm, ways, seconds, time_of=lambda t: t):
    """Events and readings of a situation; time_of tells which instant of the recording is shown."""
    camera = camera_before(walk.zone)
    projection = PinholeProjection(camera, PoseErrors(pitch_deg=0.2))
    ground = CameraGround(projection_of=lambda _: projection)
    analyzer = CameraAnalyzer("lab", RATE_HZ, [Watch(situation, alarm)], ground)
    opened, readings = [], []
    for k in range(round(seconds * RATE_HZ)):
        step = analyzer.step(seen_by(camera, ways.at(time_of(k / RATE_HZ)), k))
        opened += [event for event in step.events if event.phase is Phase.OPENED]
        readings += [r for r in step.readings if r.situation == situation.name]
    return opened, readings


NEVER = HysteresisSettings(open_at=1e5, close_at=1e4, hold_s=1.0, release_s=1.0)
ONE_WAY = [name for name in WALKS if name != "street"]
SECONDS = 60.0


def passages(walk, window_s):
    line, zone = Line("line", *walk.line), GroundZone("zone", corners(walk.zone))
    chosen = BottleneckSettings(line="line", queue_zone="zone", window_s=window_s)
    return Bottleneck(chosen, line, zone)


def movement(walk):
    zone = GroundZone("zone", corners(walk.zone))
    return CrowdMovement(CrowdMovementSettings(zone="zone"), zone)


@pytest.mark.parametrize("name", ONE_WAY)
def test_flow_through_the_analyzer_is_pedpys_flow(name):
    """Over all windows of 20 s, within 5 %."""
    walk, window_s = WALKS[name], 20.0
    data = pedpy_data(walk, walk.read())
    ways = Ways(walk)
    seconds = min(SECONDS, ways.seconds)
    _, readings = analyze(walk, passages(walk, window_s), NEVER, ways, seconds)
    whole = [r for r in readings if r.time_s >= window_s]
    passed = pedpy_passed(walk, data)
    theirs = [
        passed[min(len(passed) - 1, round(r.time_s * data.frame_rate))]
        - passed[round((r.time_s - window_s) * data.frame_rate)]
        for r in whole
    ]
    ours = [dict(r.reading.measures)["flow_per_s"] for r in whole]
    assert np.mean(ours) == pytest.approx(np.mean(theirs) / window_s, rel=0.05)
    assert np.mean(ours) > 1


@pytest.mark.parametrize("name", WALKS)
def test_no_rush_no_turbulence_and_no_waves_in_a_normal_walk(name):
    """Up to 5 people/m2 before a passage of 3 m, ordered: below every limit."""
    walk = WALKS[name]
    ways = Ways(walk)
    opened, readings = analyze(walk, movement(walk), RUSH, ways, min(SECONDS, ways.seconds))
    assert opened == []
    assert max(r.reading.level for r in readings) < 0.9


SURGE_S, FASTER = 12.0, 2.6
"""From here on everybody goes so many times faster."""


def surge(time_s):
    return time_s if time_s < SURGE_S else SURGE_S + FASTER * (time_s - SURGE_S)


@pytest.mark.parametrize("name", ["bottleneck 3 m", "corridor 1.8 m", "corridor 3 m"])
def test_a_surge_in_a_dense_walk_is_found_within_three_seconds(name):
    walk = WALKS[name]
    opened, _ = analyze(walk, movement(walk), RUSH, Ways(walk), SURGE_S + 6, surge)
    assert SURGE_S < opened[0].time_s <= SURGE_S + 3


def test_pressure_through_the_analyzer_is_that_of_the_true_places():
    """Before the 3 m passage, where people stand up to 5 a square metre."""
    walk = WALKS["bottleneck 3 m"]
    ways = Ways(walk)
    _, readings = analyze(walk, movement(walk), RUSH, ways, 30.0)
    (x1, x2), (y1, y2) = walk.zone
    ours, true = [], []
    for reading in readings[50::5]:
        now, before = (ways.places(reading.time_s - ago_s) for ago_s in (0.0, 1.0))
        here = [
            number
            for number, (x, y) in now.items()
            if number in before and x1 <= x <= x2 and y1 <= y <= y2
        ]
        places = np.array([now[number] for number in here])
        velocity = places - np.array([before[number] for number in here])
        true.append(crowd_pressure(places, velocity, 0.0, places, 5)[1])
        ours.append(dict(reading.reading.measures)["pressure_per_s2"])
    assert len(true) > 15
    assert np.median(ours) == pytest.approx(np.median(true), rel=0.25)
    assert np.corrcoef(ours, true)[0, 1] > 0.6
