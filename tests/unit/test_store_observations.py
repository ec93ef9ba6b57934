"""Observations come back from disk bit by bit, and a file is whole or not there."""

import os
import resource

import numpy as np
import pytest

from ray_app.domain.errors import StoreError
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import (
    CrowdMap,
    Detections,
    DronePose,
    FireMap,
    HeadPoints,
    Observation,
)
from ray_app.store.observations import (
    read_camera,
    read_facts,
    read_segment,
    segment_file,
    write_segment,
)
from ray_app.store.segments import (
    GridSpan,
    LostFootage,
    SegmentRecord,
    SegmentStatus,
    read_segments,
    write_segments,
)

NAN_WITH_PAYLOAD = np.array([0x7FC01234], np.uint32).view(np.float32)


def observation(index, boxes, crowd_shape=None, pose=None, fire_shape=None):
    dice = np.random.default_rng(index)
    crowd = heads = None
    if crowd_shape is not None:
        crowd = CrowdMap(dice.normal(size=crowd_shape).astype(np.float32), 8 * 1920 / 416)
        heads = HeadPoints(dice.random((boxes, 2), np.float32), dice.random(boxes, np.float32))
    fire = None
    if fire_shape is not None:
        flame, smoke = dice.integers(0, 256, (2, *fire_shape), np.uint8)
        fire = FireMap(flame, smoke, 16 * 1920 / 512)
    return Observation(
        FrameKey("gate", index, index // 3, index / 7.3),
        (1920, 1080),
        Detections(
            dice.normal(size=(boxes, 4)).astype(np.float32),
            dice.random(boxes, np.float32),
            dice.integers(0, 3, boxes).astype(np.int16),
        ),
        crowd,
        heads,
        pose,
        fire,
    )


def bits(seen):
    """Everything in an observation, arrays as type, shape and bytes."""
    arrays = [seen.detections.boxes_px, seen.detections.scores, seen.detections.labels]
    if seen.crowd is not None:
        arrays.append(seen.crowd.heads)
    if seen.heads is not None:
        arrays += [seen.heads.points_px, seen.heads.scores]
    if seen.fire is not None:
        arrays += [seen.fire.flame, seen.fire.smoke]
    cell = [None if map_ is None else map_.cell_px for map_ in (seen.crowd, seen.fire)]
    there = (seen.crowd is None, seen.heads is None, seen.fire is None)
    return (seen.key, seen.source_size_px, seen.pose, cell, there), [
        (a.dtype, a.shape, a.tobytes()) for a in arrays
    ]


EMPTY = observation(0, 0)
PLAIN = observation(1, 3)
CROWD = observation(2, 5, crowd_shape=(29, 52))
CROWD_NO_HEADS = observation(3, 0, crowd_shape=(2, 3))
DRONE = observation(4, 1, pose=DronePose(48.1, -1.7, None, 359.9, -90.0, 0.0, 73.7))
FIRE = observation(6, 2, fire_shape=(18, 32))
POSE_UNKNOWN = observation(5, 1, pose=DronePose(None, None, None, None, None, None, None))


@pytest.mark.parametrize(
    "seen",
    [
        [FIRE],
        [FIRE, PLAIN, FIRE],
        [],
        [EMPTY],
        [EMPTY, EMPTY],
        [PLAIN],
        [EMPTY, PLAIN, CROWD, CROWD_NO_HEADS, DRONE, POSE_UNKNOWN, EMPTY],
        [CROWD, PLAIN, CROWD],
    ],
)
def test_observations_come_back_bit_by_bit(tmp_path, seen):
    path = segment_file(tmp_path, "gate", "a")
    write_segment(path, seen)
    assert [bits(s) for s in read_segment(path)] == [bits(s) for s in seen]


def test_odd_numbers_survive(tmp_path):
    boxes = np.array([[np.inf, -np.inf, -0.0, 1e-45]], np.float32)
    seen = Observation(
        EMPTY.key, (4, 3), Detections(boxes, NAN_WITH_PAYLOAD, np.array([1], np.int16))
    )
    write_segment(tmp_path / "a.parquet", [seen])
    assert bits(next(read_segment(tmp_path / "a.parquet"))) == bits(seen)


def test_same_observations_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_segment(tmp_path / name, [PLAIN, CROWD], [LostFootage(1.0, 2.0, "bad packet")])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_losses_ride_in_the_file(tmp_path):
    losses = (LostFootage(1.0, 2.5, "bad packet"),)
    write_segment(tmp_path / "a", [PLAIN, EMPTY], losses)
    assert read_facts(tmp_path / "a") == (2, losses)


def test_a_camera_is_read_in_time_order_and_only_what_the_list_names(tmp_path):
    for name, seen in (("a", EMPTY), ("b", PLAIN), ("stale", CROWD), ("half", CROWD)):
        write_segment(segment_file(tmp_path, "gate", name), [seen])
    done, failed = SegmentStatus.DONE, SegmentStatus.FAILED
    write_segments(
        tmp_path,
        [
            SegmentRecord("b", "gate", "f", GridSpan(1, 2, 5.0, 0), done, frames=1),
            SegmentRecord("a", "gate", "f", GridSpan(0, 1, 5.0, 0), done, frames=1),
            SegmentRecord("half", "gate", "f", GridSpan(2, 3, 5.0, 0), failed, "bad"),
            SegmentRecord("none", "gate", "g", None, failed, "not a video"),
        ],
    )
    assert [seen.key.index for seen in read_camera(tmp_path, "gate")] == [0, 1]
    assert [record.segment_id for record in read_segments(tmp_path)] == ["none", "a", "b", "half"]


def test_a_camera_name_cannot_leave_the_folder(tmp_path):
    path = segment_file(tmp_path, "../../gate 1/é", "a")
    assert path.resolve().is_relative_to(tmp_path / "observations")
    assert path.parent.parent == tmp_path / "observations"


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    dice = np.random.default_rng(0)
    noise = CrowdMap(dice.random((200, 200), np.float32), 8.0)
    big = Observation(EMPTY.key, (4, 3), Detections.none(), noise, HeadPoints(*EMPTY_HEADS))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StoreError, match=r"cannot write .*a\.parquet: File too large") as told:
            write_segment(tmp_path / "a.parquet", [big])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


EMPTY_HEADS = (np.zeros((0, 2), np.float32), np.zeros(0, np.float32))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot write .*: File exists"):
        write_segment(tmp_path / "file" / "a.parquet", [PLAIN])


def test_an_unfinished_file_is_never_seen_under_its_name(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "a.parquet").exists()))
    write_segment(tmp_path / "a.parquet", [PLAIN])
    assert seen[0] is False
    assert (tmp_path / "a.parquet").exists()


def test_a_damaged_file_is_one_line(tmp_path):
    (tmp_path / "a").write_bytes(b"PAR1 not parquet")
    for read in (read_facts, lambda path: list(read_segment(path))):
        with pytest.raises(StoreError, match=r"^[^\n]*$"):
            read(tmp_path / "a")
