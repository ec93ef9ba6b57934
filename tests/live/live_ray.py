"""A live site on a real Ray and a real Serve, with detectors that cost nothing and a small desk."""

import contextlib
import os
import signal
import time

import numpy as np
import ray
from ray import serve
from square_footage import SquareDetector

from models.settings import NetworkSettings
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.live.messages import DESK, NAMESPACE
from ray_app.live.replica_count import DETECTOR, DETECTORS
from ray_app.live.stack import SiteLoad, Stack


class SlowSquares(SquareDetector):
    """Takes as long for a frame as a file says, so that a test can make replicas slow.

    Less for a smaller input, in proportion to its pixels.
    """

    def __init__(self, place, input_px):
        self._place, self._share = place, (input_px / 416) ** 2

    def detect(self, batch):
        with contextlib.suppress(OSError, ValueError):
            time.sleep(float(self._place.read_text()) * self._share * len(batch))
        return super().detect(batch)


class BuildSlowSquares:
    """Builds them in the replicas."""

    def __init__(self, place):
        self._place = place

    def __call__(self, settings):
        return SlowSquares(self._place, settings.objects.input_px)


class SmallDesk:
    """Keeps what it is told, in memory."""

    def __init__(self):
        self.signals = []

    def take(self, signals):
        new = [signal for signal in signals if signal not in self.signals]
        self.signals += new
        return len(new)

    def told(self):
        return self.signals

    def situations(self, since_change=0, limit=200, phase=None, camera_id=None):
        from ray_app.domain.situation import Situation

        latest = {s.event.event_id: s for s in self.signals if s.event.camera_id == camera_id}
        return tuple(Situation(s, None, s.event.why.peak) for s in latest.values())

    def process(self):
        return os.getpid()


def start_desk():
    return (
        ray.remote(SmallDesk)
        .options(name=DESK, namespace=NAMESPACE, num_cpus=0, max_concurrency=4)
        .remote()
    )


def told(desk):
    signals = ray.get(desk.told.remote())
    return list(dict.fromkeys(signal.event for signal in signals))


def replica_processes():
    """Returns the process ids of the replicas that run."""
    handle = serve.get_deployment_handle(DETECTOR, DETECTORS)
    del handle
    actors = [
        each
        for each in ray.util.list_named_actors(all_namespaces=True)
        if each["namespace"] == "serve" and f"#{DETECTOR}#" in each["name"]
    ]
    return [each["name"] for each in actors]


def kill_process(process):
    os.kill(process, signal.SIGKILL)


def replica_process():
    """Returns the process id of some replica."""
    batch = FrameBatch((FrameKey("a", 0, 0, 0.0),), np.zeros((1, 36, 64, 3), np.uint8), ((64, 36),))
    stack = Stack(NetworkSettings(), batch, (None,), SiteLoad())
    handle = serve.get_deployment_handle(DETECTOR, DETECTORS)
    return handle.detect.remote(stack).result(timeout_s=60).replica
