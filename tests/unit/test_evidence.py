"""What is kept of a situation: nobody recognisable, complete or absent, told when it failed."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ray_app.domain.event import Event, Phase, Why
from ray_app.domain.frame import Frame, FrameKey
from ray_app.domain.observation import Detections, Observation
from ray_app.domain.place import Outline
from ray_app.video.evidence.files import evidence_name
from ray_app.video.evidence.ring import EvidenceRing, clip_writer
from ray_app.video.evidence.settings import EvidenceSettings

SETTINGS = EvidenceSettings(before_s=2.0, after_s=1.0, width_px=320)
PERSON = (100.0, 100.0, 200.0, 300.0)
YARD = Outline("yard", ((300.0, 50.0), (600.0, 50.0), (600.0, 300.0), (300.0, 300.0)))


class AtOnce(Executor):
    """Does the work within the call."""

    def submit(self, work, *args):
        future = Future()
        future.set_result(work(*args))
        return future


def striped() -> np.ndarray:
    """640 x 360; features as wide as those of a face of 40 px."""
    x = np.mgrid[:360, :640][1]
    return np.repeat(((x // 10) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def frame(time_s: float, boxes: tuple[tuple[float, ...], ...] = (PERSON,), stretch: int = 0):
    key = FrameKey("gate", round(time_s * 5), stretch, time_s)
    n = len(boxes)
    found = Detections(
        np.array(boxes, np.float32).reshape(n, 4), np.ones(n, np.float32), np.zeros(n, np.int16)
    )
    return Frame(key, striped(), (640, 360)), Observation(key, (640, 360), found)


def opened(time_s: float, phase: Phase = Phase.OPENED) -> Event:
    why = Why("people/m2", 1.5, 1.1, 1.0, 2.0, (1,))
    return Event("gate", "crowd_density", "yard", phase, 1.0, time_s, 2.0, None, why)


def filled(times_s, **settings) -> EvidenceRing:
    ring = EvidenceRing(SETTINGS, lambda _: (YARD,), AtOnce())
    for time_s in times_s:
        ring.add(*frame(time_s))
    return ring


def times(start_s: float, end_s: float) -> Iterator[float]:
    return (k / 5 for k in range(round(start_s * 5), round(end_s * 5)))


def contrast(picture: np.ndarray) -> float:
    return float(picture.astype(float).std(axis=(0, 1)).max())


def pictures_of(file: Path) -> list[tuple[float, np.ndarray]]:
    if file.suffix == ".jpg":
        return [(0.0, cv2.imread(str(file))[..., ::-1])]
    with av.open(str(file)) as clip:
        return [(float(f.time), f.to_ndarray(format="rgb24")) for f in clip.decode(video=0)]


def test_a_still_at_once_and_a_clip_around_the_opening(tmp_path):
    ring = filled(times(0, 10))
    (still,) = ring.write(opened(9.8), tmp_path)
    assert still.kind == "still"
    assert ring.finish() == ()
    for time_s in times(10, 11.2):
        ring.add(*frame(time_s))
    ((event, (clip,)),) = ring.finish()
    assert (event, clip.kind) == (opened(9.8), "clip")
    shown = pictures_of(tmp_path / clip.name)
    assert [t for t, _ in shown] == pytest.approx([k / 5 for k in range(16)], abs=0.01)
    for file in (still, clip):
        digest = hashlib.sha256((tmp_path / file.name).read_bytes()).hexdigest()
        assert file.sha256 == digest
    assert {f.name for f in tmp_path.iterdir()} == {still.name, clip.name}
    assert ring.finish() == ()


def test_nobody_is_recognisable_in_any_picture_written(tmp_path):
    ring = filled(times(0, 5))
    ring.write(opened(4.0), tmp_path)
    ring.finish_all()
    raw = contrast(striped())
    for file in tmp_path.iterdir():
        for _, picture in pictures_of(file):
            assert picture.shape[1] == 320
            assert contrast(picture[50:150, 50:100]) < 0.1 * raw


def test_somebody_missed_in_one_frame_is_hidden_where_the_frames_beside_have_a_box(tmp_path):
    ring = EvidenceRing(SETTINGS)
    for k, time_s in enumerate(times(0, 3)):
        ring.add(*frame(time_s, (PERSON,) if k != 7 else ()))
    (still,) = ring.write(opened(1.4), tmp_path)  # frame 7
    ((_, picture),) = pictures_of(tmp_path / still.name)
    assert contrast(picture[60:140, 55:95]) < 0.1 * contrast(striped())


def test_the_place_is_outlined(tmp_path):
    without, outlined = EvidenceRing(SETTINGS), EvidenceRing(SETTINGS, lambda _: (YARD,))
    for ring, folder in ((without, tmp_path / "a"), (outlined, tmp_path / "b")):
        ring.add(*frame(1.0))
        ring.write(opened(1.0), folder)
    ((_, plain),) = pictures_of(next((tmp_path / "a").iterdir()))
    ((_, marked),) = pictures_of(next((tmp_path / "b").iterdir()))
    differs = np.abs(plain.astype(int) - marked).max(axis=2) > 60
    assert differs[20:155, 145:155].any()  # left edge of the yard, at half the size
    assert not differs[60:140, 170:280].any()  # its inside


def test_names_come_from_the_event_and_a_retry_changes_nothing(tmp_path):
    ring = filled(times(0, 5))
    first = ring.write(opened(4.0), tmp_path)
    before = (tmp_path / first[0].name).stat()
    assert filled(times(0, 3)).write(opened(4.0), tmp_path) == first
    assert (tmp_path / first[0].name).stat() == before
    odd = "gate/crowd_density/..\\/a b\u00e9/1.000"
    assert evidence_name(odd, "still") != evidence_name(odd + "x", "still")
    assert Path(evidence_name(odd, "clip")).name == evidence_name(odd, "clip")


@pytest.mark.parametrize("phase", [Phase.CANDIDATE, Phase.CLOSED, Phase.LAPSED])
def test_other_steps_keep_no_picture(phase, tmp_path):
    assert filled(times(0, 3)).write(opened(2.0, phase), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_site_may_keep_nothing(tmp_path):
    ring = EvidenceRing(EvidenceSettings(keep=False))
    ring.add(*frame(1.0))
    assert ring.write(opened(1.0), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told_and_the_next_file_is_written(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    ring = filled(times(0, 5))
    assert ring.write(opened(4.0), blocked) == ()
    assert ring.finish_all() == ()
    assert ring.report().failed == 2
    assert "not written" in ring.report().trouble
    assert ring.write(opened(4.0), tmp_path / "fine")
    assert ring.report().trouble is None


def test_a_frame_that_cannot_be_blurred_surely_is_not_written(tmp_path):
    ring = EvidenceRing(SETTINGS)
    ring.add(*frame(1.0, ((0.0, 0.0, float("nan"), 9.0),)))
    assert ring.write(opened(1.0), tmp_path) == ()
    assert "not finite" in ring.report().trouble
    assert list(tmp_path.iterdir()) == []


def test_no_clip_crosses_a_jump_of_the_stream(tmp_path):
    ring = filled(times(0, 5))
    ring.write(opened(4.6), tmp_path)
    ring.add(*frame(5.0, stretch=1))
    ((_, (clip,)),) = ring.finish()
    assert pictures_of(tmp_path / clip.name)[-1][0] == pytest.approx(2.2, abs=0.01)


def test_memory_is_bounded_and_what_was_forgotten_is_counted(tmp_path):
    one = 320 * 180 * 3
    settings = EvidenceSettings(width_px=320, memory_mb=4.5 * one / 1e6)
    ring = EvidenceRing(settings)
    for time_s in times(0, 4):
        ring.add(*frame(time_s))
    assert ring.report().forgotten == 16
    ring.write(opened(3.8), tmp_path)
    ((_, (clip,)),) = ring.finish_all()
    assert len(pictures_of(tmp_path / clip.name)) == 4


def test_many_frames_a_second_are_thinned_but_the_moment_itself_is_kept(tmp_path):
    ring = EvidenceRing(EvidenceSettings(rate_hz=5.0, before_s=2, after_s=0), clips=AtOnce())
    for k in range(76):
        ring.add(*frame(k / 25))
    ring.write(opened(75 / 25), tmp_path)
    ((_, (clip,)),) = ring.finish()
    shown = [t for t, _ in pictures_of(tmp_path / clip.name)]
    assert 10 <= len(shown) <= 12
    assert shown[-1] == pytest.approx(2.0, abs=0.2)


def test_a_stopped_camera_leaves_no_frame_in_memory(tmp_path):
    ring = filled(times(0, 5))
    ring.write(opened(4.0), tmp_path)
    ring.clear()
    assert ring.finish_all() == ()
    assert ring.write(opened(4.0), tmp_path / "later") == ()


def test_clips_are_encoded_beside_the_analysis(tmp_path):
    begun, go_on = threading.Event(), threading.Event()
    blocker = clip_writer().submit(lambda: begun.set() or go_on.wait(30))
    assert begun.wait(10)
    ring = EvidenceRing(SETTINGS)
    for time_s in times(0, 8):
        ring.add(*frame(time_s))
    ring.write(opened(4.0), tmp_path)
    assert ring.finish() == ()  # due, and nobody waits for it
    go_on.set()
    blocker.result(10)
    assert [event for event, _ in ring.finish_all()] == [opened(4.0)]
