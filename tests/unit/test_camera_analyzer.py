from dataclasses import replace

import numpy as np
import pytest
from people_scenes import PX_PER_M, PlanView, boxes_at, observation_at

from ray_app.analysis.camera_analyzer import CameraAnalyzer, CameraGround, Watch
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.errors import CalibrationError, FrameOrderError
from ray_app.domain.event import Phase
from ray_app.domain.observation import CrowdMap, FireMap
from ray_app.domain.place import GroundZone, Line, PictureZone
from ray_app.situations.bottleneck import Bottleneck, BottleneckSettings
from ray_app.situations.counterflow import Counterflow, CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensity, CrowdDensitySettings
from ray_app.situations.fire_smoke import FireSmoke, FireSmokeSettings
from ray_app.situations.restricted_area import RestrictedArea, RestrictedAreaSettings

STAGE = GroundZone("stage", ((2, 2), (6, 2), (6, 6), (2, 6)))
OUTSIDE, INSIDE = [(10.0, 10.0)], [(4.0, 4.0)]


def alarm(open_at=1.0, close_at=0.5, hold_s=0.6, release_s=1.0):
    return HysteresisSettings(
        open_at=open_at, close_at=close_at, hold_s=hold_s, release_s=release_s
    )


def closed_stage():
    return Watch(RestrictedArea(RestrictedAreaSettings(zone="stage"), STAGE), alarm())


def analyzer(*watches, projection_of=lambda _: PlanView(), **ground):
    return CameraAnalyzer(
        "cam", 5.0, watches or (closed_stage(),), CameraGround(projection_of, **ground)
    )


def feed(camera, observations):
    return [event for o in observations for event in camera.step(o).events]


def stay(places, first, last, **more):
    return [observation_at(places, k, **more) for k in range(first, last)]


def life(events):
    return [(e.phase, round(e.started_s, 3), round(e.time_s, 3)) for e in events]


def test_an_intruder_is_a_candidate_then_an_event_then_gone():
    camera = analyzer()
    events = feed(camera, stay(OUTSIDE, 0, 10) + stay(INSIDE, 10, 25) + stay([], 25, 40))
    # Seen at 2.0 s, followed from the second sighting; gone after 4.8 s, predicted for 0.5 s.
    assert life(events) == [
        (Phase.CANDIDATE, 2.2, 2.2),
        (Phase.OPENED, 2.2, 2.8),
        (Phase.CLOSED, 2.2, 6.4),
    ]
    closed = events[-1]
    assert {e.event_id for e in events} == {"cam/restricted_area/stage/2.200"}
    assert closed.why.frames == (11, 32)  # first crossing is the peak too
    assert closed.why.duration_s == pytest.approx(4.2)
    assert closed.why.peak == 1
    assert closed.why.ended_by == "level"
    assert closed.why.unit == "people and vehicles"
    assert (closed.why.open_at, closed.why.close_at) == (1.0, 0.5)
    assert camera.finish().events == ()


def test_the_frame_of_the_peak_is_kept():
    two = [*INSIDE, (5.0, 3.0)]
    camera = analyzer()
    feed(camera, stay(INSIDE, 0, 10) + stay(two, 10, 20))
    (closed,) = camera.finish().events
    assert closed.why.frames == (1, 11, 19)
    assert closed.why.peak == 2
    assert closed.why.ended_by == "footage"


def test_a_short_visit_lapses():
    events = feed(analyzer(), stay(OUTSIDE, 0, 5) + stay(INSIDE, 5, 7) + stay(OUTSIDE, 7, 20))
    assert [e.phase for e in events] == [Phase.CANDIDATE, Phase.LAPSED]
    assert events[-1].why.ended_by == "level"


