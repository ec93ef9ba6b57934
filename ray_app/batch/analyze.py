"""Folds stored observations into events and readings, camera by camera, in plain Python."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ray_app.analysis.camera_analyzer import Refusal, TimedReading
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.authorised_time import cut_by_authorisation
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.event import Event
from ray_app.domain.observation import Observation
from ray_app.store.events import write_events
from ray_app.store.observations import count_frames, read_segment, segment_file
from ray_app.store.readings import write_readings
from ray_app.store.run_record import RefusalRecord, read_run, write_run
from ray_app.store.segments import GridSpan, SegmentRecord, SegmentStatus, read_segments
from ray_app.wiring import build_analyzer


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the rules made of the observations.

    Attributes:
        events: By camera, then in the order they came.
        readings: How many were written.
        refusals: What could not be measured, and in how many frames.
    """

    events: tuple[Event, ...]
    readings: int
    refusals: tuple[RefusalRecord, ...]


def analyze_run(results: Path, site: SiteConfig) -> Analysis:
    """Writes the events and readings of a finished back-fill, and adds its refusals to run.json.

    Raises:
        StoreError: The results are incomplete, or cannot be written.
    """
    analysis = analyze(results, read_segments(results), site, results)
    write_run(results, replace(read_run(results), refusals=analysis.refusals))
    return analysis


def analyze(
    results: Path, records: Sequence[SegmentRecord], site: SiteConfig, out_dir: Path
) -> Analysis:
    """Writes the events and readings that a site's rules make of stored observations.

    Memory holds one segment of observations and all events. No footage is opened.

    Args:
        results: Folder whose observations are read.
        records: Its segments; only those done are read, cut to what the site authorises.
        site: Rules, calibration, zones. Cameras it does not name are left out.
        out_dir: Where to write.
    """
    fold = _Fold(results, records, site)
    write_readings(out_dir, fold.readings())
    write_events(out_dir, fold.events)
    refusals = tuple(
        RefusalRecord(each.camera_id, each.situation, each.place, each.reason, frames)
        for each, frames in sorted(fold.refused.items())
    )
    return Analysis(tuple(fold.events), fold.read, refusals)


def authorised_parts(
    results: Path, record: SegmentRecord, grant: AuthorisationSettings | None
) -> Iterator[SegmentRecord]:
    """Yields a done segment cut at the authorisation's window, what lies outside as refused."""
    span = record.span
    if span is None or record.status is not SegmentStatus.DONE:
        yield record
        return
    indexes = range(span.first_index, span.end_index)
    origin = None
    if record.starts_at is not None:
        origin = datetime.fromisoformat(record.starts_at) - timedelta(seconds=span.start_s)
    for part, reason in cut_by_authorisation(
        record.camera_id, indexes, span.rate_hz, origin, grant
    ):
        if part == indexes and reason is None:
            yield record
            continue
        cut = replace(record, span=GridSpan(part.start, part.stop, span.rate_hz, span.stretch))
        if reason is None:
            path = segment_file(results, record.camera_id, record.segment_id)
            yield replace(cut, frames=count_frames(path, part))
        else:
            refused = SegmentStatus.REFUSED
            yield replace(cut, status=refused, reason=reason, frames=None, losses=())


class _Fold:
    """One pass over all cameras; readings flow out, events and refusals stay."""

    def __init__(self, results: Path, records: Sequence[SegmentRecord], site: SiteConfig) -> None:
        self._results, self._records, self._site = results, records, site
        self.events: list[Event] = []
        self.refused: Counter[Refusal] = Counter()
        self.read = 0

    def readings(self) -> Iterator[TimedReading]:
        """Yields every reading, by camera, then in time order."""
        for camera in sorted(self._site.cameras, key=lambda camera: camera.id):
            for reading in self._fold_camera(camera):
                self.read += 1
                yield reading

    def _fold_camera(self, camera: CameraConfig) -> Iterator[TimedReading]:
        analyzer = build_analyzer(camera, self._site.authorisation)
        for observation in self._observations(camera.id):
            step = analyzer.step(observation)
            self.events.extend(step.events)
            yield from step.readings
        self.events.extend(analyzer.finish().events)
        self.refused.update(analyzer.refused)

    def _observations(self, camera_id: str) -> Iterator[Observation]:
        done = (
            record
            for record in self._records
            if record.camera_id == camera_id and record.status is SegmentStatus.DONE
        )
        for record in done:
            allowed = [
                range(part.span.first_index, part.span.end_index)
                for part in authorised_parts(self._results, record, self._site.authorisation)
                if part.span is not None and part.status is SegmentStatus.DONE
            ]
            if allowed:
                path = segment_file(self._results, camera_id, record.segment_id)
                for seen in read_segment(path):
                    if any(seen.key.index in part for part in allowed):
                        yield seen
