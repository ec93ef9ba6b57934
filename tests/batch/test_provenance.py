"""Who told when footage began, and what a drone's telemetry lacks, reach the record of the run."""

from pathlib import Path

import pytest
from square_footage import film

from ray_app.batch.manifest import make_manifest
from ray_app.batch.results_folder import record_run
from ray_app.batch.site_job import sources_of
from ray_app.commands.site_text import load_site_text
from ray_app.domain.observation import DronePose
from ray_app.geo.dji_srt import write_dji_srt
from ray_app.geo.pose_track import Cue
from ray_app.store.run_record import CameraRecord, read_run

SITE = """
site: squares
cameras:
  - id: gate
    footage: ["gate_*.mp4"]
    start_pattern: gate_%Y%m%d_%H%M%S
    time_zone: Europe/Paris
  - id: yard
    footage: ["yard.mp4"]
    reading: {reader: decord}
  - id: drone
    footage: ["DJI_*.mp4"]
    calibration: {drone: {origin_deg: [48.85, 2.35]}}
"""
NO_TILT = DronePose(48.85, 2.35, 40.0, 10.0, None, None, 73.7)


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CameraRecord]:
    folder = tmp_path_factory.mktemp("footage")
    names = ("gate_20240726_180000", "gate_late", "yard", "DJI_0001", "DJI_0002")
    paths = [folder / f"{name}.mp4" for name in names]
    for path in paths:
        film(path, 4.0)
    write_dji_srt(folder / "DJI_0002.SRT", [Cue(0.0, 1.0, NO_TILT)])
    return _recorded(paths, tmp_path_factory.mktemp("results"))


def _recorded(paths: list[Path], out_dir: Path) -> dict[str, CameraRecord]:
    site = load_site_text(SITE, "site of the test")
    manifest = make_manifest(sources_of(site, [str(path) for path in paths]).sources, 60.0)
    record_run(out_dir, manifest, site.site, SITE)
    return {camera.camera_id: camera for camera in read_run(out_dir).cameras}


def test_each_file_tells_its_start_and_who_told_it(cameras) -> None:
    told = [(each.file, each.starts_at, each.clock) for each in cameras["gate"].files]
    assert told == [
        ("gate_20240726_180000.mp4", "2024-07-26T16:00:00+00:00", "file name"),
        ("gate_late.mp4", None, "unknown"),
    ]
    (yard,) = cameras["yard"].files
    assert (yard.starts_at, yard.clock) == ("2026-06-21T08:00:00+00:00", "container")


def test_an_unknown_start_is_said_of_its_file(cameras) -> None:
    # Both files of a camera claim the same moment: a copy's date, so it is not believed.
    told = [(each.starts_at, each.clock) for each in cameras["drone"].files]
    assert told == [(None, "unknown"), (None, "unknown")]
    assert "start unknown for 2 of 2 files; placed in name order" in cameras["drone"].notes


def test_what_telemetry_lacks_is_told_under_the_name_of_its_file(cameras) -> None:
    assert "no telemetry: DJI_0001.SRT is not beside DJI_0001.mp4" in cameras["drone"].notes
    assert "telemetry of DJI_0002.mp4: no cue tells a usable gimbal tilt" in cameras["drone"].notes


def test_a_file_decord_would_read_wrongly_is_named(tmp_path) -> None:
    path = tmp_path / "lane.avi"
    film(path, 2.0)
    text = (
        "site: squares\ncameras:\n  - {id: lane, footage: [lane.avi], reading: {reader: decord}}\n"
    )
    ((source,),) = [sources_of(load_site_text(text, "test"), [str(path)]).sources]
    assert source.notes == ("lane.avi: read by PyAV, not decord: container avi",)