@pytest.mark.parametrize(
    "later",
    [
        pytest.param({"stretch": 1}, id="new stretch"),
        pytest.param({"time_s": 3.2}, id="time jump"),
    ],
)
def test_broken_off_footage_closes_events_at_the_last_frame_before(later):
    camera = analyzer()
    feed(camera, stay(INSIDE, 0, 10))
    step = camera.step(observation_at(INSIDE, 10, **later))
    (closed,) = step.events
    assert (closed.phase, closed.time_s, closed.why.ended_by) == (Phase.CLOSED, 1.8, "footage")
    assert [r.reading.level for r in step.readings if r.situation == "restricted_area"] == [0]


def test_a_jump_of_three_frames_breaks_nothing():
    camera = analyzer()
    feed(camera, stay(INSIDE, 0, 10))
    assert camera.step(observation_at(INSIDE, 14)).events == ()


def test_numbers_of_tracks_do_not_come_back_after_a_break():
    camera = analyzer()
    feed(camera, stay(INSIDE, 0, 5))
    feed(camera, stay(INSIDE, 5, 8, stretch=1))
    assert camera._tracker._followed.ids.tolist() == [2]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"index": 3}, id="the same frame again"),
        pytest.param({"index": 2}, id="an earlier frame"),
        pytest.param({"index": 4, "time_s": 0.1}, id="time runs back"),
    ],
)
def test_disorder_is_an_error(wrong):
    camera = analyzer()
    feed(camera, stay(INSIDE, 0, 4))
    with pytest.raises(FrameOrderError, match="cam: frame"):
        camera.step(observation_at(INSIDE, **wrong))


def test_frames_of_another_camera_are_an_error():
    seen = observation_at(INSIDE)
    with pytest.raises(FrameOrderError, match="other"):
        analyzer().step(replace(seen, key=replace(seen.key, camera_id="other")))


def test_readings_carry_their_place_in_time():
    step = analyzer().step(observation_at(INSIDE, 7))
    assert [(r.situation, r.unit, r.index, r.reading.place) for r in step.readings] == [
        ("people_count", "people", 7, "view"),
        ("restricted_area", "people and vehicles", 7, "stage"),
    ]
    assert {(r.camera_id, r.time_s) for r in step.readings} == {("cam", 1.4)}


def count_of(step, place="view"):
    return next(
        r.reading.level
        for r in step.readings
        if (r.situation, r.reading.place) == ("people_count", place)
    )


def test_an_uncalibrated_camera_counts_and_refuses_metres():
    x1, _, x2, y2 = boxes_at(INSIDE)[0].tolist()
    drawn = PictureZone("drawn", ((x1, y2 - 9), (x2, y2 - 9), (x2, y2 + 9), (x1, y2 + 9)))
    camera = analyzer(projection_of=None, zones=(drawn, STAGE))
    for observation in stay(OUTSIDE + INSIDE, 0, 3):
        step = camera.step(observation)
        assert count_of(step) == 2
        assert count_of(step, "drawn") == 1
    refused = {(r.situation, r.place): n for r, n in camera.refused.items()}
    assert refused == {("people_count", "stage"): 3, ("restricted_area", "stage"): 3}
    assert all("no calibration" in r.reason for r in camera.refused)


def test_a_drone_without_pose_refuses_with_the_reason_and_comes_back():
    def projection_of(observation):
        if observation.key.index in (6, 7):
            raise CalibrationError("no pose")
        return PlanView()

    camera = analyzer(projection_of=projection_of)
    events = feed(camera, stay(INSIDE, 0, 12))
    assert [e.phase for e in events] == [Phase.CANDIDATE, Phase.OPENED]
    assert {(r.place, r.reason): n for r, n in camera.refused.items()} == {("stage", "no pose"): 2}


