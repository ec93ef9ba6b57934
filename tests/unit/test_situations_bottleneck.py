import numpy as np
import pytest
from people_scenes import scene_at, uncalibrated, with_crowd_map

from ray_app.domain.event import Unmeasured
from ray_app.domain.place import GroundZone, Line
from ray_app.situations.bottleneck import Bottleneck, BottleneckSettings
from ray_app.situations.line_crossings import LineCrossings

# People walk up (+y); left of the line, seen from start to end, is the way out.
GATE = Line("gate", (9, 10), (11, 10))
QUEUE = GroundZone("queue", ((6, 4), (14, 4), (14, 10), (6, 10)))


def bottleneck(**settings):
    chosen = BottleneckSettings(line="gate", queue_zone="queue", **settings)
    return Bottleneck(chosen, GATE, QUEUE)


def stream(t, every_s, speed_m_per_s=1.0, x=10.0):
    """People in single file, one through the gate each every_s seconds."""
    gaps = speed_m_per_s * every_s
    y = 0.5 + (speed_m_per_s * t) % gaps + gaps * np.arange(30)
    number = np.arange(30) - int(speed_m_per_s * t / gaps + 1e-9) + 1000
    seen = y < 16
    return np.stack([np.full(30, x), y], axis=1)[seen], number[seen]


def run(situation, scene_of, seconds=30.0, rate_hz=5.0):
    answers = []
    for k in range(int(seconds * rate_hz) + 1):
        answers += situation.measure(scene_of(k))
    return answers


def measures(reading):
    return dict(reading.measures)


def test_a_free_stream_clears_its_queue_in_the_time_of_the_walk():
    """One person a second at 1 m/s; 6 m of queue zone hold 6 people: 6 s (Little)."""

    def scene(k):
        places, ids = stream(k / 5, every_s=1.0)
        return scene_at(places, k, ids=ids)

    last = run(bottleneck(), scene)[-1]
    assert last.level == pytest.approx(6, rel=0.1)
    assert measures(last)["flow_by_crossings_per_s"] == pytest.approx(1.0, abs=0.07)
    assert measures(last)["flow_by_density_per_s"] == pytest.approx(1.0, rel=0.1)
    assert measures(last)["flow_per_m_s"] == pytest.approx(0.5, rel=0.1)
    assert measures(last)["capacity_share"] == pytest.approx(0.5 / 1.22, rel=0.1)
    assert measures(last)["queue_speed_m_per_s"] == pytest.approx(1.0, rel=0.02)
    assert measures(last)["queue_people_per_m2"] == pytest.approx(6 / 48, rel=0.1)


def test_a_queue_behind_a_slow_gate_is_a_bottleneck():
    """Thirty wait, one passes every three seconds: ninety seconds."""
    waiting = [(6.5 + k % 10 * 0.8, 5 + k // 10) for k in range(30)]

    def scene(k):
        passing, ids = stream(k / 5, every_s=3.0)
        ahead = passing[:, 1] > 9
        places = np.concatenate([waiting, passing[ahead]])
        return scene_at(places, k, ids=np.concatenate([np.arange(30), ids[ahead]]))

    last = run(bottleneck(), scene)[-1]
    assert last.level == pytest.approx(90, rel=0.12)
    assert last.sigma < last.level


def test_a_gate_at_a_standstill_counts_one_person_per_window():
    waiting = [(7 + 0.5 * k, 8) for k in range(8)]
    last = run(bottleneck(window_s=10.0), lambda k: scene_at(waiting, k))[-1]
    assert last.level == pytest.approx(8 * 10)
    assert measures(last)["flow_per_s"] == 0


def test_three_people_are_no_bottleneck():
    last = run(bottleneck(), lambda k: scene_at([(8, 8), (9, 8), (10, 8)], k))[-1]
    assert last.level == 0


def test_nothing_is_said_before_half_a_window():
    answers = run(bottleneck(), lambda k: scene_at([(8, 8)] * 5, k), seconds=10)
    kinds = [isinstance(a, Unmeasured) for a in answers]
    assert kinds.index(False) == 38  # 7.5 s at 5 Hz, rounded up to a frame


def test_in_a_crowd_the_map_makes_up_for_missed_boxes():
    """4 people/m2 move at 0.5 m/s through 2 m: 4 people/s; the boxes see one in two."""

    def scene(k):
        y = 4 + (0.5 * k / 5 + np.arange(18) * 0.5) % 9
        x = np.tile([9.25, 10.75], 9)
        heads = np.zeros((40, 40))
        heads[14:32, 18:22] = 1.0  # cells of 0.5 m: y 4-13, x 9-11
        lap = ((0.5 * k / 5 + np.arange(18) * 0.5) // 9).astype(int)
        tracked = scene_at(np.stack([x, y], axis=1), k, ids=np.arange(18) + 100 * lap)
        return with_crowd_map(tracked, heads, cell_m=0.5)

    last = run(bottleneck(), scene)[-1]
    assert measures(last)["flow_by_density_per_s"] == pytest.approx(4.0, rel=0.15)
    assert measures(last)["flow_per_s"] == measures(last)["flow_by_density_per_s"]
    assert last.level == pytest.approx(48 / 4, rel=0.15)


def test_without_calibration_it_refuses():
    (answer,) = bottleneck().measure(uncalibrated(scene_at([(8, 8)])))
    assert isinstance(answer, Unmeasured)
    assert "no calibration" in answer.reason


def crossings(path, line=GATE):
    counter = LineCrossings(line)
    steps = [
        counter.update(k / 5, (s := scene_at([p], k)).tracks, s.feet.xy_m)
        for k, p in enumerate(path)
    ]
    return tuple(sum(column) for column in zip(*steps, strict=True))


@pytest.mark.parametrize(
    ("path", "out_and_in"),
    [
        pytest.param([(10, 9), (10, 9.5), (10, 10.5), (10, 11)], (1, 0), id="out"),
        pytest.param([(10, 11), (10, 10.5), (10, 9.5)], (0, 1), id="in"),
        pytest.param([(10, 9), (10, 10.1), (10, 9.9), (10, 10.1)], (0, 0), id="wavers on it"),
        pytest.param([(10, 9), (10, 10.1), (10, 10.3)], (1, 0), id="passes the band in steps"),
        pytest.param([(10, 9), (10, 11), (10, 9)], (1, 1), id="out and back"),
        pytest.param([(13, 9), (13, 11)], (0, 0), id="beyond the end of the line"),
        pytest.param([(10, 10.5), (10, 11)], (0, 0), id="came from nowhere"),
        pytest.param([(10, 9), (np.nan, np.nan), (10, 11)], (1, 0), id="place lost in between"),
    ],
)
def test_crossings(path, out_and_in):
    assert crossings(path) == out_and_in


def test_a_standing_crowd_whose_boxes_waver_does_not_flow():
    rng = np.random.default_rng(2)
    crowd = np.stack(np.meshgrid([9.3, 10, 10.7], [8.5, 9.2, 9.9]), axis=-1).reshape(-1, 2)

    def scene(k):
        return scene_at(crowd + rng.normal(size=crowd.shape) * 0.1, k)

    last = run(bottleneck(), scene)[-1]
    assert measures(last)["flow_by_density_per_s"] < 0.05
    assert last.level > 60
