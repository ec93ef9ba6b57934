"""The site and the archive of the harvest benchmark."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.film_site import write_film, write_film_site
from benchmarks.plan_live_day import names
from models.settings import NetworkSettings
from ray_app.batch.backfill import BackfillJob
from ray_app.batch.manifest import CameraSource, make_manifest
from ray_app.batch.segment_worker import WorkerBlocks, no_pose
from ray_app.batch.site_job import open_footage
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Detections, Label, Observation
from ray_app.video.reading import ReadingSettings

QUIET, BUSY, STACK, WORK_PER_S = 4, 12, 2, 6.0
"""Cameras that send, one frame a second each; frames one replica looks at in a second."""
GPUS_PER_NODE, MOST_REPLICAS = 4, 4
FRAME_S, SEGMENT_S, ARCHIVE_S, RATE_HZ = 0.3, 5.0, 180.0, 2.0


def write_site(folder: Path, port: int, length_s: float) -> Path:
    """Writes film and site file; returns the site file."""
    live = {
        "detectors": {
            "max_replicas": MOST_REPLICAS,
            "num_cpus": 0.5,
            "num_gpus": 1,
            "stack_size": STACK,
            "deadline_s": 2,
        },
        "scaling": {"policy": "offered_load", "work_per_s": WORK_PER_S, "hold_s": 8},
        "readers": {"num_cpus": 0.1, "cameras_each": 12, "opening_s": 0},
        "api": {"port": port},
    }
    title, now = "event with an archive", datetime.now(UTC)
    return write_film_site(folder, title, names()[:BUSY], now, length_s, live)


class BlockFinder:
    """Answers with the box of the drawn block, after the time a GPU would have taken."""

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns one observation per frame."""
        time.sleep(self._frame_s * len(batch))
        keyed = zip(batch.keys, batch.source_sizes_px, batch.pixels, strict=True)
        return [Observation(key, size, _box(pixels)) for key, size, pixels in keyed]


def _box(pixels: np.ndarray) -> Detections:
    rows, columns = np.nonzero(pixels[..., 0] > 140)
    if not len(rows):
        return Detections.none()
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    label = np.array([Label.PERSON], np.int16)
    return Detections(np.array([box], np.float32), np.ones(1, np.float32), label)


def build_finder(_: NetworkSettings) -> BlockFinder:
    """Returns the stand-in that takes a GPU's time."""
    return BlockFinder(FRAME_S)


def build_quick_finder(_: NetworkSettings) -> BlockFinder:
    """Returns the same without the wait."""
    return BlockFinder(0.0)


def archive_job(folder: Path, out: Path, **options: object) -> BackfillJob:
    """Returns the back-fill of an archive of three minutes; writes its film."""
    film = folder / "archive_2026-01-01T10-00-00.mp4"
    if not film.exists():
        write_film(film, ARCHIVE_S)
    source = CameraSource(
        camera_id="archive",
        urls=(str(film),),
        reading=ReadingSettings(rate_hz=RATE_HZ),
        width_px=128,
        networks=NetworkSettings(batch_size=STACK),
    )
    build = build_finder if "harvest" in options else build_quick_finder
    blocks = WorkerBlocks(build, open_footage, no_pose)
    return BackfillJob(out, make_manifest([source], SEGMENT_S), blocks, "archive", **options)
