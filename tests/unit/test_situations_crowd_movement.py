import numpy as np
import pytest
from people_scenes import scene_at, uncalibrated

from ray_app.domain.event import Unmeasured
from ray_app.domain.observation import Label
from ray_app.domain.place import GroundZone
from ray_app.situations.crowd_dynamics import StopAndGo, crowd_pressure, divergence
from ray_app.situations.crowd_movement import CrowdMovement, CrowdMovementSettings

HALL = GroundZone("hall", ((0, 0), (20, 0), (20, 20), (0, 20)))


def movement(**settings):
    return CrowdMovement(CrowdMovementSettings(zone="hall", **settings), HALL)


def play(situation, place_of, seconds, rate_hz=5.0, label=Label.PERSON, start_s=0.0):
    """Readings while people move; place_of(t) gives their places."""
    readings = []
    first = round(start_s * rate_hz)
    for k in range(first, first + round(seconds * rate_hz) + 1):
        scene = scene_at(place_of(k / rate_hz), k, rate_hz, label=label)
        readings.append(situation.measure(scene)[0])
    return readings


def rows(count, speed_of, y=2.0):
    """Walkers side by side who go east; speed_of(t) is their speed, integrated in small steps."""

    def place_of(t):
        steps = np.arange(0, t, 0.01)
        x = 1 + sum(speed_of(s) for s in steps) * 0.01
        return [(x, y + 0.8 * k) for k in range(count)]

    return place_of


def test_a_group_that_breaks_into_a_run_passes_the_limit_within_two_seconds():
    readings = play(movement(), rows(8, lambda t: 0.8 if t < 4 else 3.0), 8)
    levels = [reading.level for reading in readings]
    over = next(k for k, level in enumerate(levels) if level >= 1)
    assert 4.0 < over / 5 <= 6.0
    assert max(levels) == pytest.approx(1.5, abs=0.01)  # 3 m/s over 2 m/s
    assert dict(readings[-1].measures)["group_speed_m_s"] == pytest.approx(3.0, abs=1e-3)


def test_a_brisk_walk_and_a_few_runners_are_no_rush():
    assert max(r.level for r in play(movement(), rows(8, lambda _: 1.7), 9)) < 1
    runners = rows(4, lambda _: 3.5)
    assert max(r.level for r in play(movement(), runners, 4)) == 0


def test_where_everybody_always_runs_nothing_is_sudden():
    """A fun run: the same five runners' speed for two minutes, round and round."""
    place_of = lambda t: [((2.6 * t + 2 * k) % 18 + 1, 3 + 2 * k) for k in range(6)]  # noqa: E731
    readings = play(movement(baseline_s=30.0), place_of, 120)
    assert max(r.level for r in readings[-100:]) < 1


def test_what_is_usual_survives_a_gap():
    situation = movement()
    play(situation, rows(8, lambda _: 1.2), 12)
    usual = dict(play(situation, rows(8, lambda _: 0.0), 1)[0].measures)["usual_speed_m_s"]
    situation.forget()
    after = dict(play(situation, rows(8, lambda _: 0.0), 1)[0].measures)["usual_speed_m_s"]
    assert usual > 1.02
    assert after == usual


def test_boxes_that_jump_and_vehicles_that_race_are_no_crowd():
    jump = lambda t: [(5.0 if t < 3 else 11.0, 2 + k) for k in range(8)]  # noqa: E731
    assert max(r.level for r in play(movement(), jump, 6)) == 0
    race = rows(8, lambda _: 6.0)
    assert max(r.level for r in play(movement(), race, 3, label=Label.VEHICLE)) == 0


PACKED = np.array([(8 + 0.45 * i, 8 + 0.45 * j) for i in range(8) for j in range(8)])
"""Sixty-four people at 0.45 m spacing, about 4 people/m2."""


def wave(places, length_m=3.0):
    """A velocity field that goes east and west by turns along y, 0.5 m/s at most."""
    along = np.sin(2 * np.pi * places[:, 1] / length_m)
    return 0.5 * np.stack([along, np.zeros(len(places))], axis=1)


def plainly(places, velocity):
    """Density and pressure of the worst disc, person by person, as the definition reads."""
    field = []
    for here in places:
        weights = [np.exp(-float(((there - here) ** 2).sum())) for there in places]
        field.append(sum(w * v for w, v in zip(weights, velocity, strict=True)) / sum(weights))
    worst = (0.0, 0.0)
    for here in places:
        near = [k for k, there in enumerate(places) if np.hypot(*(there - here)) <= 2]
        basis = np.array([(1.0, *places[k]) for k in near])
        rest = 0.0
        for axis in (0, 1):
            values = np.array([field[k][axis] for k in near])
            rest += ((values - basis @ np.linalg.pinv(basis) @ values) ** 2).sum()
        density = len(near) / (4 * np.pi)
        worst = max(worst, (density, density * rest / (len(near) - 3)), key=lambda pair: pair[1])
    return worst


