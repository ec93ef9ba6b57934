"""The plain way: one process, one loop over all cameras, no Ray. What live is compared with.

The same streams, the same sampling, the same network and the same rules; the newest due frame of
each camera is looked at, up to a batch of them at once.
"""

import threading
import time
from collections.abc import Sequence
from functools import partial

import torch

from models.zoo import build_detector, needed_width_px
from ray_app.config.schema import CameraConfig
from ray_app.domain.frame import Frame, FrameBatch
from ray_app.video.live.address import AllowedStreams, read_address
from ray_app.video.live.grid import DuePicture, LiveGrid
from ray_app.video.live.stream import LivePicture, LiveStream
from ray_app.wiring import build_analyzer

MOST_AT_ONCE = 8


class PlainLoop:
    """Runs for a while; remembers how old every analysed frame was."""

    def __init__(self, cameras: Sequence[CameraConfig]) -> None:
        torch.set_num_threads(1)
        self._detector = build_detector(cameras[0].networks)
        self._width_px = needed_width_px(cameras[0].networks)
        self._cameras = cameras
        self._analyzers = {camera.id: build_analyzer(camera, None) for camera in cameras}
        self._waiting: dict[str, DuePicture[LivePicture]] = {}
        self._lock = threading.Lock()
        self._began_at = 0.0
        self.ages: list[tuple[float, float]] = []
        self.offered = 0
        self.looking_s = 0.0
        """Processor seconds of the networks and the rules; the rest is reading."""

    def run(self, seconds: float) -> None:
        """Watches for so long."""
        self._began_at = time.time()
        streams = [self._open(camera) for camera in self._cameras]
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            if not self._step():
                time.sleep(0.005)
        for stream in streams:
            stream.stop(6.0)

    def _open(self, camera: CameraConfig) -> LiveStream:
        if camera.stream is None:
            raise ValueError(f"camera {camera.id} has no stream")
        grid: LiveGrid[LivePicture] = LiveGrid(camera.id, camera.reading.rate_hz)
        address = read_address(camera.stream.address, AllowedStreams())
        take = partial(self._take, grid)
        stream = LiveStream(camera.id, address, self._width_px, on_picture=take)
        stream.start()
        return stream

    def _take(self, grid: LiveGrid[LivePicture], picture: LivePicture) -> None:
        for due in grid.take(picture, time.time() - self._began_at):
            with self._lock:
                self.offered += 1
                self._waiting[due.key.camera_id] = due

    def _step(self) -> bool:
        with self._lock:
            chosen = sorted(self._waiting.values(), key=lambda due: due.picture.taken_at)
            chosen = chosen[:MOST_AT_ONCE]
            for due in chosen:
                del self._waiting[due.key.camera_id]
        if not chosen:
            return False
        began_s = time.thread_time()
        frames = [Frame(d.key, d.picture.pixels(), d.picture.source_size_px) for d in chosen]
        for due, seen in zip(chosen, self._detector.detect(FrameBatch.stack(frames)), strict=True):
            self._analyzers[due.key.camera_id].step(seen)
            now = time.time()
            self.ages.append((now, now - due.picture.taken_at))
        self.looking_s += time.thread_time() - began_s
        return True
