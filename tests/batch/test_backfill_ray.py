"""The back-fill on a real Ray: worker counts, deaths, failures and reruns leave the same bytes."""

import os
from pathlib import Path

import pytest
from square_footage import (
    Traps,
    build_square_detector,
    film_site,
    job_of,
    manifest_of,
    opened,
    results_of,
    run_without_ray,
    site,
)

from ray_app.batch.analyze import analyze_run
from ray_app.batch.backfill import backfill
from ray_app.batch.ray_session import ray_session
from ray_app.batch.results_folder import claimed, record_run
from ray_app.batch.segment_worker import WorkerBlocks, no_pose
from ray_app.domain.errors import StoreError, WeightsError
from ray_app.store.run_record import read_run
from ray_app.store.segments import SegmentStatus, read_segments

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module", autouse=True)
def _ray():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # workers need the fakes too
        with ray_session(None, workers=3, gpus=1):
            yield


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def run(out_dir, manifest, log, workers=2, on_progress=lambda progress: None, **options):
    traps = {name: options.pop(name) for name in tuple(options) if name.endswith("_at")}
    job = job_of(out_dir, manifest, Traps(log, **traps), workers, **options)
    result = backfill(job, on_progress)
    analyze_run(out_dir, site())
    return result


@pytest.fixture(scope="module")
def whole(footage, tmp_path_factory):
    """What an uninterrupted run with two workers leaves."""
    folder = tmp_path_factory.mktemp("whole")
    looks = []
    result = run(folder / "out", manifest_of(footage), folder / "log", on_progress=looks.append)
    assert [look.segments_done for look in looks] == list(range(13))
    assert (looks[-1].segments_total, looks[-1].left_s) == (12, 0.0)
    assert (result.totals.done, result.failed, result.decoded) == (12, 0, 12)
    assert result.totals.frames == 120
    assert sorted(set(opened(folder / "log"))) == sorted(opened(folder / "log"))
    return results_of(folder / "out")


def test_two_workers_write_what_one_process_writes(whole, footage, tmp_path):
    manifest = manifest_of(footage)
    run_without_ray(tmp_path, manifest)
    for place, content in results_of(tmp_path).items():
        assert whole[place] == content, place
    assert len([place for place in whole if place.startswith("observations")]) == 12


def test_one_worker_gives_the_same_bytes(whole, footage, tmp_path):
    run(tmp_path / "out", manifest_of(footage), tmp_path / "log", workers=1)
    assert results_of(tmp_path / "out") == whole


def test_a_worker_that_is_killed_costs_nothing_but_time(whole, footage, tmp_path):
    result = run(tmp_path / "out", manifest_of(footage), tmp_path / "log", kill_once_at=10)
    assert result.failed == 0
    assert len(opened(tmp_path / "log")) > 12
    assert results_of(tmp_path / "out") == whole


def test_footage_that_always_kills_its_worker_is_listed(footage, tmp_path):
    result = run(tmp_path / "out", manifest_of(footage), tmp_path / "log", kill_always_at=50)
    failed = [r for r in read_segments(tmp_path / "out") if r.status is SegmentStatus.FAILED]
    assert {(r.camera_id, r.span.first_index) for r in failed} == {("east", 50), ("west", 50)}
    assert all("died 3 times" in record.reason for record in failed)
    assert (result.totals.done, result.failed) == (10, 2)


def test_a_rerun_decodes_what_is_missing_and_nothing_else(whole, footage, tmp_path):
    manifest, log = manifest_of(footage), tmp_path / "log"
    first = run(tmp_path / "out", manifest, log, bug_at=10)
    assert first.failed == 2
    done = set(opened(log))
    log.unlink()
    (tmp_path / "out/observations/camera=east/.segment=x.parquet.1.aside").write_text("half")
    lost = next(s for s in manifest.segments if s.span.first_index == 0)
    damaged = tmp_path / f"out/observations/camera={lost.camera_id}"
    (damaged / f"segment={lost.segment_id}.parquet").write_bytes(b"PAR1")
    second = run(tmp_path / "out", manifest, log)
    again = {s.segment_id for s in manifest.segments if s.span.first_index == 10}
    assert set(opened(log)) == again | {lost.segment_id}
    assert done >= again
    assert (second.decoded, second.failed, second.totals.done) == (3, 0, 12)
    assert results_of(tmp_path / "out") == whole
    log.unlink()
    third = run(tmp_path / "out", manifest, log)
    assert (third.decoded, opened(log)) == (0, [])
    assert results_of(tmp_path / "out") == whole


def test_pretended_gpus_and_two_stages_give_the_same_bytes(whole, footage, tmp_path):
    result = run(tmp_path / "out", manifest_of(footage), tmp_path / "log", num_gpus=1.0)
    assert result.failed == 0
    assert results_of(tmp_path / "out") == whole


def test_a_broken_file_costs_its_own_segments(whole, footage, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in footage.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "east_3.mp4").write_bytes(os.urandom(1000))
    result = run(tmp_path / "out", manifest_of(broken), tmp_path / "log")
    (failed,) = [r for r in result.records if r.status is SegmentStatus.FAILED]
    assert "east_3.mp4" in failed.reason
    results = results_of(tmp_path / "out")
    assert {place for place in whole if results[place] != whole[place]} == {"segments.parquet"}
    assert read_run(tmp_path / "out").totals.failed == 1


def test_networks_without_weights_stop_the_run_at_once(footage, tmp_path):
    job = job_of(tmp_path / "out", manifest_of(footage), Traps(tmp_path / "log"))
    blocks = WorkerBlocks(build_nothing, job.blocks.open_footage, no_pose)
    with pytest.raises(WeightsError, match="the file is missing"):
        backfill(replace_blocks(job, blocks), lambda progress: None)


def build_nothing(settings):
    raise WeightsError("nanodet: the file is missing")


def replace_blocks(job, blocks):
    from dataclasses import replace

    assert job.blocks.build_detector is build_square_detector
    return replace(job, blocks=blocks)


def test_a_folder_of_other_settings_is_refused(footage, tmp_path):
    (tmp_path / "out").mkdir()
    record_run(tmp_path / "out", manifest_of(footage, 6.0), "squares", None)
    with pytest.raises(StoreError, match=r"segment_s = 6.0, now it is 2.0"):
        run(tmp_path / "out", manifest_of(footage, 2.0), tmp_path / "log")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="is not empty and holds no results"):
        run(tmp_path / "mine", manifest_of(footage), tmp_path / "log")


def test_two_runs_never_write_in_one_folder(footage, tmp_path):
    with claimed(tmp_path / "out"), pytest.raises(StoreError, match="another run is writing"):
        run(tmp_path / "out", manifest_of(footage), tmp_path / "log")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        run(blocked / "out", manifest_of(footage), tmp_path / "log")
