"""The page tells what happened, needs nothing but itself, and stays small."""

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_example import event, example_report

from ray_app.domain.errors import StoreError
from ray_app.domain.event import Phase
from ray_app.domain.place import Outline
from ray_app.report.data import CameraFacts, Curve, LostSpan, ReportData, RunFacts, Still
from ray_app.report.page import render_report, write_report
from ray_app.video.blur import blurred_still


def words_of(page: str) -> str:
    """The page as it is read: no tags, one space."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_the_example_is_told() -> None:
    words = words_of(render_report(example_report()))
    assert "7 signals: " in words
    assert "26 July 2024, 18:00:00 to " in words  # 16:00 UTC in Europe/Paris
    assert "18:14:03 to " in words
    assert "Ended below 3." in words
    assert "corrupt packets in yard_02.ts" in words
    assert "no footage between two files" in words
    assert "not a video: no stream could be found" in words
    assert "the pose of the drone is unknown: no .SRT file beside drone.mp4" in words
    assert "homography of 6 pairs, off by 0.08 m rms" in words
    assert "9f2c" * 16 in words
    assert "Not authorised" not in words
    assert "Safety of the public at the harbour festival" in words
    assert "26 Jul 2024 12:00 to 28 Jul 2024 03:00 (Europe/Paris)" in words
    assert "1 min 30 s of footage lies outside and was never opened" in words


def test_what_was_never_measured_has_a_lane_that_says_so() -> None:
    words = words_of(render_report(example_report()))
    assert "Crowd density: quay not measured, see below" in words


def test_who_told_the_time_and_doubts_about_the_footage_are_told() -> None:
    words = words_of(render_report(example_report()))
    assert "gate gate_1.mp4 18:00:00 to 18:25:00 the file's name" in words
    assert "gate gate_x.mp4 unknown nobody: start unknown" in words
    assert "Camera yard: telemetry of yard_02.ts: no cue tells a usable gimbal tilt." in words
    assert "two files cover the same time in 1 stretch (3 s, first from 18:25:00" in words


def test_a_second_camera_that_saw_the_same_is_named() -> None:
    example = example_report()
    density = next(c for c in example.curves if c.situation == "crowd_density")
    seen = event(replace(density, camera_id="drone"), Phase.CLOSED, 0.0, 60.0, 4.5)
    cameras = (*example.cameras[:2], replace(example.cameras[2], origin=example.cameras[0].origin))
    same_time = replace(seen, started_s=850.0, time_s=900.0)
    both = replace(example, cameras=cameras, events=(*example.events, same_time))
    assert "camera gate; drone saw it too" in words_of(render_report(both))
    apart = replace(both, events=(*example.events, seen))
    assert "saw it too" not in words_of(render_report(apart))


def test_the_day_is_told_with_every_moment_when_footage_spans_two() -> None:
    example = example_report()
    gate = replace(example.cameras[0], origin=example.cameras[0].origin.replace(hour=21, minute=30))
    words = words_of(render_report(replace(example, cameras=(gate, *example.cameras[1:]))))
    assert "26 Jul 18:05:00 to 27 Jul 00:30:00 (Europe/Paris), 2024" in words


def test_the_place_signalled_is_outlined_on_its_picture() -> None:
    jpeg = blurred_still(np.zeros((90, 160, 3), np.uint8), np.zeros((0, 4)))
    outline = Outline("forecourt", ((0.0, 0.0), (1920.0, 0.0), (1920.0, 1080.0)))
    other = Outline("roof", ((5.0, 5.0), (6.0, 5.0), (6.0, 6.0)))
    still = Still("gate", 960.0, jpeg, (1920, 1080), (outline, other))
    page = render_report(replace(example_report(), stills=(still,)))
    assert '<svg viewBox="0 0 1920 1080" aria-hidden="true" class="overlay">' in page
    assert 'points="0,0 1920,0 1920,1080" stroke="#d55e00"' in page
    assert "5,5 6,5" not in page


def test_without_authorisation_every_page_is_marked_a_test() -> None:
    page = render_report(replace(example_report(), authorisation=None))
    assert '<div class="watermark" aria-hidden="true">NOT AUTHORISED: TEST</div>' in page
    assert "Not authorised: test." in words_of(page)


def test_unknown_starts_are_told_as_time_from_the_start() -> None:
    example = example_report()
    cameras = tuple(replace(camera, origin=None) for camera in example.cameras)
    words = words_of(render_report(replace(example, cameras=cameras)))
    assert "0:14:03 from start" in words
    assert "the time of day is not known" in words
    assert " 18:14" not in words


def test_one_unknown_start_keeps_the_clock_of_the_others() -> None:
    example = example_report()
    gate, yard, drone = example.cameras
    words = words_of(
        render_report(replace(example, cameras=(gate, replace(yard, origin=None), drone)))
    )
    assert "18:14:03 to " in words
    assert "0:19:45 from start" in words
    assert "need not be simultaneous" in words
    assert "the time of day is not known of yard" in words


def test_nothing_is_fetched() -> None:
    still = blurred_still(np.zeros((90, 160, 3), np.uint8), np.zeros((0, 4)))
    page = render_report(replace(example_report(), stills=(Still("gate", 960.0, still),)))
    addresses = set(re.findall(r"(?:https?:)?//[^\s\"'<>)]+", re.sub(r"base64,[^\"]+", "", page)))
    assert addresses == set()
    assert not re.search(r"<script|<link|@import|@font-face", page)
    assert "data:image/jpeg;base64," in page
    told = "Crowd density, forecourt and Bottleneck, doors: camera gate, 18:16:00"
    assert told in words_of(page)


def test_names_cannot_inject_markup() -> None:
    example = example_report()
    evil = "<script>alert(1)</script>&\"'"
    gate = replace(example.cameras[0], notes=(evil,), lost=(LostSpan(1500.0, 1510.0, evil),))
    page = render_report(
        replace(
            example,
            site=evil,
            cameras=(gate, *example.cameras[1:]),
            places=tuple(replace(place, name=evil) for place in example.places),
            curves=tuple(replace(curve, place=evil) for curve in example.curves),
            events=tuple(replace(e, place=evil) for e in example.events),
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


def test_an_empty_run_is_told_as_empty() -> None:
    empty = ReportData("nowhere", (), (), (), RunFacts(frames=0))
    words = words_of(render_report(empty))
    assert "No situation was signalled in the footage that could be analysed." in words
    assert "no footage could be analysed" in words


def test_a_run_that_watched_for_nothing_says_so() -> None:
    time_s = np.arange(0.0, 10.0, 0.2)
    count = Curve("clip", "people_count", "view", "people", time_s, time_s * 0 + 7, time_s * 0 + 1)
    camera = CameraFacts("clip", 5.0, seen=((0.0, 10.0),))
    words = words_of(render_report(ReportData("x", (camera,), (), (count,), RunFacts(frames=50))))
    assert "No situation was watched for: people were only counted." in words
    assert "No situation is watched for in the footage of clip" in words
    assert "No situation was signalled" not in words


def test_a_camera_without_any_seen_footage_is_told() -> None:
    gate = CameraFacts("gate", 5.0, watched=(("bottleneck", "doors"),))
    words = words_of(render_report(ReportData("nowhere", (gate,), (), (), RunFacts(frames=0))))
    assert "Camera gate: none of its footage could be analysed." in words
    assert "No situation was signalled in the footage that could be analysed." in words
    assert "Bottleneck: doors not measured, see below" in words


@pytest.mark.slow
def test_a_long_run_of_many_cameras_stays_small() -> None:
    hours, cameras, rng = 8, 12, np.random.default_rng(0)
    time_s = np.arange(0, hours * 3600, 0.2)
    facts = tuple(
        CameraFacts(f"camera_{i}", 5.0, seen=((0.0, hours * 3600.0),)) for i in range(cameras)
    )
    curves = tuple(
        Curve(
            camera.id,
            situation,
            "gate",
            "people/m2",
            time_s,
            rng.gamma(2, 1, len(time_s)),
            np.full(len(time_s), 0.3),
            4.0,
            3.0,
        )
        for camera in facts
        for situation in ("crowd_density", "bottleneck", "counterflow", "restricted_area")
    )
    events = tuple(
        event(curve, Phase.CLOSED, 20.0 * k, 20.0 * k + 8, 3.0)
        for curve in curves
        for k in range(100)
    )
    pixels = rng.integers(0, 255, (360, 640, 3), np.uint8)
    stills = (Still("camera_0", 60.0, blurred_still(pixels, np.zeros((0, 4)))),) * 500
    page = render_report(
        ReportData("long", facts, events, curves, RunFacts(frames=1), stills=stills)
    )
    assert len(page.encode()) < 10_000_000
    assert "The 200 most serious of 4800; all are in events.parquet." in words_of(page)


def test_unseen_time_is_greyed_in_timeline_and_curves() -> None:
    page = render_report(example_report())
    greyed = re.findall(r'<g class="unseen">(<rect[^>]+/>)+</g>', page)
    # Timeline: gate and yard; curves: three of the gate, one of the yard.
    assert len(greyed) == 6


def test_the_page_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report" / "index.html"
    write_report(example_report(), path)
    assert path.read_text("utf-8").endswith("</html>")
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


def test_a_place_that_cannot_be_written_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file, not a folder")
    with pytest.raises(StoreError, match=r"^cannot write .*index.html: "):
        write_report(example_report(), tmp_path / "report" / "index.html")
