"""Footage of one white square that walks, a detector that reads it exactly, and traps."""

import errno
import os
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np

from models.settings import NetworkSettings
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.batch.backfill import BackfillJob, backfill
from ray_app.batch.manifest import CameraSource, Manifest, make_manifest
from ray_app.batch.results_folder import record_of, record_run
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import SegmentWorker, WorkerBlocks, no_pose, open_clip
from ray_app.config.schema import (
    CameraConfig,
    RestrictedAreaWatch,
    SiteConfig,
    SituationsConfig,
    ZoneConfig,
)
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Detections, Label, Observation
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.store.segments import write_segments
from ray_app.video.reading import ReadingSettings

WIDTH_PX, HEIGHT_PX, SIDE_PX, RATE_HZ = 128, 96, 16, 10
MORNING = datetime(2026, 6, 21, 8, tzinfo=UTC)


def left_px(number: int) -> int:
    """Where the square is in a file's picture: to the right and back, 2 px per picture."""
    reach = WIDTH_PX - SIDE_PX
    step = 2 * number % (2 * reach)
    return min(step, 2 * reach - step)


def film(path: Path, seconds: float, first: int = 0) -> Path:
    """Writes H.264 with B-frames and two-second groups of pictures, begun at MORNING + first."""
    with av.open(str(path), "w") as file:
        begun = MORNING + timedelta(seconds=first / RATE_HZ)
        file.metadata["creation_time"] = begun.isoformat()
        stream = file.add_stream("libx264", RATE_HZ, options={"g": "20", "bf": "2", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for number in range(first, first + round(seconds * RATE_HZ)):
            pixels = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
            left = left_px(number)
            pixels[40 : 40 + SIDE_PX, left : left + SIDE_PX] = 255
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode())
    return path


class SquareDetector:
    """Answers with the box of the bright pixels."""

    def detect(self, batch: FrameBatch) -> list[Observation]:
        keyed = zip(batch.keys, batch.source_sizes_px, batch.pixels, strict=True)
        return [Observation(key, size, box_of_square(pixels)) for key, size, pixels in keyed]


def box_of_square(pixels) -> Detections:
    rows, columns = np.nonzero(pixels[..., 0] > 127)
    if not len(rows):
        return Detections.none()
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return Detections(
        np.array([box], np.float32),
        np.ones(1, np.float32),
        np.array([Label.PERSON], np.int16),
    )


def build_square_detector(settings: NetworkSettings) -> SquareDetector:
    return SquareDetector()


@dataclass(frozen=True)
class Traps:
    """Opens footage, notes it in a log, and does what a test asks for at a segment.

    Attributes:
        kill_once_at: This segment's first attempt kills the worker.
        kill_always_at: Every attempt at this one does.
        bug_at: There the reader has a bug.
        hang_after: Whatever is opened after that many hangs, until somebody kills it.
    """

    log: Path
    kill_once_at: int | None = None
    kill_always_at: int | None = None
    bug_at: int | None = None
    hang_after: int | None = None

    def __call__(self, segment: Segment):
        index = segment.span.first_index
        before = opened(self.log)
        with self.log.open("a") as log:
            log.write(f"{segment.segment_id}\n")
        first_time = segment.segment_id not in before
        if index == self.kill_always_at or (index == self.kill_once_at and first_time):
            os.kill(os.getpid(), signal.SIGKILL)
        if index == self.bug_at:
            raise ZeroDivisionError("a bug at 0xdead")
        if self.hang_after is not None and len(before) >= self.hang_after:
            threading.Event().wait()
        return open_clip(segment)


def opened(log: Path) -> list[str]:
    """Segments whose footage was opened, in order, once per attempt."""
    return log.read_text().split() if log.exists() else []


def site(alarm_at: float = 1.0, authorisation=None) -> SiteConfig:
    """Two cameras whose right third is closed."""
    zone = ZoneConfig(name="right", polygon_px=((84, 0), (129, 0), (129, 97), (84, 97)))
    watch = RestrictedAreaWatch(
        settings=RestrictedAreaSettings(zone="right"),
        alarm=HysteresisSettings(open_at=alarm_at, close_at=0.5, hold_s=0.4, release_s=0.4),
    )
    cameras = tuple(
        CameraConfig(
            id=name,
            footage=(f"{name}_*.mp4",),
            reading=ReadingSettings(rate_hz=5.0),
            zones=(zone,),
            situations=SituationsConfig(restricted_area=(watch,)),
        )
        for name in ("east", "west")
    )
    return SiteConfig(site="squares", cameras=cameras, authorisation=authorisation)


def film_site(folder: Path) -> Path:
    """Two files of 6 s per camera, the second following the first."""
    folder.mkdir()
    for name in ("east", "west"):
        film(folder / f"{name}_1.mp4", 6.0)
        film(folder / f"{name}_2.mp4", 6.0, first=60)
    return folder


def manifest_of(footage: Path, segment_s: float = 2.0, authorisation=None) -> Manifest:
    sources = [
        CameraSource(
            camera_id=camera.id,
            urls=tuple(str(path) for path in sorted(footage.glob(camera.footage[0]))),
            reading=camera.reading,
            width_px=WIDTH_PX,
            networks=camera.networks,
        )
        for camera in site().cameras
    ]
    return make_manifest(sources, segment_s, authorisation)


def job_of(out_dir: Path, manifest: Manifest, opener, workers: int = 2, **options) -> BackfillJob:
    blocks = WorkerBlocks(build_square_detector, opener, no_pose)
    return BackfillJob(
        out_dir, manifest, blocks, "squares", "site: squares\n", workers=workers, **options
    )


def run_without_ray(out_dir: Path, manifest: Manifest, opener=open_clip) -> None:
    """Writes every segment's file in this process."""
    worker = SegmentWorker(out_dir, WorkerBlocks(build_square_detector, opener, no_pose))
    for segment in manifest.segments:
        outcome = worker.run(segment)
        assert outcome.failure is None, outcome


def finished_run(out_dir: Path, manifest: Manifest) -> None:
    """Leaves what a back-fill leaves that nothing interrupts; made in this process, without Ray."""
    record_run(out_dir, manifest, "squares", None)
    run_without_ray(out_dir, manifest)
    write_segments(out_dir, [record_of(out_dir, segment) for segment in manifest.segments])


def results_of(out_dir: Path) -> dict[str, bytes]:
    """Every file that must be the same whatever happened on the way, by its place."""
    return {
        str(path.relative_to(out_dir)): path.read_bytes()
        for path in sorted(out_dir.rglob("*"))
        if path.is_file() and path.name not in {"run.json", ".lock"}
    }


class FullDisk:
    """Pretends that the disk is full: fails as the file system would."""

    def __call__(self, *args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def main() -> None:
    """Runs a back-fill as a process of its own; says each step on standard output."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a background job
    footage, out_dir, log = map(Path, sys.argv[1:4])
    hang_after = int(sys.argv[4]) if len(sys.argv) > 4 else None
    job = job_of(out_dir, manifest_of(footage), Traps(log, hang_after=hang_after))
    backfill(job, lambda progress: print(progress.segments_done, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