def test_pressure_is_density_times_variance_of_the_local_velocity():
    density, pressure = crowd_pressure(PACKED, wave(PACKED), 0.0, PACKED, 5)
    assert (density, pressure) == pytest.approx(plainly(PACKED, wave(PACKED)))
    assert density > 3
    assert 0.02 < pressure < density * 0.125  # half the square of the highest speed
    assert crowd_pressure(PACKED, wave(PACKED), 0.1, PACKED, 5)[1] < pressure
    assert crowd_pressure(PACKED[:5], wave(PACKED[:5]), 0.0, PACKED[:5], 2) == (0.0, 0.0)


def test_a_steady_flow_and_people_each_for_themselves_are_no_pressure():
    funnel = 0.3 * np.stack([PACKED[:, 0] - 10, 8 - PACKED[:, 1]], axis=1)
    assert crowd_pressure(PACKED, funnel, 0.0, PACKED, 5)[1] < 0.02
    apart = np.random.default_rng(1).normal(0, 0.1, PACKED.shape)
    assert crowd_pressure(PACKED, apart, 0.0, PACKED, 5)[1] < 0.02


def test_a_dense_crowd_that_rocks_is_turbulent_and_a_marching_one_is_not():
    def rocking(t):
        sway = 0.5 * np.sin(2 * np.pi * (t / 4 + PACKED[:, 1] / 3))
        return PACKED + np.stack([sway, np.zeros(64)], axis=1)

    rocks = play(movement(), rocking, 6)
    assert dict(rocks[-1].measures)["density_m2"] > 3
    assert min(r.level for r in rocks[6:]) > 1
    marching = play(movement(), lambda t: PACKED + np.array([0.8 * t, 0]), 6)
    assert max(r.level for r in marching) < 1


def marches(speed_of, seconds):
    """Readings of a dense crowd, 64 people on a way that never ends; all stop and go alike."""
    way = np.cumsum([0.0] + [speed_of(k / 5) / 5 for k in range(round(seconds * 5))])
    return play(movement(), lambda t: PACKED - [6, 0] + [way[round(t * 5)] % 12, 0], seconds)


def test_a_dense_crowd_that_stops_and_goes_is_told_and_a_steady_or_standing_one_is_not():
    waves = marches(lambda t: 0.7 if t % 6 < 3 else 0.0, 24)
    assert dict(waves[-1].measures)["stops_per_person_min"] == pytest.approx(10, abs=1.5)
    assert waves[-1].level > 2
    assert max(r.level for r in marches(lambda _: 0.7, 15)) < 1
    assert max(r.level for r in marches(lambda _: 0.0, 24)) < 1
    once = marches(lambda t: 0.7 if t < 12 else 0.0, 24)
    assert dict(once[-1].measures)["stops_per_person_min"] == pytest.approx(3, abs=0.3)
    assert max(r.level for r in once) < 1


def test_those_who_stop_and_go_far_apart_are_no_wave():
    place_of = lambda t: [(2 + 0.7 * min(t % 6, 3), 2.0 * k + 1) for k in range(9)]  # noqa: E731
    readings = play(movement(), place_of, 20)
    assert max(r.level for r in readings) < 1


def test_stops_of_few_people_say_nothing():
    stops = StopAndGo()
    ids = np.arange(3)
    told = [stops.update(k / 5, ids, np.full(3, 0.6 * (k % 10 < 5))) for k in range(60)]
    assert max(told) == 0


def test_wavering_boxes_in_a_dense_crowd_make_no_pressure():
    rng = np.random.default_rng(3)
    noise = lambda t: PACKED + rng.normal(0, 0.05, PACKED.shape)  # noqa: E731
    loud = [r.level for r in play(movement(), noise, 30)]
    assert np.mean(np.array(loud) >= 1) < 0.35
    assert not any(all(level >= 1 for level in loud[k : k + 4]) for k in range(len(loud)))


def test_divergence_of_a_crowd_that_flees_a_point():
    angle = np.arange(10) * 0.63
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + np.arange(10) % 3)[:, None]
    assert divergence(places, 0.5 * places) == pytest.approx(1.0)
    assert divergence(places, np.tile([1.0, 0.0], (10, 1))) == pytest.approx(0.0, abs=1e-9)
    assert divergence(places[:5], places[:5]) == 0.0


def test_without_calibration_it_says_so():
    answer = movement().measure(uncalibrated(scene_at([(5, 5)])))[0]
    assert isinstance(answer, Unmeasured)
    assert "calibration" in answer.reason
