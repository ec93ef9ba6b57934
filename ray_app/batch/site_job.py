"""From a site file and a list of videos to the work of a back-fill."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import PurePosixPath

import torch
import yaml

from models.settings import NetworkSettings
from models.zoo import build_detector, needed_width_px
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.manifest import CameraSource
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import Hide, WorkerBlocks
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import FootageError
from ray_app.domain.protocols import Detector
from ray_app.geo.calibration import DroneCalibration
from ray_app.provenance import perimeter_seen, weights_of
from ray_app.video.decord_guard import index_for_decord
from ray_app.video.filesystem import shown
from ray_app.video.footage_listing import match_cameras
from ray_app.video.sampling import ClipReader
from ray_app.video.start_time import StartRule
from ray_app.video.telemetry import telemetry_beside, telemetry_url
from ray_app.wiring import PoseAt, build_mask, follow_drone


@dataclass(frozen=True, slots=True)
class SiteFootage:
    """Which footage goes to which camera, and what is left over.

    Attributes:
        remarks: What a person should know before the work starts, one line each.
    """

    sources: tuple[CameraSource, ...]
    remarks: tuple[str, ...] = field(default=())


def site_text_without_file(urls: Sequence[str]) -> str:
    """Returns a site file in which every video is a camera of its own, not calibrated."""
    cameras: dict[str, str] = {}
    for url in urls:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", PurePosixPath(shown(url)).stem)
        name = stem.strip("_") or "video"
        camera_id, number = name, 2
        while camera_id in cameras:
            camera_id, number = f"{name}_{number}", number + 1
        cameras[camera_id] = url
    site = {
        "site": "footage without a site file",
        "cameras": [
            {"id": camera_id, "footage": [_escaped(url)]} for camera_id, url in cameras.items()
        ],
    }
    return yaml.safe_dump(site, sort_keys=False, allow_unicode=True)


def sources_of(site: SiteConfig, urls: Sequence[str]) -> SiteFootage:
    """Returns the footage of each camera.

    Raises:
        FootageError: No camera's patterns match any file.
    """
    matched = match_cameras(urls, {camera.id: camera.footage for camera in site.cameras})
    cameras = {camera.id: camera for camera in site.cameras}
    sources = tuple(
        _source(cameras[name], found, site.authorisation)
        for name, found in matched.urls_of
        if found
    )
    if not sources:
        patterns = ", ".join(pattern for camera in site.cameras for pattern in camera.footage)
        raise FootageError(
            f"none of {len(urls)} files matches a camera's footage patterns ({patterns})"
        )
    remarks = [f"camera {name}: no footage" for name, found in matched.urls_of if not found]
    remarks += [
        f"{shown(url)}: no camera's patterns match it, left out" for url in matched.unclaimed
    ]
    remarks += [
        f"{shown(url)}: cameras {', '.join(names)} all claim it, left out"
        for url, names in matched.contested
    ]
    return SiteFootage(sources, tuple(remarks))


def blocks_of(site: SiteConfig) -> WorkerBlocks:
    """Returns how workers build what they work with."""
    drones = {
        camera.id: camera.calibration.drone
        for camera in site.cameras
        if camera.calibration is not None and camera.calibration.drone is not None
    }
    return WorkerBlocks(
        build_single_threaded, open_footage, partial(follow_pose, drones), partial(hide_of, site)
    )


def build_single_threaded(networks: NetworkSettings) -> Detector:
    """Returns the networks on one thread: parallelism comes from workers."""
    torch.set_num_threads(1)
    return build_detector(networks)


def open_footage(segment: Segment) -> ClipReader:
    """Returns the reader of one segment."""
    span, reading = segment.span, segment.reading
    return ClipReader(
        segment.clip,
        span.first_index,
        span.end_index,
        reading.rate_hz,
        segment.width_px,
        reading.reader,
    )


def follow_pose(drones: Mapping[str, DroneCalibration], segment: Segment) -> PoseAt | None:
    """Returns where the drone of a segment was; None for a fixed camera."""
    calibration = drones.get(segment.camera_id)
    return None if calibration is None else follow_drone(segment.clip, calibration)


def hide_of(site: SiteConfig, segment: Segment) -> Hide | None:
    """Returns what blackens a segment's frames outside the authorised perimeter."""
    camera = next(camera for camera in site.cameras if camera.id == segment.camera_id)
    return build_mask(camera, site.authorisation)


def _source(
    camera: CameraConfig, urls: tuple[str, ...], authorisation: AuthorisationSettings | None
) -> CameraSource:
    drone = None if camera.calibration is None else camera.calibration.drone
    beside = ((url, telemetry_url(url)) for url in urls) if drone is not None else ()
    return CameraSource(
        camera_id=camera.id,
        urls=urls,
        reading=camera.reading,
        width_px=camera.reading.width_px or needed_width_px(camera.networks),
        networks=camera.networks,
        weights=weights_of(camera.networks),
        perimeter=perimeter_seen(camera, authorisation),
        start_rule=StartRule(
            camera.started_at, camera.start_pattern, camera.time_zone, _flown_at(drone, urls)
        ),
        telemetry=tuple((url, found) for url, found in beside if found is not None),
        notes=(*_reader_notes(camera, urls), *_telemetry_notes(drone, urls)),
    )


def _flown_at(
    drone: DroneCalibration | None, urls: tuple[str, ...]
) -> tuple[tuple[str, datetime], ...]:
    """Returns the aircraft's wall clock at the first instant of each file that tells it."""
    if drone is None:
        return ()
    firsts = (
        (url, cue)
        for url in urls
        for cue in telemetry_beside(
            url, gps_order=drone.gps_order, altitude_reference=drone.altitude_reference
        ).cues[:1]
    )
    return tuple(
        (url, cue.time - timedelta(seconds=cue.start_s)) for url, cue in firsts if cue.time
    )


def _reader_notes(camera: CameraConfig, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Returns which videos of a camera that asks for decord PyAV reads instead, and why."""
    if camera.reading.reader != "decord":
        return ()
    notes: list[str] = []
    for url in urls:
        try:
            index = index_for_decord(url, None)
        except FootageError:
            continue  # its segments will say so
        if isinstance(index, str):
            notes.append(f"{PurePosixPath(shown(url)).name}: read by PyAV, not decord: {index}")
    return tuple(notes)


def _telemetry_notes(drone: DroneCalibration | None, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Returns what is wrong with the telemetry of a drone's videos, each under its file's name."""
    if drone is None:
        return ()
    notes: list[str] = []
    for url in urls:
        name = PurePosixPath(shown(url)).name
        found = telemetry_beside(
            url, gps_order=drone.gps_order, altitude_reference=drone.altitude_reference
        )
        notes += [note if name in note else f"telemetry of {name}: {note}" for note in found.notes]
    return tuple(notes)


def _escaped(url: str) -> str:
    """Returns a pattern that matches this very file: its whole path, wildcards taken literally."""
    path = shown(url).partition("://")[2] or url
    return re.sub(r"([*?[])", r"[\1]", path)
