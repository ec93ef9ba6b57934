"""Says in a frame ledger how its frames were looked at, as a back-fill says it."""

import json
from pathlib import Path

from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.provenance import hash_of, package_versions, perimeter_seen, weights_of
from ray_app.store.run_record import CameraRecord, RunRecord, flat_settings, write_run


def record_run(site: SiteConfig, path: Path, ledger: Path) -> None:
    """Writes how frames are looked at, so that `vigie replay` takes the ledger for a back-fill."""
    cameras = [camera for camera in site.cameras if camera.stream is not None]
    text = path.read_text("utf-8")
    weights = {pair for camera in cameras for pair in weights_of(camera.networks)}
    record = RunRecord(
        site=site.site,
        site_text=text,
        site_sha256=hash_of(text),
        segment_s=30.0,
        versions=package_versions(),
        weights=tuple(sorted(weights)),
        cameras=tuple(_camera_record(site, camera) for camera in cameras),
    )
    write_run(ledger, record)


def _camera_record(site: SiteConfig, camera: CameraConfig) -> CameraRecord:
    return CameraRecord(
        camera_id=camera.id,
        origin=None,
        settings=(
            *flat_settings("reading", camera.reading),
            *flat_settings("networks", camera.networks),
            *((f"weights.{name}", json.dumps(sum_)) for name, sum_ in weights_of(camera.networks)),
            *perimeter_seen(camera, site.authorisation),
        ),
    )
