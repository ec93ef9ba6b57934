"""The folder of a run: who writes in it, what it holds, what was run."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ray_app.batch.manifest import CameraFootage, Manifest
from ray_app.batch.segment import Segment
from ray_app.domain.errors import StoreError
from ray_app.provenance import hash_of, package_versions
from ray_app.store.observations import read_facts, segment_file
from ray_app.store.run_record import (
    CameraRecord,
    FileRecord,
    RunRecord,
    Totals,
    flat_settings,
    read_run,
    refuse_other_settings,
    run_file,
    write_run,
)
from ray_app.store.segments import SegmentRecord, SegmentStatus
from ray_app.store.written_aside import cause_of
from ray_app.video.clip import Clip
from ray_app.video.filesystem import shown
from ray_app.video.start_time import Clock
from ray_app.video.timeline import Timeline

LOCK = ".lock"


@contextmanager
def claimed(out_dir: Path) -> Iterator[None]:
    """Keeps a second run out of the folder; the claim ends with the process, however it ends.

    Raises:
        StoreError: The folder cannot be written, or another run is writing in it.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        file = (out_dir / LOCK).open("wb")
    except OSError as error:
        raise StoreError(f"cannot write {out_dir}: {cause_of(error)}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another run is writing in {out_dir}; wait for its end") from None
        except OSError as error:
            raise StoreError(f"cannot lock {out_dir}: {cause_of(error)}") from error
        yield


def record_run(out_dir: Path, manifest: Manifest, site: str, site_text: str | None) -> RunRecord:
    """Writes what is going to be run, before anything is.

    Raises:
        StoreError: The folder holds something else, or results of other settings.
    """
    run = RunRecord(
        site=site,
        site_text=site_text,
        site_sha256=hash_of(site_text),
        segment_s=manifest.segment_s,
        versions=package_versions(),
        weights=tuple(
            sorted({pair for camera in manifest.cameras for pair in camera.source.weights})
        ),
        cameras=tuple(map(_camera_record, manifest.cameras)),
    )
    if run_file(out_dir).exists():
        refuse_other_settings(read_run(out_dir), run, out_dir)
    elif any(path.name != LOCK and not path.name.startswith(".") for path in out_dir.iterdir()):
        raise StoreError(f"{out_dir} is not empty and holds no results; take another --out")
    write_run(out_dir, run)
    return run


def record_of(out_dir: Path, segment: Segment) -> SegmentRecord | None:
    """Returns the record of a segment that has its file; None when it must be decoded."""
    path = segment_file(out_dir, segment.camera_id, segment.segment_id)
    if not path.exists():
        return None
    try:
        frames, losses = read_facts(path)
    except StoreError:
        return None
    return replace(segment.record(SegmentStatus.DONE), frames=frames, losses=losses)


def add_up(records: Sequence[SegmentRecord]) -> Totals:
    """Returns the totals of a list of segments."""
    by_status = {status: [r for r in records if r.status is status] for status in SegmentStatus}
    done = by_status[SegmentStatus.DONE]
    return Totals(
        segments=len(records),
        done=len(done),
        failed=len(by_status[SegmentStatus.FAILED]),
        refused=len(by_status[SegmentStatus.REFUSED]),
        frames=sum(record.frames or 0 for record in done),
        footage_s=sum(record.span.footage_s for record in done if record.span),
        lost_s=sum(loss.end_s - loss.start_s for record in done for loss in record.losses),
    )


def _camera_record(camera: CameraFootage) -> CameraRecord:
    source, timeline = camera.source, camera.timeline
    return CameraRecord(
        camera_id=source.camera_id,
        origin=None if timeline.origin is None else timeline.origin.isoformat(),
        settings=(
            *flat_settings("reading", source.reading),
            *flat_settings("networks", source.networks),
            ("width_px", json.dumps(source.width_px)),
            *((f"weights.{name}", json.dumps(sha256)) for name, sha256 in source.weights),
            *source.perimeter,
        ),
        gaps=tuple((gap.start_s, gap.end_s) for gap in timeline.gaps),
        overlaps=tuple((overlap.start_s, overlap.end_s) for overlap in timeline.overlaps),
        notes=(*timeline.notes, *source.notes),
        files=_file_records(timeline),
    )


def _file_records(timeline: Timeline) -> tuple[FileRecord, ...]:
    clocks = dict(timeline.clocks)
    return tuple(
        _file_record(clip, clocks.get(clip.url, Clock.NOBODY), timeline) for clip in timeline.clips
    )


def _file_record(clip: Clip, clock: Clock, timeline: Timeline) -> FileRecord:
    # A file of unknown start stands behind the others: the line tells no instant of it.
    instant = None if clock is Clock.NOBODY else timeline.instant(clip.start_s)
    return FileRecord(
        file=shown(clip.url).rpartition("/")[2],
        start_s=clip.start_s,
        end_s=clip.end_s,
        starts_at=None if instant is None else instant.isoformat(),
        clock=str(clock),
    )
