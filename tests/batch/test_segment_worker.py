"""One segment becomes one file, or one line that says why not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from square_footage import (
    FullDisk,
    SquareDetector,
    Traps,
    build_square_detector,
    film,
    film_site,
    left_px,
    manifest_of,
    opened,
)

from ray_app.batch.attempts import Attempts, clear_attempts
from ray_app.batch.segment_worker import SegmentWorker, WorkerBlocks, batches, no_pose, open_clip
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import Frame, FrameKey
from ray_app.domain.observation import DronePose
from ray_app.store.observations import read_segment, segment_file


@pytest.fixture(scope="module")
def segments(tmp_path_factory):
    footage = film_site(tmp_path_factory.mktemp("footage") / "site")
    return [s for s in manifest_of(footage).segments if s.camera_id == "east"]


def file_of(out_dir, segment):
    return segment_file(out_dir, segment.camera_id, segment.segment_id)


def worker(out_dir, opener=open_clip, build=build_square_detector, pose=no_pose):
    return SegmentWorker(out_dir, WorkerBlocks(build, opener, pose))


def test_a_segment_says_what_was_in_the_picture(segments, tmp_path):
    outcome = worker(tmp_path).run(segments[0])
    assert (outcome.failure, outcome.fatal) == (None, None)
    assert outcome.peak_rss_bytes > 1e6
    seen = list(read_segment(file_of(tmp_path, segments[0])))
    assert [each.key.index for each in seen] == list(range(10))
    assert [each.detections.boxes_px[0, 0] for each in seen] == [left_px(2 * k) for k in range(10)]


def test_two_stages_write_the_same_bytes_as_one(segments, tmp_path):
    for segment in segments:
        assert worker(tmp_path / "one").run(segment).failure is None
        decoded = worker(tmp_path / "two").decode(segment)
        assert worker(tmp_path / "two").detect(segment, decoded).failure is None
        one, two = (file_of(tmp_path / road, segment) for road in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_nothing_but_the_file_is_left(segments, tmp_path):
    worker(tmp_path).run(segments[0])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        file_of(tmp_path, segments[0])
    ]


def test_poses_ride_along(segments, tmp_path):
    worker(tmp_path, pose=pose_of).run(segments[0])
    heights = [each.pose.height_m for each in read_segment(file_of(tmp_path, segments[0]))]
    assert heights == [k / 5 for k in range(10)]


def pose_of(segment):
    return lambda time_s: DronePose(None, None, time_s, None, None, None, None)


def test_footage_that_fails_is_one_line_and_no_file(segments, tmp_path):
    broken = tmp_path / "east_1.mp4"
    broken.write_bytes(Path(segments[0].clip.url).read_bytes()[:300])
    segment = replace(segments[0], clip=replace(segments[0].clip, url=str(broken)))
    outcome = worker(tmp_path / "out").run(segment)
    assert "east_1.mp4" in outcome.failure
    assert "\n" not in outcome.failure
    assert outcome.fatal is None
    assert not file_of(tmp_path / "out", segment).exists()


def test_a_bug_costs_its_segment_alone(segments, tmp_path):
    one = worker(tmp_path, Traps(tmp_path / "log", bug_at=10))
    failures = [one.run(segment).failure for segment in segments]
    assert failures.count(None) == len(segments) - 1
    assert "ZeroDivisionError: a bug at 0xdead" in failures


def test_networks_that_cannot_be_built_stop_the_run(segments, tmp_path):
    def no_weights(settings):
        raise WeightsError("nanodet_g.safetensors is missing")

    def bug(settings):
        raise KeyError("conv1")

    outcome = worker(tmp_path, build=no_weights).run(segments[0])
    assert (outcome.fatal, outcome.failure) == ("WeightsError", "nanodet_g.safetensors is missing")
    assert worker(tmp_path, build=bug).run(segments[0]).fatal == "VigieError"


def test_networks_are_built_once(segments, tmp_path):
    built = []

    def build(settings):
        built.append(settings)
        return SquareDetector()

    one = worker(tmp_path, build=build)
    for segment in segments:
        one.run(segment)
    assert len(built) == 1


def test_a_full_disk_stops_the_run_with_one_line(segments, tmp_path, monkeypatch):
    monkeypatch.setattr("ray_app.store.written_aside.os.fsync", FullDisk())
    outcome = worker(tmp_path).run(segments[0])
    assert outcome.fatal == "StoreError"
    assert outcome.failure.endswith("No space left on device")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_folder_that_cannot_be_written_is_found_before_decoding(segments, tmp_path):
    (tmp_path / "observations").write_text("in the way")
    outcome = worker(tmp_path, Traps(tmp_path / "log")).run(segments[0])
    assert outcome.fatal == "StoreError"
    assert opened(tmp_path / "log") == []


def test_footage_that_kills_its_worker_is_given_up_after_three_deaths(segments, tmp_path):
    for _ in range(3):
        Attempts(tmp_path, segments[0], "run").__enter__()
    outcome = worker(tmp_path, Traps(tmp_path / "log")).run(segments[0])
    assert "the worker process died 3 times" in outcome.failure
    assert (outcome.fatal, opened(tmp_path / "log")) == (None, [])
    Attempts(tmp_path, segments[0], "run").__enter__()
    clear_attempts(tmp_path)
    assert worker(tmp_path).run(segments[0]).failure is None


def frame(index, height=4):
    key = FrameKey("east", index, 0, index / 5)
    return Frame(key, np.zeros((height, 6, 3), np.uint8), (6, height))


def test_frames_are_stacked_by_size():
    frames = [*map(frame, range(5)), frame(5, 8), frame(6, 8), frame(7)]
    sizes = [(len(batch), batch.pixels.shape[1]) for batch in batches(iter(frames), 3)]
    assert sizes == [(3, 4), (2, 4), (2, 8), (1, 4)]


def test_a_long_segment_is_never_whole_in_memory():
    alive = []

    def frames():
        for index in range(100):
            yield frame(index)
            alive.append(index)

    stacks = batches(frames(), 8)
    next(stacks)
    assert len(alive) <= 8


def test_a_file_as_long_as_wanted(segments, tmp_path):
    film(tmp_path / "east_1.mp4", 0.3)
    (short,) = manifest_of(tmp_path, 60.0).segments
    assert worker(tmp_path / "out").run(short).failure is None
    assert len(list(read_segment(file_of(tmp_path / "out", short)))) == 2
