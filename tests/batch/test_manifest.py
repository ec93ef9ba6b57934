"""Footage is cut into segments that cover every grid index once, whatever their length."""

from dataclasses import replace
from datetime import timedelta

import pytest
from square_footage import MORNING, film, film_site, manifest_of

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.manifest import cut
from ray_app.store.segments import SegmentStatus


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def indexes(manifest, camera_id):
    spans = sorted(
        (s.span.first_index, s.span.end_index)
        for s in manifest.segments
        if s.camera_id == camera_id
    )
    return [index for first, end in spans for index in range(first, end)]


def grant(**changes):
    plain = AuthorisationSettings(
        purpose="test",
        situations=("restricted_area",),
        cameras=("east", "west"),
        start=MORNING,
        end=MORNING + timedelta(hours=1),
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("segment_s", [0.2, 0.7, 2.0, 60.0])
def test_every_index_is_in_one_segment(footage, segment_s):
    manifest = manifest_of(footage, segment_s)
    assert indexes(manifest, "east") == list(range(60))
    assert all(s.span.footage_s <= segment_s + 1e-9 for s in manifest.segments)


def test_segments_are_even():
    assert [len(part) for part in cut(range(10, 71), 6.0, 5.0)] == [20, 20, 21]
    assert list(cut(range(3, 3), 6.0, 5.0)) == []


def test_workers_get_different_files_and_the_longest_first(tmp_path):
    for name, seconds in (("east_1", 4.0), ("west_1", 6.0)):
        film(tmp_path / f"{name}.mp4", seconds)
    order = [(s.camera_id, s.span.first_index) for s in manifest_of(tmp_path).segments]
    assert order == [("west", 0), ("east", 0), ("west", 10), ("east", 10), ("west", 20)]


def test_an_id_tells_footage_and_settings_apart_but_not_folders_or_dates(footage, tmp_path):
    ids = {s.segment_id for s in manifest_of(footage).segments}
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in footage.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    assert {s.segment_id for s in manifest_of(moved).segments} == ids
    film(moved / "east_1.mp4", 6.0, first=7)
    changed = {s.segment_id for s in manifest_of(moved).segments} - ids
    assert len(changed) == 3
    assert not {s.segment_id for s in manifest_of(footage, segment_s=3.0).segments} & ids


def test_a_file_that_is_no_video_is_listed_and_the_others_go_on(footage, tmp_path):
    for path in footage.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "east_3.mp4").write_bytes(b"not a video")
    (tmp_path / "west_3.mp4").write_bytes(b"")
    manifest = manifest_of(tmp_path)
    assert len(manifest.segments) == 12
    for record, name in zip(manifest.listed, ("east_3.mp4", "west_3.mp4"), strict=True):
        assert record.status is SegmentStatus.FAILED
        assert name in record.reason
        assert "\n" not in record.reason


def test_cameras_and_times_not_authorised_are_never_decoded(footage):
    window = grant(
        cameras=("east",),
        start=MORNING + timedelta(seconds=1.0),
        end=MORNING + timedelta(seconds=7.0),
    )
    manifest = manifest_of(footage, 2.0, window)
    assert indexes(manifest, "east") == list(range(5, 36))
    assert indexes(manifest, "west") == []
    refused = {(r.camera_id, r.span.first_index, r.span.end_index) for r in manifest.listed}
    assert refused == {("east", 0, 5), ("east", 36, 60), ("west", 0, 30), ("west", 30, 60)}
    for record in manifest.listed:
        assert record.status is SegmentStatus.REFUSED
        assert "authorisation" in record.reason


def test_footage_of_an_unknown_time_is_refused_under_an_authorisation(footage):
    from ray_app.batch import authorised_time

    parts = list(authorised_time.cut_by_authorisation("east", range(10), 5.0, None, grant()))
    assert [part for part, _ in parts] == [range(10)]
    assert "unknown" in parts[0][1]
