"""Gathers what a report tells from a folder of results."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.camera_on_site import place_on_site
from ray_app.batch.report_curves import read_curves
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.config.summary import CameraSummary, summarise
from ray_app.domain.geometry import Points
from ray_app.report.data import (
    Authorisation,
    CameraFacts,
    FailedFile,
    FootageFile,
    LostSpan,
    NotMeasured,
    Place,
    ReportData,
    RunFacts,
)
from ray_app.store.events import read_events
from ray_app.store.run_record import CameraRecord, RunRecord, read_run
from ray_app.store.segments import SegmentRecord, SegmentStatus, read_segments

NEXT_S = 1e-6


def gather_report(results: Path, site: SiteConfig) -> ReportData:
    """Returns everything but the stills.

    Raises:
        StoreError: The folder holds no finished results.
    """
    run, records = read_run(results), read_segments(results)
    told = {camera.id: camera for camera in summarise(site).cameras}
    kept = {camera.camera_id: camera for camera in run.cameras}
    cameras = [camera for camera in site.cameras if camera.id in kept]
    return ReportData(
        site=run.site,
        cameras=tuple(_camera(c, kept[c.id], told[c.id], records) for c in cameras),
        events=read_events(results),
        curves=tuple(read_curves(results, site)),
        run=_run_facts(run),
        authorisation=_authorisation(site.authorisation, records),
        time_zone=cameras[0].time_zone if cameras else "UTC",
        places=tuple(_places(site)),
        perimeter_m=None if site.authorisation is None else site.authorisation.perimeter_m,
        failures=tuple(
            dict.fromkeys(
                FailedFile(record.url, record.reason or "", record.camera_id)
                for record in records
                if record.status is SegmentStatus.FAILED
            )
        ),
        not_measured=tuple(
            NotMeasured(r.camera_id, r.situation, r.place, r.reason, r.frames) for r in run.refusals
        ),
    )


def _run_facts(run: RunRecord) -> RunFacts:
    frames = 0 if run.totals is None else run.totals.frames
    return RunFacts(frames, run.site_sha256, run.weights, run.versions, run.replay_of)


def _authorisation(
    grant: AuthorisationSettings | None, records: tuple[SegmentRecord, ...]
) -> Authorisation | None:
    if grant is None:
        return None
    refused_s = sum(
        record.span.footage_s
        for record in records
        if record.status is SegmentStatus.REFUSED and record.span is not None
    )
    return Authorisation(
        grant.purpose, grant.situations, grant.cameras, grant.start, grant.end, refused_s
    )


def _camera(
    camera: CameraConfig,
    record: CameraRecord,
    told: CameraSummary,
    records: tuple[SegmentRecord, ...],
) -> CameraFacts:
    own = [r for r in records if r.camera_id == camera.id and r.span is not None]
    done = [r.span for r in own if r.span is not None and r.status is SegmentStatus.DONE]
    position_m, view_m = place_on_site(camera)
    return CameraFacts(
        id=camera.id,
        rate_hz=camera.reading.rate_hz,
        origin=None if record.origin is None else datetime.fromisoformat(record.origin),
        seen=_joined([(span.start_s, span.end_s) for span in done]),
        gaps=record.gaps,
        lost=tuple(_lost(own)),
        overlaps=record.overlaps,
        files=tuple(
            FootageFile(f.file, f.start_s, f.end_s, f.starts_at is not None, f.clock)
            for f in record.files
        ),
        calibration=None if camera.calibration is None else told.calibration,
        position_m=position_m,
        view_m=view_m,
        networks=told.networks,
        watched=tuple((watch.situation, watch.place) for watch in told.watches),
        notes=record.notes,
    )


def _lost(records: list[SegmentRecord]) -> Iterator[LostSpan]:
    """Yields what could not be decoded, and whole segments that failed or were refused."""
    for record in records:
        for loss in record.losses:
            yield LostSpan(loss.start_s, loss.end_s, loss.cause)
        if record.span is not None and record.status is not SegmentStatus.DONE:
            cause = record.reason or str(record.status)
            yield LostSpan(record.span.start_s, record.span.end_s, cause)


def _joined(spans: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Returns spans in order, touching ones made one."""
    out: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if out and start_s <= out[-1][1] + NEXT_S:
            out[-1] = (out[-1][0], max(end_s, out[-1][1]))
        else:
            out.append((start_s, end_s))
    return tuple(out)


def _places(site: SiteConfig) -> Iterator[Place]:
    """Yields every zone and line on the ground once, however many cameras name it."""
    named: set[tuple[str, Points]] = set()
    for camera in site.cameras:
        own = [(z.name, z.polygon_m) for z in camera.zones if z.polygon_m is not None]
        own += [(line.name, (line.start_m, line.end_m)) for line in camera.lines]
        for name, points in own:
            if (name, points) not in named:
                named.add((name, points))
                yield Place(name, points)
