"""Turns one segment of footage into its file of observations. Knows nothing of Ray."""

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from models.settings import NetworkSettings
from ray_app.batch.attempts import Attempts
from ray_app.batch.segment import Segment
from ray_app.domain.errors import FootageError, VigieError
from ray_app.domain.frame import Frame, FrameBatch
from ray_app.domain.observation import DronePose, Observation
from ray_app.domain.protocols import Detector
from ray_app.store.observations import segment_file, write_segment
from ray_app.store.segments import LostFootage
from ray_app.video.pictures import Loss
from ray_app.video.sampling import ClipReader

PoseAt = Callable[[float], DronePose | None]
Hide = Callable[[Frame, DronePose | None], Frame]


def hide_nothing(segment: Segment) -> None:
    """Says that the whole picture may be looked at."""
    del segment


class FootageReader(Protocol):
    """Reads one segment's frames."""

    @property
    def losses(self) -> Sequence[Loss]:
        """What could not be decoded; whole after the last frame."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yields the frames at the segment's grid indexes, in order."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerBlocks:
    """How a worker builds what it works with; must be picklable.

    Attributes:
        build_detector: Called once per worker and networks.
        open_footage: Called once per segment.
        follow_pose: Returns the drone's pose by seconds on the camera's time line; None for
            a segment without telemetry.
        hide: Returns what blackens the part of each frame that may not be looked at; None
            where all may. Done to a frame before anything else.
    """

    build_detector: Callable[[NetworkSettings], Detector]
    open_footage: Callable[[Segment], FootageReader]
    follow_pose: Callable[[Segment], PoseAt | None]
    hide: Callable[[Segment], Hide | None] = hide_nothing


@dataclass(frozen=True, slots=True)
class SegmentOutcome:
    """What a worker reports of one segment.

    Attributes:
        failure: Why the segment has no file, one line; None when it has.
        fatal: Name of the error that every further segment would meet too; None if none.
        began_s: Wall clock when it began, seconds since 1970; for rates, never for results.
        ended_s: Wall clock when it ended.
        cpu_s: Processor seconds spent on it.
        peak_rss_bytes: Largest resident memory of the worker so far.
    """

    segment_id: str
    failure: str | None
    fatal: str | None
    began_s: float
    ended_s: float
    cpu_s: float
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True)
class DecodedSegment:
    """A segment's frames on their way to another worker: some 30 MB per 100 frames."""

    frames: tuple[Frame, ...]
    losses: tuple[LostFootage, ...]
    began_s: float
    cpu_s: float


