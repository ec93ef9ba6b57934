"""Replicas are measured, and who gives up frames follows from it."""

import pytest

from ray_app.live.capacity import Capacity, Interval, measured, shares_of
from ray_app.live.lease import CameraPosition


def camera(name, rank, offered_per_s=2.0, floor=0.25, work=1):
    return CameraPosition(name, 0, 0, (), offered_per_s, work, rank, floor)


CAMERAS = [camera("gate", 2), camera("yard", 1), camera("lane", 0)]


def test_what_a_replica_carries_is_measured_with_its_padding():
    seen = Interval(elapsed_s=1.0, stacks=4, work=32, busy_s=2.0, pressed=0)
    known = measured(Capacity(), seen, 1.0)
    assert known.work_per_s == 16.0
    assert known.stack_s == 0.5
    assert known.carried_per_s(2) == pytest.approx(32 * known.efficiency)


def test_frames_that_come_too_late_lower_what_is_promised_and_quiet_raises_it():
    known, now_s = Capacity(work_per_s=16.0), 0.0
    lowered = []
    for _ in range(40):
        now_s += 0.5
        known = measured(known, Interval(0.5, 1, 8, 0.5, pressed=3), now_s)
        lowered.append(known.efficiency)
    assert lowered == sorted(lowered, reverse=True)
    assert lowered[-1] == pytest.approx(0.3, abs=0.08)
    for _ in range(200):
        now_s += 0.5
        known = measured(known, Interval(0.5, 1, 8, 0.5, pressed=0), now_s)
    assert known.efficiency == 0.95


def test_no_stack_waits_at_a_replica_that_takes_half_the_deadline_for_one():
    assert Capacity().stacks_per_replica(2, 1.0) == 2
    assert Capacity(stack_s=0.1).stacks_per_replica(2, 1.0) == 2
    assert Capacity(stack_s=0.5).stacks_per_replica(2, 1.0) == 1
    assert Capacity(stack_s=3.0).stacks_per_replica(2, 1.0) == 1


def test_the_least_valuable_give_up_first_down_to_their_floor():
    full = {"gate": 1.0, "yard": 1.0, "lane": 1.0}
    assert shares_of(CAMERAS, None, full, 1.0) == full
    assert shares_of(CAMERAS, 100.0, full, 1.0) == full
    some = shares_of(CAMERAS, 5.0, full, 1.0)
    assert (some["gate"], some["yard"], some["lane"]) == (1.0, 1.0, 0.5)
    less = shares_of(CAMERAS, 3.5, full, 1.0)
    assert (less["gate"], less["lane"]) == (1.0, 0.25)
    assert less["yard"] == pytest.approx(0.5)


def test_frames_come_back_within_seconds():
    shares = {"gate": 1.0, "yard": 0.25, "lane": 0.25}
    for _ in range(8):
        shares = shares_of(CAMERAS, 100.0, shares, 0.5)
    assert shares["lane"] == 1.0
