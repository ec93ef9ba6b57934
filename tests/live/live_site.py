"""A site of files read live, and what stands for Ray around one reader."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

from square_footage import SquareDetector, site

from ray_app.batch.analyze import analyze
from ray_app.config.live_schema import DetectorsConfig, LiveConfig, ReadersConfig, StreamConfig
from ray_app.live.lease import CameraLease, EvidencePlan, ReaderPlan
from ray_app.live.reader_core import DetectorsAwayError, ReaderCore
from ray_app.live.signal_outbox import SignalOutbox
from ray_app.live.stack import StackAnswer, Tuning, padded_work
from ray_app.store.segments import read_segments, write_segments
from ray_app.video.evidence.settings import EvidenceSettings
from ray_app.video.live.address import AllowedStreams

WIDTH_PX = 128
LONGEST_S = 150.0  # a limit for a machine with too much to do, not a measure


def until(claim, told=lambda: ""):
    """Waits for a condition, and says what was there instead when it does not come."""
    limit = time.monotonic() + LONGEST_S
    while not claim():
        assert time.monotonic() < limit, told()
        time.sleep(0.02)


def live_config(folder, **options):
    return LiveConfig(
        folder=str(folder),
        allowed=AllowedStreams(schemes=("file", "rtsp"), hosts=("127.0.0.1",)),
        detectors=DetectorsConfig(num_cpus=0.5, max_replicas=2, timeout_s=5.0),
        readers=ReadersConfig(num_cpus=0.1, cameras_each=4, silent_s=2.0, opening_s=0.0),
        **options,
    )


def file_site(footage: Path, folder: Path, every_frame=True, value="normal", **options):
    """The squares' two cameras, each with a stream: all its files, or the first in real time."""
    squares = site()
    pattern = "*" if every_frame else "1"

    def stream(camera):
        address = f"file://{footage}/{camera.id}_{pattern}.mp4"
        return StreamConfig(address=address, every_frame=every_frame, value=value)

    cameras = tuple(replace(camera, stream=stream(camera)) for camera in squares.cameras)
    return replace(squares, cameras=cameras, live=live_config(folder), **options)


def lease_of(site, camera_id, **options):
    camera = next(camera for camera in site.cameras if camera.id == camera_id)
    return CameraLease(camera, WIDTH_PX, site.authorisation, **options)


class Replica:
    """Answers stacks as a replica does; may be slow, or away, when a test says so."""

    def __init__(self):
        self.detector, self.stacks = SquareDetector(), []
        self.work_s, self.away = 0.0, 0
        self.tuning = Tuning(1.0, 8)
        self._lock = threading.Lock()

    def __call__(self, stack):
        with self._lock:
            self.stacks.append(stack)
            if self.away > 0:
                self.away -= 1
                raise DetectorsAwayError("killed")
            time.sleep(self.work_s)
            seen = tuple(self.detector.detect(stack.batch))
        work = padded_work(stack.networks, len(seen), stack.input_cost)
        return StackAnswer(seen, work, self.work_s, self.tuning, os.getpid())


class Desk:
    """Keeps what it is told; may be away."""

    def __init__(self):
        self.signals, self.is_away = [], False

    def take(self, signals):
        if self.is_away:
            raise ConnectionError("away")
        self.signals += [signal for signal in signals if signal not in self.signals]
        return len(signals)

    @property
    def events(self):
        """The steps told, once each: one with evidence is told again."""
        return list(dict.fromkeys(signal.event for signal in self.signals))


class OneReader:
    """A reader without Ray."""

    def __init__(self, site, folder, replica=None, desk=None, origin_at=0.0):
        self.replica, self.desk = replica or Replica(), desk or Desk()
        self.outbox = SignalOutbox(self.desk.take)
        evidence = EvidencePlan(EvidenceSettings(), folder / "evidence")
        self.folder = folder
        self.plan = ReaderPlan("reader-1", site.live, origin_at, folder / "ledger", evidence)
        self.core = ReaderCore(self.plan, self.replica, self.outbox)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.core.stop(5.0)
        self.outbox.flush(5.0)
        self.outbox.close()

    def camera(self, camera_id):
        return next(c for c in self.core.report().cameras if c.camera_id == camera_id)

    def ended(self):
        return all(position.has_ended for position in self.core.report().positions)

    def replayed(self, site):
        """What the rules make of the ledger."""
        (self.folder / "again").mkdir(exist_ok=True)
        write_segments(self.plan.ledger, self.core.report().segments)
        records = read_segments(self.plan.ledger)
        return list(analyze(self.plan.ledger, records, site, self.folder / "again").events)
