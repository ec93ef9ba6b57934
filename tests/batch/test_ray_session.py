"""A cluster that is not there is told in a line."""

import socket
import subprocess
import sys

import pytest

from ray_app.batch.ray_session import ray_session
from ray_app.domain.errors import ClusterError


def test_nothing_at_the_address_is_told_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        is_told = pytest.raises(ClusterError, match=r"no Ray at 127.0.0.1:.*is the cluster up")
        with is_told, ray_session(address, 1, 0):
            pass


KILLED = """
import sys, time
from ray_app.batch.ray_session import ray_session
from ray_app.domain.errors import ClusterError
try:
    with ray_session(None, workers=1, gpus=0):
        from ray._private import worker
        worker._global_node.all_processes[sys.argv[1]][0].process.kill()
        time.sleep(100)
except ClusterError as error:
    print(error)
"""


@pytest.mark.ray
@pytest.mark.parametrize("part", ["gcs_server", "raylet"])
def test_a_ray_that_dies_interrupts_the_run_and_says_why(part):
    command = [sys.executable, "-c", KILLED, part]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert f"vigie: Ray stopped: its {part} ended with -9" in done.stderr
    assert done.stdout.splitlines()[-1].startswith("Ray stopped; what is done stays")
    assert "Traceback" not in done.stderr


HUNG = """
import time
import ray
from ray_app.batch import ray_watch
ray_watch.DEAD_ENDS_S = 1.0
ray.shutdown = lambda: time.sleep(1000)
"""


@pytest.mark.ray
def test_a_dead_ray_whose_shutdown_hangs_is_left():
    command = [sys.executable, "-c", HUNG + KILLED, "gcs_server"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.splitlines()[-1].startswith("Ray stopped; what is done stays")


LATE = """
import threading, time
from ray_app.batch.ray_session import ray_session

def call_ray(ref):
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        ray.wait([ref], timeout=0.01)
        time.sleep(0.01)

with ray_session(None, workers=1, gpus=0):
    import ray
    arguments = (ray.put(1),)
    late = threading.Thread(target=call_ray, args=arguments, name="iter_threaded", daemon=True)
    late.start()
print(late.is_alive(), ray.is_initialized())
"""


@pytest.mark.ray
def test_no_thread_of_ray_data_calls_ray_after_its_end():
    command = [sys.executable, "-c", LATE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert (done.returncode, done.stdout) == (0, "False False\n"), done.stderr
