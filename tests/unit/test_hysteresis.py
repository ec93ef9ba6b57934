import pytest

from ray_app.analysis.hysteresis import HysteresisGate, HysteresisSettings
from ray_app.domain.event import Phase

C, N, X, L = Phase.CANDIDATE, Phase.OPENED, Phase.CLOSED, Phase.LAPSED


def gate(hold_s=1.0, release_s=1.0):
    return HysteresisGate(
        HysteresisSettings(open_at=4, close_at=2, hold_s=hold_s, release_s=release_s)
    )


@pytest.mark.parametrize(
    ("levels", "phases"),
    [
        pytest.param([1, 5, 5, 5], [(), (C,), (N,), ()], id="opens after hold"),
        pytest.param([4, 4], [(C,), (N,)], id="the level itself opens"),
        pytest.param([5, 1, 5, 1], [(C,), (L,), (C,), (L,)], id="flicker never opens"),
        pytest.param([5, 3, 5, 5], [(C,), (L,), (C,), (N,)], id="a candidate must stay above"),
        pytest.param([5, 5, 3, 3, 3], [(C,), (N,), (), (), ()], id="the band keeps it open"),
        pytest.param([5, 5, 2, 2, 2], [(C,), (N,), (), (), ()], id="close_at itself keeps it open"),
        pytest.param([5, 5, 1, 1], [(C,), (N,), (), (X,)], id="closes after release"),
        pytest.param([5, 5, 1, 3, 1, 1], [(C,), (N,), (), (), (), (X,)], id="release starts anew"),
        pytest.param([5, None, 5, 5], [(C,), (), (), (N,)], id="unmeasured time is no dwell"),
        pytest.param(
            [5, 5, 1, None, None, 1, 1], [(C,), (N,), (), (), (), (), (X,)], id="nor rest"
        ),
        pytest.param([5, 5, None, None], [(C,), (N,), (), ()], id="unmeasured holds it open"),
    ],
)
def test_gate_steps_once_a_second(levels, phases):
    g = gate()
    assert [g.update(level, float(t)) for t, level in enumerate(levels)] == phases


def test_no_hold_opens_at_once():
    assert gate(hold_s=0).update(5, 7.0) == (C, N)


def test_hold_is_reached_on_time_despite_binary_fractions():
    g = gate(hold_s=0.6)
    steps = [g.update(5, k / 5) for k in range(7, 12)]
    assert steps == [(C,), (), (), (N,), ()]


@pytest.mark.parametrize(
    ("levels", "end"), [([1], None), ([5], L), ([5, 5], X), ([5, 5, 1], X), ([5, 1], None)]
)
def test_interrupt_ends_what_is_under_way(levels, end):
    g = gate()
    for t, level in enumerate(levels):
        g.update(level, float(t))
    assert g.interrupt() == end
    assert g.interrupt() is None
    assert g.update(5, 100.0) == (C,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"open_at": 1, "close_at": 2, "hold_s": 0, "release_s": 0},
        {"open_at": 2, "close_at": 2, "hold_s": 0, "release_s": 0},
        {"open_at": 2, "close_at": 1, "hold_s": -1, "release_s": 0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"close_at|hold_s"):
        HysteresisSettings(**wrong)
