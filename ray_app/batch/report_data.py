"""Gathers what a report tells from a folder of results."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.config.summary import CameraSummary, summarise
from ray_app.domain.errors import CalibrationError
from ray_app.domain.geometry import Points
from ray_app.domain.protocols import GroundProjection
from ray_app.geo.homography_projection import HomographyProjection
from ray_app.geo.projection import build_projection
from ray_app.report.data import (
    CameraFacts,
    Curve,
    FailedFile,
    LostSpan,
    NotMeasured,
    Place,
    ReportData,
    RunFacts,
)
from ray_app.store.events import read_events
from ray_app.store.run_record import CameraRecord, RunRecord, read_run
from ray_app.store.segments import SegmentRecord, SegmentStatus, read_segments

FARTHEST_M = 80.0
EDGE_STEPS = 24
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
    summary = summarise(site)
    return ReportData(
        site=run.site,
        cameras=tuple(_camera(c, kept[c.id], told[c.id], records) for c in cameras),
        events=read_events(results),
        curves=tuple(_curves(results, tuple(told.values()))),
        run=_run_facts(run),
        authorisation=None if site.authorisation is None else summary.authorisation,
        time_zone=cameras[0].time_zone if cameras else "UTC",
        places=tuple(_places(site)),
        perimeter_m=None if site.authorisation is None else site.authorisation.perimeter_m,
        failures=tuple(
            FailedFile(record.url, record.reason or str(record.status), record.camera_id)
            for record in records
            if record.status is not SegmentStatus.DONE
        ),
        not_measured=tuple(
            NotMeasured(r.camera_id, r.situation, r.place, r.reason, r.frames) for r in run.refusals
        ),
    )


def _run_facts(run: RunRecord) -> RunFacts:
    frames = 0 if run.totals is None else run.totals.frames
    return RunFacts(frames, run.site_sha256, run.weights, run.versions, run.replay_of)


def _camera(
    camera: CameraConfig,
    record: CameraRecord,
    told: CameraSummary,
    records: tuple[SegmentRecord, ...],
) -> CameraFacts:
    own = [r for r in records if r.camera_id == camera.id and r.status is SegmentStatus.DONE]
    position_m, view_m = _on_site(camera)
    return CameraFacts(
        id=camera.id,
        rate_hz=camera.reading.rate_hz,
        origin=None if record.origin is None else datetime.fromisoformat(record.origin),
        seen=_joined([(r.span.start_s, r.span.end_s) for r in own if r.span is not None]),
        gaps=record.gaps,
        lost=tuple(
            LostSpan(loss.start_s, loss.end_s, loss.cause) for r in own for loss in r.losses
        ),
        calibration=None if camera.calibration is None else told.calibration,
        position_m=position_m,
        view_m=view_m,
        networks=told.networks,
        notes=record.notes,
    )


def _joined(spans: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Returns spans in order, touching ones made one."""
    out: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if out and start_s <= out[-1][1] + NEXT_S:
            out[-1] = (out[-1][0], max(end_s, out[-1][1]))
        else:
            out.append((start_s, end_s))
    return tuple(out)


def _on_site(camera: CameraConfig) -> tuple[tuple[float, float] | None, Points | None]:
    calibration = camera.calibration
    fixed = None if calibration is None else calibration.homography or calibration.pinhole
    if fixed is None:
        return None, None
    try:
        projection = build_projection(fixed, fixed.image_size_px)
    except CalibrationError:
        return None, None
    position_m = None
    if calibration is not None and calibration.pinhole is not None:
        position_m = calibration.pinhole.position_m[:2]
    elif isinstance(projection, HomographyProjection) and projection.camera is not None:
        x_m, y_m = projection.camera.centre_m[:2]
        position_m = (float(x_m), float(y_m))
    return position_m, _view(projection, fixed.image_size_px, position_m)


def _view(
    projection: GroundProjection,
    size_px: tuple[int, int],
    position_m: tuple[float, float] | None,
) -> Points | None:
    """Returns the outline of the ground in the picture, not farther than FARTHEST_M."""
    width, height = size_px
    rows = np.linspace(height - 1.0, 0.0, EDGE_STEPS)
    left = _reached(projection, np.column_stack([np.zeros(EDGE_STEPS), rows]), position_m)
    right = _reached(
        projection, np.column_stack([np.full(EDGE_STEPS, width - 1), rows]), position_m
    )
    if len(left) == 0 or len(right) == 0:
        return None
    return tuple((float(x), float(y)) for x, y in [left[0], left[-1], right[-1], right[0]])


def _reached(
    projection: GroundProjection,
    points_px: NDArray[np.float64],
    position_m: tuple[float, float] | None,
) -> NDArray[np.float64]:
    xy_m = projection.feet_to_ground(points_px.astype(np.float64)).xy_m
    centre = xy_m[0] if position_m is None else np.asarray(position_m)
    near = np.isfinite(xy_m).all(axis=1)
    near &= np.linalg.norm(np.nan_to_num(xy_m) - centre, axis=1) <= FARTHEST_M
    return xy_m[: int(np.argmin(near))] if not near.all() else xy_m


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


def _curves(results: Path, cameras: tuple[CameraSummary, ...]) -> Iterator[Curve]:
    """Yields one curve per camera, situation and place, in the order of the file."""
    columns = ["camera_id", "situation", "unit", "place", "time_s", "level", "sigma"]
    table = pq.read_table(results / "readings.parquet", columns=columns)
    alarms = {
        (camera.id, watch.situation, watch.place): (watch.open_at, watch.close_at)
        for camera in cameras
        for watch in camera.watches
    }
    keys = table.group_by(["camera_id", "situation", "place", "unit"], use_threads=False)
    for row in keys.aggregate([]).to_pylist():
        chosen = pc.and_(
            pc.equal(table["camera_id"], row["camera_id"]),
            pc.and_(
                pc.equal(table["situation"], row["situation"]),
                pc.equal(table["place"], row["place"]),
            ),
        )
        part = table.filter(chosen)
        open_at, close_at = alarms.get(
            (row["camera_id"], row["situation"], row["place"]), (None, None)
        )
        yield Curve(
            row["camera_id"],
            row["situation"],
            row["place"],
            row["unit"],
            part["time_s"].to_numpy(),
            part["level"].to_numpy(),
            pc.fill_null(part["sigma"], float("nan")).to_numpy(),
            open_at,
            close_at,
        )
