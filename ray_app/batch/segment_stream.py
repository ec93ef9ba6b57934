"""Runs segments through Ray Data and yields what became of each."""

import json
import logging
import pickle
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import ray
import ray.data
from numpy.typing import NDArray

from ray_app.batch.memory import keep_freed_memory
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import (
    DecodedSegment,
    SegmentOutcome,
    SegmentWorker,
    WorkerBlocks,
)

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the work may take.

    Attributes:
        workers: Processes that decode, one core each.
        gpus: Processes that detect, each on `gpus_each`; 0 detects where it decodes.
        gpus_each: Share of a GPU of each detecting process.
    """

    workers: int
    gpus: int = 0
    gpus_each: float = 1.0


class _SegmentActor:
    """A worker process of its own: takes rows that name segments by number."""

    def __init__(self, out_dir: Path, blocks: WorkerBlocks, segments: Sequence[Segment]) -> None:
        keep_freed_memory()
        self._worker, self._segments = SegmentWorker(out_dir, blocks), segments


class RunSegment(_SegmentActor):
    """Fused actor: decodes and detects one segment per call, and writes its file."""

    def __call__(self, rows: Columns) -> Columns:
        """Takes a column of one segment number, returns a column of one outcome."""
        return _outcome_row(self._worker.run(self._segments[int(rows["number"][0])]))


class DecodeSegment(_SegmentActor):
    """First of two actors: one segment in, one row with all its frames out."""

    def __call__(self, rows: Columns) -> Columns:
        """Takes a column of one segment number, returns it with the frames."""
        decoded = self._worker.decode(self._segments[int(rows["number"][0])])
        return {"number": rows["number"], "decoded": np.array([_packed(decoded)], object)}


class DetectSegment(_SegmentActor):
    """Second of two actors: holds the GPU, writes the segment's file."""

    def __call__(self, rows: Columns) -> Columns:
        """Takes one row of DecodeSegment, returns a column of one outcome."""
        decoded = pickle.loads(rows["decoded"][0])  # noqa: S301  made by our own actor
        if isinstance(decoded, SegmentOutcome):
            return _outcome_row(decoded)
        segment = self._segments[int(rows["number"][0])]
        return _outcome_row(self._worker.detect(segment, decoded))


def stream_outcomes(
    segments: Sequence[Segment], out_dir: Path, blocks: WorkerBlocks, resources: Resources
) -> Generator[SegmentOutcome, None, None]:
    """Yields the outcome of each segment as it ends, in no set order.

    A worker that dies is started again and given its segment again. Needs a running Ray.
    """
    _quiet()
    # One block per segment: Ray Data puts a small manifest into one block, and one worker.
    rows = ray.data.from_items(
        [{"number": number} for number in range(len(segments))],
        override_num_blocks=len(segments),
    )
    shared = (out_dir, blocks, tuple(segments))
    if resources.gpus == 0:
        outcomes = _staged(rows, RunSegment, shared, resources.workers, cpus=1.0)
    else:
        decoded = _staged(rows, DecodeSegment, shared, resources.workers, cpus=1.0)
        # Other resources than the stage before, or Ray Data makes one actor of the two.
        outcomes = _staged(
            decoded, DetectSegment, shared, resources.gpus, cpus=0.5, gpus=resources.gpus_each
        )
    for batch in outcomes.iter_batches(batch_size=1, prefetch_batches=0, batch_format="numpy"):
        yield SegmentOutcome(**json.loads(str(batch["outcome"][0])))


def _staged(
    rows: Any,  # noqa: ANN401  ray.data.Dataset has no types
    actor: type,
    shared: tuple[Path, WorkerBlocks, tuple[Segment, ...]],
    size: int,
    *,
    cpus: float,
    gpus: float = 0.0,
) -> Any:  # noqa: ANN401
    return rows.map_batches(
        actor,
        batch_size=1,
        batch_format="numpy",
        fn_constructor_args=shared,
        compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
        num_cpus=cpus,
        num_gpus=gpus or None,
    )


def _outcome_row(outcome: SegmentOutcome) -> Columns:
    return {"outcome": np.array([json.dumps(asdict(outcome))])}


def _packed(decoded: DecodedSegment | SegmentOutcome) -> bytes:
    return pickle.dumps(decoded, protocol=5)


def _quiet() -> None:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
