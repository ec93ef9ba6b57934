"""Turns an archive of footage into observations: kill it anywhere, run it again."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ray_app.batch.attempts import clear_attempts
from ray_app.batch.harvest_tally import HarvestTally
from ray_app.batch.manifest import Manifest
from ray_app.batch.progress import OnProgress, ProgressMeter
from ray_app.batch.ray_session import ray_session
from ray_app.batch.results_folder import add_up, claimed, record_of, record_run
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import SegmentOutcome, WorkerBlocks, told
from ray_app.domain.errors import (
    ConfigError,
    Interrupted,
    StoreError,
    VigieError,
    WeightsError,
)
from ray_app.store.run_record import RunRecord, Timing, Totals, write_run
from ray_app.store.segments import SegmentRecord, SegmentStatus, write_segments
from ray_app.store.written_aside import clear_asides

if TYPE_CHECKING:
    from ray_app.batch.harvest import HarvestPlan

FATAL = {error.__name__: error for error in (StoreError, WeightsError, ConfigError)}


class BackfillInterrupted(Interrupted):
    """The run was stopped from the keyboard; what is done stays, the same call goes on."""


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """One call of the back-fill.

    Attributes:
        out_dir: Folder of the results; made if absent. On a cluster, shared by all nodes.
        manifest: What there is to do.
        blocks: How workers build what they work with.
        site: Name of the site.
        site_text: The site file, whole; None when there is none.
        workers: Processes that decode, one core each.
        num_gpus: Share of a GPU of each detecting process; 0 detects where it decodes. With
            GPUs make segments short (20 s): a segment's frames travel between processes.
            Tested on pretended GPUs only, never on a real one.
        gpu_workers: Processes that detect on GPUs.
        address: Of a running Ray cluster; None starts a local one.
        harvest: How to take slots a live site of that cluster has paid for and leaves idle,
            instead of workers of its own; None takes workers.
    """

    out_dir: Path
    manifest: Manifest
    blocks: WorkerBlocks
    site: str
    site_text: str | None = None
    workers: int = 2
    num_gpus: float = 0.0
    gpu_workers: int = 1
    address: str | None = None
    harvest: "HarvestPlan | None" = None


@dataclass(frozen=True, slots=True)
class BackfillResult:
    """What became of a back-fill.

    Attributes:
        decoded: Segments that this call decoded; those of earlier calls are not in it.
        records: Every segment, as in `segments.parquet`.
        harvest: What was harvested; None for a run with workers of its own.
    """

    totals: Totals
    timing: Timing
    decoded: int
    records: tuple[SegmentRecord, ...]
    harvest: HarvestTally | None = None

    @property
    def failed(self) -> int:
        """Segments that could not be read or analysed."""
        return self.totals.failed


def backfill(job: BackfillJob, on_progress: OnProgress) -> BackfillResult:
    """Decodes and looks at every segment that has no file yet; lists what became of each.

    Writes `observations/`, `segments.parquet` and `run.json`. Segments that failed before are
    tried again. Events are made from these by `analyze_run`.

    Args:
        job: What to do.
        on_progress: Called at the start and after every segment.

    Raises:
        StoreError: The folder cannot be written, is in use, or holds other results.
        BackfillInterrupted: Stopped from the keyboard; says how far it came.
        VigieError: The networks cannot be built, or Ray stopped.
    """
    with claimed(job.out_dir):
        run = record_run(job.out_dir, job.manifest, job.site, job.site_text)
        clear_asides(job.out_dir)
        clear_attempts(job.out_dir)
        return _Backfill(job, run, on_progress).go()


class _Backfill:
    """One call: what is missing, what came of it."""

    def __init__(self, job: BackfillJob, run: RunRecord, on_progress: OnProgress) -> None:
        self._job, self._run, self._on_progress = job, run, on_progress
        self._outcomes: dict[str, SegmentOutcome] = {}
        self._ray_start_s = 0.0
        self._tally: HarvestTally | None = None

    def go(self) -> BackfillResult:
        """Decodes, lists, records."""
        done: dict[str, SegmentRecord] = {}
        missing: list[Segment] = []
        for segment in self._job.manifest.segments:
            record = record_of(self._job.out_dir, segment)
            if record is None:
                missing.append(segment)
            else:
                done[segment.segment_id] = record
        if missing:
            self._decode(missing, tuple(done.values()))
        records = (*self._job.manifest.listed, *done.values(), *map(self._end_of, missing))
        return self._close(records, missing)

    def _decode(self, missing: Sequence[Segment], done: Sequence[SegmentRecord]) -> None:
        job = self._job
        began_s = time.monotonic()
        try:
            gpus = job.gpu_workers if job.num_gpus else 0
            with ray_session(job.address, job.workers + gpus, gpus):
                started_s = time.monotonic()
                self._ray_start_s = started_s - began_s
                self._stream(missing, done, gpus)
        except KeyboardInterrupt:
            ready = len(done) + len(self._outcomes)
            back = "" if self._tally is None else ", every borrowed slot was given back"
            raise BackfillInterrupted(
                f"interrupted: {ready} of {len(done) + len(missing)} segments are done and stay "
                f"in {job.out_dir}{back}; the same command goes on from there"
            ) from None
        except VigieError:
            raise
        except Exception as error:
            raise VigieError(
                f"Ray stopped: {type(error).__name__}: {told(error)}; what is done stays in "
                f"{job.out_dir}, the same command goes on from there"
            ) from error

    def _stream(self, missing: Sequence[Segment], done: Sequence[SegmentRecord], gpus: int) -> None:
        before_s = sum(record.span.footage_s for record in done if record.span)
        lengths_s = {segment.segment_id: segment.span.footage_s for segment in missing}
        meter = ProgressMeter(lengths_s, len(done), before_s, time.monotonic())
        self._on_progress(meter.look(time.monotonic()))
        stream = (
            self._own_workers(missing, gpus)
            if self._job.harvest is None
            else self._harvested(missing, self._job.harvest, meter)
        )
        with closing(stream):
            for outcome in stream:
                if outcome.fatal is not None:
                    raise FATAL.get(outcome.fatal, VigieError)(outcome.failure)
                self._outcomes[outcome.segment_id] = outcome
                look = meter.end(outcome.segment_id, outcome.failure, time.monotonic())
                self._on_progress(replace(look, harvest=self._tally))

    def _own_workers(
        self, missing: Sequence[Segment], gpus: int
    ) -> Generator[SegmentOutcome, None, None]:
        from ray_app.batch.segment_stream import Resources, stream_outcomes

        job = self._job
        resources = Resources(min(job.workers, len(missing)), gpus, job.num_gpus)
        return stream_outcomes(missing, job.out_dir.absolute(), job.blocks, resources)

    def _harvested(
        self, missing: Sequence[Segment], plan: "HarvestPlan", meter: ProgressMeter
    ) -> Generator[SegmentOutcome, None, None]:
        from ray_app.batch.harvest import harvest_outcomes

        def note(tally: HarvestTally) -> None:
            self._tally = tally
            self._on_progress(replace(meter.look(time.monotonic()), harvest=tally))

        job = self._job
        return harvest_outcomes(missing, job.out_dir.absolute(), job.blocks, plan, note)

    def _end_of(self, segment: Segment) -> SegmentRecord:
        """Returns what became of a segment of this call: its file says, or the worker did."""
        record = record_of(self._job.out_dir, segment)
        if record is not None:
            return record
        outcome = self._outcomes.get(segment.segment_id)
        reason = outcome.failure if outcome and outcome.failure else "the worker gave no answer"
        return segment.record(SegmentStatus.FAILED, reason)

    def _close(
        self, records: tuple[SegmentRecord, ...], missing: Sequence[Segment]
    ) -> BackfillResult:
        write_segments(self._job.out_dir, records)
        if self._tally is not None:  # what was killed on purpose leaves no trace
            clear_asides(self._job.out_dir)
            clear_attempts(self._job.out_dir)
        outcomes = self._outcomes.values()
        first_s = min((each.began_s for each in outcomes), default=0.0)
        last_s = max((each.ended_s for each in outcomes), default=0.0)
        timing = Timing(
            workers=self._job.workers if self._tally is None else self._tally.most,
            segments=len(missing),
            footage_s=sum(segment.span.footage_s for segment in missing),
            wall_s=last_s - first_s,
            cpu_s=sum(outcome.cpu_s for outcome in outcomes),
            worker_peak_rss_bytes=max((each.peak_rss_bytes for each in outcomes), default=0),
            ray_start_s=self._ray_start_s,
        )
        totals = add_up(records)
        write_run(self._job.out_dir, replace(self._run, totals=totals, timing=timing))
        decoded = sum(outcome.failure is None for outcome in outcomes)
        return BackfillResult(totals, timing, decoded, records, self._tally)
