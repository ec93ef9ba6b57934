"""A reader that falls behind its stream knows, and a camera of little value gives way first."""

import os
import sys
import threading

import pytest

from ray_app.video.live.stamps import Stamp
from ray_app.video.live.status import Clock
from ray_app.video.live.stream import BEHIND_S, Lag, give_way


def stamp(time_s: float, *, jumped: bool = False) -> Stamp:
    return Stamp(time_s, 0.0, Clock.ARRIVAL, jumped)


def test_it_is_measured_against_the_timeliest_picture() -> None:
    lag = Lag()
    assert lag.behind_s(stamp(0.0), 100.0) == 0
    assert lag.behind_s(stamp(1.0), 100.7) == 0  # what waited at the server came in a burst
    assert lag.behind_s(stamp(2.0), 101.7) == pytest.approx(0, abs=0.01)
    assert lag.behind_s(stamp(3.0), 104.2) == pytest.approx(1.5, abs=0.01)
    assert lag.behind_s(stamp(5.0), 104.8) == pytest.approx(0.1, abs=0.01)


def test_clocks_that_drift_are_no_lag_and_a_new_segment_begins_anew() -> None:
    lag = Lag()
    slow = [lag.behind_s(stamp(t * 0.9995), 100.0 + t) for t in range(0, 36000, 10)]
    assert max(slow) < BEHIND_S / 10
    assert lag.behind_s(stamp(0.0, jumped=True), 90_000.0) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a nice of their own on Linux")
def test_a_thread_gives_way_alone() -> None:
    before, seen = os.getpriority(os.PRIO_PROCESS, 0), []

    def polite() -> None:
        give_way(3)
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=polite)
    thread.start()
    thread.join()
    assert seen == [min(19, before + 3)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
