"""The same observations give the same events; other levels are tried without footage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from square_footage import MORNING, film_site, manifest_of, run_without_ray, site

from ray_app.analysis.alarm_tuning import openings
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.analyze import analyze_run
from ray_app.batch.replay import replay
from ray_app.batch.results_folder import record_of, record_run
from ray_app.commands.evaluate_tune import watched_cameras, what_fires
from ray_app.domain.errors import FootageError, StoreError
from ray_app.domain.event import Phase
from ray_app.store.events import read_events
from ray_app.store.readings import read_readings
from ray_app.store.run_record import read_run
from ray_app.store.segments import SegmentStatus, read_segments, write_segments
from ray_app.video.reading import ReadingSettings


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def fill(footage, out_dir, segment_s):
    manifest = manifest_of(footage, segment_s)
    out_dir.mkdir()
    record_run(out_dir, manifest, "squares", "site: squares\n")
    run_without_ray(out_dir, manifest)
    write_segments(out_dir, [record_of(out_dir, segment) for segment in manifest.segments])
    return out_dir


@pytest.fixture(scope="module")
def results(footage, tmp_path_factory):
    out_dir = fill(footage, tmp_path_factory.mktemp("results") / "out", 2.0)
    analyze_run(out_dir, site())
    return out_dir


def test_the_square_in_the_closed_third_is_an_event(results):
    opened = [event for event in read_events(results) if event.phase is Phase.OPENED]
    assert {event.camera_id for event in opened} == {"east", "west"}
    # The square's middle foot crosses x = 84 at picture 38, 3.8 s, seen at 3.8 or 4.0 s.
    assert 3.6 <= opened[0].started_s <= 4.0
    counts = [r.reading.level for r in read_readings(results) if r.situation == "people_count"]
    assert counts.count(1.0) >= 2 * 60


def test_segment_length_does_not_show_in_the_results(results, footage, tmp_path):
    for segment_s in (0.7, 60.0):
        out_dir = fill(footage, tmp_path / f"out{segment_s}", segment_s)
        analyze_run(out_dir, site())
        for name in ("events.parquet", "events.ndjson", "readings.parquet"):
            assert (out_dir / name).read_bytes() == (results / name).read_bytes(), name


def test_a_replay_with_the_same_rules_gives_the_same_bytes(results, tmp_path):
    replay(results, site(), "site: squares\n", tmp_path / "again")
    for name in ("events.parquet", "events.ndjson", "readings.parquet", "segments.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (results / name).read_bytes(), name


def test_a_replay_with_another_level_needs_no_footage(footage, results, tmp_path):
    hidden = footage.rename(footage.with_name("hidden"))
    try:
        replay(results, site(alarm_at=2.0), None, tmp_path / "stricter")
    finally:
        hidden.rename(footage)
    assert not [e for e in read_events(tmp_path / "stricter") if e.phase is Phase.OPENED]
    assert read_run(tmp_path / "stricter").replay_of == str(results)


def test_a_replay_respects_a_narrower_authorisation(results, tmp_path):
    grant = AuthorisationSettings(
        purpose="test",
        situations=("restricted_area",),
        cameras=("east",),
        start=MORNING,
        end=MORNING + timedelta(seconds=3.0),
    )
    replay(results, site(authorisation=grant), None, tmp_path / "less")
    readings = list(read_readings(tmp_path / "less"))
    assert {reading.camera_id for reading in readings} == {"east"}
    assert max(reading.time_s for reading in readings) == 3.0
    records = read_segments(tmp_path / "less")
    done = [r.span.end_index for r in records if r.status is SegmentStatus.DONE]
    assert max(done) == 16
    assert sum(r.frames for r in records if r.status is SegmentStatus.DONE) == 16
    assert {r.camera_id for r in records if r.status is SegmentStatus.REFUSED} == {"east", "west"}


def test_a_replay_that_needs_footage_says_so(results, tmp_path):
    other = tuple(
        replace(camera, reading=ReadingSettings(rate_hz=2.0)) for camera in site().cameras
    )
    with pytest.raises(StoreError, match=r"camera east reading.rate_hz = 5.0, now it is 2.0"):
        replay(results, replace(site(), cameras=other), None, tmp_path / "other")
    strangers = tuple(replace(camera, id=f"x{camera.id}") for camera in site().cameras)
    with pytest.raises(StoreError, match="holds cameras east, west"):
        replay(results, replace(site(), cameras=strangers), None, tmp_path / "other")


def test_a_replay_never_writes_over_results(results):
    with pytest.raises(StoreError, match="take another --out"):
        replay(results, site(), None, results)


def test_results_that_are_not_finished_are_one_line(tmp_path):
    with pytest.raises(StoreError, match="not a folder of results"):
        replay(tmp_path, site(), None, tmp_path / "out")


def test_levels_tried_on_stored_readings_open_what_the_analyzer_opened(results, tmp_path):
    truth = tmp_path / "labels.json"
    truth.write_text('{"east": {"events": [{"start": 4.0}]}, "west": {"events": []}}')
    cameras = watched_cameras(results, truth, "restricted_area")
    alarm = site().cameras[0].situations.restricted_area[0].alarm
    tried = {(c.name, s.place, t) for c in cameras for s in c.series for t in openings(s, alarm)}
    events = read_events(results)
    opened = {(e.camera_id, e.place, e.time_s) for e in events if e.phase is Phase.OPENED}
    assert tried == opened
    assert len(tried) >= 2
    assert {(row["camera"], row["true"]) for row in what_fires(cameras, alarm)} >= {("west", False)}
    assert sum(camera.seconds for camera in cameras) == pytest.approx(
        sum(r.span.footage_s for r in read_segments(results))
    )


def test_labels_of_a_camera_that_is_not_there_are_one_line(results, tmp_path):
    truth = tmp_path / "labels.json"
    truth.write_text('{"north": {"events": []}}')
    with pytest.raises(FootageError, match=r"'north' is no camera .* known: east, west"):
        watched_cameras(results, truth, "restricted_area")