class SegmentWorker:
    """Decodes and detects, one segment at a time; holds the weights between segments."""

    def __init__(self, out_dir: Path, blocks: WorkerBlocks) -> None:
        self._out_dir, self._blocks = out_dir, blocks
        self._detectors: dict[NetworkSettings, Detector] = {}

    def run(self, segment: Segment) -> SegmentOutcome:
        """Writes the segment's file; never raises for what is wrong with the footage."""
        return self._attempt(segment, "run", self._run)

    def decode(self, segment: Segment) -> DecodedSegment | SegmentOutcome:
        """Returns the segment's frames, for a worker with a GPU, or why there are none."""
        decoded: list[DecodedSegment] = []

        def collect(segment: Segment) -> None:
            began_s, started_s = time.time(), time.process_time()
            reader = self._blocks.open_footage(segment)
            frames = tuple(self._allowed(segment, reader.frames()))
            spent_s = time.process_time() - started_s
            decoded.append(DecodedSegment(frames, _lost(reader), began_s, spent_s))

        outcome = self._attempt(segment, "decode", collect)
        return decoded[0] if decoded else outcome

    def detect(self, segment: Segment, decoded: DecodedSegment) -> SegmentOutcome:
        """Writes the segment's file from frames that another worker decoded."""

        def look(segment: Segment) -> None:
            seen = self._observe(segment, decoded.frames)
            self._write(segment, seen, decoded.losses)

        outcome = self._attempt(segment, "detect", look)
        spent_s = outcome.cpu_s + decoded.cpu_s
        return replace(outcome, began_s=decoded.began_s, cpu_s=spent_s)

    def _run(self, segment: Segment) -> None:
        reader = self._blocks.open_footage(segment)
        seen = self._observe(segment, self._allowed(segment, reader.frames()))
        self._write(segment, seen, _lost(reader))

    def _allowed(self, segment: Segment, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yields the frames, black where the authorisation does not reach."""
        hide = self._blocks.hide(segment)
        pose_at = None if hide is None else self._blocks.follow_pose(segment)
        for frame in frames:
            pose = None if pose_at is None else pose_at(frame.key.time_s)
            yield frame if hide is None else hide(frame, pose)

    def _observe(self, segment: Segment, frames: Iterable[Frame]) -> list[Observation]:
        detector = self._detector(segment.networks)
        pose_at = self._blocks.follow_pose(segment)
        seen: list[Observation] = []
        for batch in batches(frames, segment.networks.batch_size):
            seen.extend(detector.detect(batch))
        if pose_at is None:
            return seen
        return [replace(each, pose=pose_at(each.key.time_s)) for each in seen]

    def _detector(self, networks: NetworkSettings) -> Detector:
        if networks not in self._detectors:
            try:
                self._detectors[networks] = self._blocks.build_detector(networks)
            except VigieError:
                raise
            except Exception as error:
                raise VigieError(f"cannot build the networks: {told(error)}") from error
        return self._detectors[networks]

    def _write(
        self, segment: Segment, seen: Sequence[Observation], losses: Sequence[LostFootage]
    ) -> None:
        path = segment_file(self._out_dir, segment.camera_id, segment.segment_id)
        write_segment(path, seen, losses)

    def _attempt(
        self, segment: Segment, stage: str, work: Callable[[Segment], None]
    ) -> SegmentOutcome:
        """Does the work at a loop's edge: one segment's fault must not stop the others."""
        began_s, started_s = time.time(), time.process_time()
        failure = fatal = None
        try:
            with Attempts(self._out_dir, segment, stage):
                work(segment)
        except FootageError as error:
            failure = told(error)
        except VigieError as error:
            failure, fatal = told(error), type(error).__name__
        except Exception as error:  # noqa: BLE001  listed with the segment, the others go on
            failure = f"{type(error).__name__}: {told(error)}"
        spent_s = time.process_time() - started_s
        return SegmentOutcome(
            segment.segment_id, failure, fatal, began_s, time.time(), spent_s, peak_rss_bytes()
        )


def open_clip(segment: Segment) -> ClipReader:
    """Opens a segment's footage with the reader its camera asks for."""
    span, reading = segment.span, segment.reading
    return ClipReader(
        segment.clip,
        span.first_index,
        span.end_index,
        span.rate_hz,
        segment.width_px,
        reading.reader,
    )


def no_pose(segment: Segment) -> None:
    """Says that a fixed camera has no telemetry."""
    del segment


def batches(frames: Iterable[Frame], size: int) -> Iterator[FrameBatch]:
    """Yields frames in stacks of up to size; a change of picture size begins a new one."""
    pending: list[Frame] = []
    for frame in frames:
        if pending and (len(pending) == size or pending[0].pixels.shape != frame.pixels.shape):
            yield FrameBatch.stack(pending)
            pending = []
        pending.append(frame)
    if pending:
        yield FrameBatch.stack(pending)


def told(error: BaseException) -> str:
    """Returns an error's message as one line, the same at every retry."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def peak_rss_bytes() -> int:
    """Returns the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _lost(reader: FootageReader) -> tuple[LostFootage, ...]:
    return tuple(LostFootage(loss.start_s, loss.end_s, loss.cause) for loss in reader.losses)
