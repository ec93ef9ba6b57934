"""Runs the rules again on stored observations: other zones, levels, dwell; no footage opened."""

import json
from dataclasses import replace
from pathlib import Path

from shapely import Polygon

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.analyze import Analysis, analyze, authorised_parts
from ray_app.batch.results_folder import add_up, claimed
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import StoreError
from ray_app.provenance import hash_of, perimeter_seen
from ray_app.store.run_record import RunRecord, flat_settings, read_run, run_file, write_run
from ray_app.store.segments import read_segments, write_segments


def replay(results: Path, site: SiteConfig, site_text: str | None, out_dir: Path) -> Analysis:
    """Writes what another site file makes of the observations of an earlier back-fill.

    Writes `events.parquet`, `events.ndjson`, `readings.parquet`, `segments.parquet` and
    `run.json` into out_dir.

    Args:
        results: Folder of a finished back-fill.
        site: What to watch for now.
        site_text: Its file, whole.
        out_dir: Where to write: empty, absent, or an earlier replay.

    Raises:
        StoreError: The results are incomplete; the site asks for other frames or networks than
            were stored; out_dir cannot take the results.
    """
    stored = read_run(results)
    records = read_segments(results)
    if stored.replay_of is not None:
        raise StoreError(f"{results} is a replay and has no observations; take {stored.replay_of}")
    _refuse_other_frames(stored, site, results)
    with claimed(out_dir):
        _refuse_other_results(results, out_dir)
        analysis = analyze(results, records, site, out_dir)
        parts = [
            part for each in records for part in authorised_parts(results, each, site.authorisation)
        ]
        write_segments(out_dir, parts)
        write_run(
            out_dir,
            replace(
                stored,
                site=site.site,
                site_text=site_text,
                site_sha256=hash_of(site_text),
                totals=add_up(parts),
                timing=None,
                refusals=analysis.refusals,
                replay_of=str(results),
            ),
        )
    return analysis


def _refuse_other_frames(stored: RunRecord, site: SiteConfig, results: Path) -> None:
    wanted = {camera.id: camera for camera in site.cameras}
    known = {camera.camera_id: dict(camera.settings) for camera in stored.cameras}
    if not wanted.keys() & known.keys():
        raise StoreError(
            f"{results} holds cameras {', '.join(sorted(known))}; the site file names "
            f"{', '.join(sorted(wanted))}"
        )
    for camera_id in sorted(wanted.keys() & known.keys()):
        _refuse_other_camera(wanted[camera_id], known[camera_id], results)
        _refuse_wider_perimeter(wanted[camera_id], site.authorisation, known[camera_id], results)


def _refuse_other_camera(camera: CameraConfig, known: dict[str, str], results: Path) -> None:
    now = dict(
        (*flat_settings("reading", camera.reading), *flat_settings("networks", camera.networks))
    )
    before = {name: known[name] for name in known if name.startswith(("reading.", "networks."))}
    for name in sorted(now.keys() | before.keys()):
        was, is_now = before.get(name, "absent"), now.get(name, "absent")
        if was != is_now:
            raise StoreError(
                f"{results} was seen with camera {camera.id} {name} = {was}, now it is {is_now}: "
                "that needs the footage, run backfill again"
            )


def _refuse_wider_perimeter(
    camera: CameraConfig,
    authorisation: AuthorisationSettings | None,
    known: dict[str, str],
    results: Path,
) -> None:
    """What lay outside was black when the networks looked: nothing can be told of it now."""
    was = known.get("perimeter.polygon_m")
    if was is None:
        return
    now = dict(perimeter_seen(camera, authorisation))
    polygon = now.get("perimeter.polygon_m")
    if polygon is None or not Polygon(json.loads(was)).covers(Polygon(json.loads(polygon))):
        raise StoreError(
            f"{results} was seen inside the perimeter {was}, and the site file asks for more: "
            "that needs the footage, run backfill again"
        )
    if now["perimeter.calibration"] != known["perimeter.calibration"]:
        raise StoreError(
            f"{results} was seen inside a perimeter laid on the picture by another calibration "
            f"of camera {camera.id}: that needs the footage, run backfill again"
        )


def _refuse_other_results(results: Path, out_dir: Path) -> None:
    if out_dir.resolve() == results.resolve():
        raise StoreError(f"{out_dir} holds the results themselves; take another --out")
    if run_file(out_dir).exists() and read_run(out_dir).replay_of is None:
        raise StoreError(f"{out_dir} holds the results of a back-fill; take another --out")
