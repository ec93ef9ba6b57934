"""An open situation is told again when it grows or lasts, and not at every frame."""

from ray_app.analysis.event_life import EventLife
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.event import Phase, Reading
from ray_app.domain.frame import FrameKey

ALARM = HysteresisSettings(open_at=4, close_at=2, hold_s=1, release_s=2)


def steps(levels, rate_hz=1):
    life = EventLife("crowd_density", "people/m2", ALARM)
    told = []
    for k, level in enumerate(levels):
        key = FrameKey("gate", k, 0, k / rate_hz)
        told += [(e.phase, e.time_s, e.why.peak) for e in life.step(key, Reading("north", level))]
    return told


def test_an_open_situation_is_told_again_when_its_peak_rose_by_a_fifth():
    told = steps([5, 5, 5.9, 6.0, 7.1, 6.5, 7.2])
    assert told == [
        (Phase.CANDIDATE, 0, 5),
        (Phase.OPENED, 1, 5),
        (Phase.UPDATED, 3, 6.0),  # 6.0 is a fifth above 5, 5.9 was not
        (Phase.UPDATED, 6, 7.2),
    ]


def test_it_is_told_again_after_half_a_minute():
    told = steps([5] * 63)
    assert [(phase, at) for phase, at, _ in told[2:]] == [(Phase.UPDATED, 31), (Phase.UPDATED, 61)]


def test_a_step_is_told_once_and_the_next_situation_starts_afresh():
    told = steps([5, 5, 1, 1, 1, 5, 9, 9])
    phases = [phase for phase, _, _ in told]
    assert phases == [Phase.CANDIDATE, Phase.OPENED, Phase.CLOSED, Phase.CANDIDATE, Phase.OPENED]


def test_binary_fractions_do_not_delay_it():
    told = steps([5] * 400, rate_hz=5)
    assert [round(at, 6) for _, at, _ in told] == [0, 1, 31, 61]
