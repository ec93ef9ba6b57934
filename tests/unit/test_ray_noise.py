"""What Ray says about itself stays off the terminal; what else happens does not."""

import os
import sys
import threading

import pytest
from ray.exceptions import RpcError

from ray_app.batch.ray_noise import KNOWN, LISTENERS, WithoutRay, without_ray_noise


def test_what_ray_prints_never_reaches_standard_output(capsys):
    stream = WithoutRay(sys.stdout)
    for text in ("\x1b[33m(raylet)\x1b[0m Task submit failed.", "\n", "{", "\n", "\n"):
        stream.write(text)
    assert capsys.readouterr().out == "{\n\n"


def test_of_standard_error_only_the_false_warning_is_dropped(capfd):
    with without_ray_noise():
        os.write(2, b"E core_worker.cc: Actor 7 " + KNOWN + b".\n")
        os.write(2, b"a crash of Ray\n")
        sys.stderr.write("ours\n")
    sys.stderr.write("later\n")
    told = capfd.readouterr().err
    assert sorted(told.split("\n")) == sorted(["", "a crash of Ray", "ours", "later"])


def in_thread(name, error):
    def fail():
        raise error

    thread = threading.Thread(target=fail, name=name)
    thread.start()
    thread.join()


@pytest.mark.parametrize("listener", LISTENERS)
def test_a_listener_of_a_ray_that_died_shows_no_stack_trace(listener, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: told.append(fault.exc_value))
    with without_ray_noise():
        in_thread(listener, RpcError("recvmsg:Connection reset by peer"))
    assert told == []


@pytest.mark.parametrize(
    ("name", "error"),
    [(LISTENERS[0], ValueError("a bug")), ("our own", RpcError("Connection reset by peer"))],
)
def test_whatever_else_a_thread_dies_of_is_told(name, error, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: told.append(fault.exc_value))
    with without_ray_noise():
        in_thread(name, error)
    assert told == [error]


def test_the_hook_is_given_back():
    before = threading.excepthook
    with without_ray_noise():
        assert threading.excepthook is not before
    assert threading.excepthook is before