def test_the_count_passes_smoothly_from_boxes_to_the_crowd_map():
    """Boxes see every second person; the map sees all of them."""
    counts = []
    for people in range(2, 61):
        spots = [(1 + 0.3 * k, 5) for k in range(people // 2)]
        seen = observation_at(spots)
        heads = np.zeros((20, 20), np.float32)
        heads[10, :10] = people / 10
        counts.append(count_of(analyzer().step(replace(seen, crowd=CrowdMap(heads, 50.0)))))
    steps = np.diff(counts)
    assert (steps > 0).all()
    assert steps.max() < 2
    assert counts[0] < 1.5  # boxes: 1 of 2
    assert counts[-1] > 56  # map: 60


def test_whoever_stands_outside_the_perimeter_does_not_exist():
    heads = np.zeros((20, 20), np.float32)
    heads[5, 15] = 40.0
    camera = analyzer(perimeter_m=((0, 0), (8, 0), (8, 8), (0, 8)))
    seen = replace(observation_at(INSIDE + OUTSIDE), crowd=CrowdMap(heads, PX_PER_M))
    assert count_of(camera.step(seen)) == pytest.approx(1, abs=0.3)
    assert len(camera._tracker._followed.ids) == 1


def test_a_fire_outside_the_perimeter_does_not_exist():
    flame = np.full((20, 20), 200, np.uint8)
    camera = analyzer(
        Watch(FireSmoke(FireSmokeSettings(), None), alarm(0.5, 0.3)),
        perimeter_m=((0, 0), (8, 0), (8, 8), (0, 8)),
    )
    seen = []
    for index in range(30):
        fire = FireMap(flame.copy(), np.zeros_like(flame), PX_PER_M)
        fire.flame[12:, :8] = 0 if index < 15 else 200
        step = camera.step(replace(observation_at([], index), fire=fire))
        seen += [r.reading.level for r in step.readings if r.situation == "fire_smoke"]
    assert max(seen[:15]) == 0
    assert seen[-1] > 0.5


def test_a_perimeter_without_calibration_refuses_everything():
    camera = analyzer(projection_of=None, perimeter_m=((0, 0), (8, 0), (8, 8), (0, 8)))
    step = camera.step(observation_at(INSIDE))
    assert step.readings == ()
    assert {r.situation for r in step.refusals} == {"people_count", "restricted_area"}
    assert all("perimeter" in r.reason for r in step.refusals)


def four_watches():
    hall = GroundZone("hall", ((0, 0), (20, 0), (20, 20), (0, 20)))
    queue = GroundZone("queue", ((6, 4), (14, 4), (14, 10), (6, 10)))
    line = Line("gate", (9, 10), (11, 10))
    return (
        closed_stage(),
        Watch(CrowdDensity(CrowdDensitySettings(zone="hall"), hall), alarm(0.05, 0.04)),
        Watch(Counterflow(CounterflowSettings(zone="hall", direction_m=(0.0, 1.0)), hall), alarm()),
        Watch(
            Bottleneck(BottleneckSettings(line="gate", queue_zone="queue"), line, queue),
            alarm(30.0, 20.0),
        ),
    )


def test_four_situations_see_their_own_incident():
    """Thirty queue for 20 s while one walks against them into the closed stage."""
    queue = [(6.5 + k % 10 * 0.8, 5 + k // 10) for k in range(30)]
    frames = [observation_at([*queue, (4, max(19 - 0.2 * k, 4))], k) for k in range(100)]
    events = feed(analyzer(*four_watches()), frames)
    opened = {e.situation: e.time_s for e in events if e.phase is Phase.OPENED}
    assert set(opened) == {"restricted_area", "crowd_density", "counterflow", "bottleneck"}
    # Feet are over the edge of the stage (y = 6) at 13.0 s.
    assert opened["restricted_area"] == pytest.approx(13.6, abs=0.25)


def test_the_same_frames_give_the_same_events_to_the_bit():
    def run():
        rng = np.random.default_rng(5)
        camera = analyzer(*four_watches())
        frames = [observation_at(rng.random((40, 2)) * 20, k) for k in range(60)]
        steps = [camera.step(frame) for frame in frames]
        return [*steps, camera.finish()]

    assert run() == run()
