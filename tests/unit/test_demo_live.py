"""The demo's live step is a site file of streams, and tells what live did not."""

from datetime import UTC, datetime

from rich.console import Console

from ray_app.commands.demo_live import LiveShow, _live_site, print_show
from ray_app.commands.live import LiveRun
from ray_app.config.load import load_site
from ray_app.live.messages import CameraReport, FrameCounts, Outcome
from ray_app.video.live.status import Clock, StreamState
from ray_app.video.synthetic.scenarios import build_scenario
from ray_app.video.synthetic.site_file import site_yaml


def test_every_camera_of_a_scene_gets_its_video_as_a_stream(tmp_path):
    scene = tmp_path / "scene"
    scene.mkdir()
    text = site_yaml(
        build_scenario("event_gate", 30), (960, 540), datetime(2026, 6, 21, tzinfo=UTC)
    )
    (scene / "site.yaml").write_text(text, "utf-8")
    site = load_site(_live_site(scene, tmp_path / "live"))
    drawn = load_site(scene / "site.yaml")
    for camera, like in zip(site.cameras, drawn.cameras, strict=True):
        assert camera.stream is not None
        assert camera.stream.address == f"file://{scene.resolve()}/cameras/{camera.id}.mp4"
        assert camera.situations == like.situations
    assert site.live is not None
    assert site.live.folder == str((tmp_path / "live").resolve())


def test_what_live_missed_and_gave_up_is_told(tmp_path):
    counts = FrameCounts({Outcome.ANALYSED: 60, Outcome.SHED: 30, Outcome.LATE: 10})
    report = CameraReport(
        "gate", "file:///gate.mp4", StreamState.ENDED, None, None, "normal", None, 0.31, 2.0,
        counts, 450, 0, 1, Clock.ARRIVAL, (960, 540), "reader-1", 1.0,
    )  # fmt: skip
    run = LiveRun((report,), ("gate/bottleneck/gate/12.600",), tmp_path)
    console = Console(record=True, width=100)
    print_show(LiveShow(run, 1, (("square", "fire_smoke", "view"),)), console)
    shown = console.export_text()
    assert "1 of 2 situations of the back-fill told live" in shown
    assert "fire_smoke at view by square" in shown
    assert [cell.strip() for cell in shown.splitlines()[3].split("│")[2:5]] == ["100", "60", "40"]
