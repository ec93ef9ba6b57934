"""Waits between tries, and a mailbox that never makes the sender wait."""

import threading
from random import Random

import pytest

from ray_app.outside.retry import Retries, RetrySettings
from ray_app.video.live.mailbox import Mailbox

SETTINGS = RetrySettings(first_s=0.4, most_s=30.0, refused_s=300.0, healthy_s=10.0)


def test_waits_double_to_a_limit_and_are_spread_over_all_of_it():
    longest = [Retries(SETTINGS, lambda: 1.0, failures=k).next_s(0.0) for k in range(9)]
    assert longest == pytest.approx([0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    retries = Retries(SETTINGS, Random(1).random, failures=20)
    waits = [retries.next_s(0.0) for _ in range(400)]
    assert min(waits) < 1
    assert max(waits) > 29


def test_a_stream_that_ran_well_is_tried_at_once_again():
    retries = Retries(SETTINGS, lambda: 1.0, failures=8)
    assert retries.next_s(lasted_s=60.0) == pytest.approx(0.4)


def test_a_refusal_is_never_tried_fast():
    retries = Retries(SETTINGS, lambda: 0.0)
    assert retries.next_s(60.0, refused=True) >= 150


def test_endless_failures_do_not_overflow():
    assert Retries(SETTINGS, lambda: 1.0, failures=10**6).next_s(0.0) == 30


def test_the_newest_item_replaces_one_nobody_took():
    box = Mailbox[int]()
    for k in range(5):
        box.put(k)
    assert box.take(0.0) == 4
    assert box.take(0.0) is None
    assert box.counts == (5, 4)


def test_who_waits_is_let_go_by_an_item_and_by_the_end():
    box = Mailbox[str]()
    timer = threading.Timer(0.05, box.put, ["here"])
    timer.start()
    assert box.take(10.0) == "here"
    timer = threading.Timer(0.05, box.close)
    timer.start()
    assert box.take(10.0) is None
    box.put("late")
    assert box.take(0.0) is None
