"""`vigie live` against `vigie backfill`, with the real networks, as a person would type it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ray_app.domain.event import Phase
from ray_app.store.events import read_events
from ray_app.video.synthetic.film import cached_scene
from ray_app.video.synthetic.request import request_scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("VIGIE_DATA", ROOT.parent / "shared" / "data"))
VIGIE = [sys.executable, "-m", "ray_app.cli"]


def vigie(*words, folder):
    done = subprocess.run(
        [*VIGIE, *map(str, words)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def live_site(site, streams, folder):
    """Writes a site file whose cameras are read from files, without the window of its footage."""
    block = yaml.safe_load(site.read_text("utf-8"))
    block.pop("authorisation", None)
    for camera in block["cameras"]:
        camera["stream"] = {"address": f"file://{streams(camera['id'])}"}
    block["live"] = {"folder": str(folder / "live"), "allowed": {"schemes": ["file"]}}
    block["live"]["api"] = {"port": 18460 + os.getpid() % 1000}
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(block, sort_keys=False), "utf-8")
    return path


def compared(path, footage, folder):
    """Runs both; returns the situations that opened live, after all steps were found the same."""
    told = json.loads(vigie("live", path, "--every-frame", "--json", folder=folder))
    (ledger,) = (folder / "live" / "ledger").iterdir()
    vigie("replay", ledger, "--out", folder / "again", folder=folder)
    vigie("backfill", path, "--footage", footage, "--out", "archive", "--no-report", folder=folder)
    archived = (folder / "archive" / "events.ndjson").read_text("utf-8")
    assert (folder / "again" / "events.ndjson").read_text("utf-8") == archived
    opened = {e.event_id for e in read_events(folder / "archive") if e.phase is Phase.OPENED}
    assert set(told["situations"]) == opened
    for camera in told["cameras"].values():
        assert camera["analysed"] == camera["offered"]
    return opened


def test_a_real_video_gives_the_same_events_live_and_from_the_archive(tmp_path):
    video = DATA / "pets09_vtest" / "vtest.avi"
    if not video.is_file():
        pytest.skip(f"{video} is not there")
    site = ROOT / "configs" / "sites" / "pets09.yaml"
    path = live_site(site, lambda _: video, tmp_path)
    assert compared(path, video, tmp_path)


def test_a_rendered_scene_gives_the_same_events_live_and_from_the_archive(tmp_path):
    scene = cached_scene(request_scene("event_gate", 27.0, 1, "day", "dry", 5.0), 2)
    films = scene / "cameras"
    path = live_site(scene / "site.yaml", lambda camera: films / f"{camera}.mp4", tmp_path)
    opened = compared(path, films, tmp_path)
    assert {event_id.split("/")[0] for event_id in opened} >= {"gate", "square", "drone"}


def test_live_stop_closes_every_stream_within_two_seconds(tmp_path):
    video = DATA / "pets09_vtest" / "vtest.avi"
    if not video.is_file():
        pytest.skip(f"{video} is not there")
    site = ROOT / "configs" / "sites" / "pets09.yaml"
    path = live_site(site, lambda _: video, tmp_path)
    running = subprocess.Popen(
        [*VIGIE, "live", str(path)], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert any(line.startswith("watching 1 cameras") for line in running.stdout)
        time.sleep(3.0)  # a stop in the middle of work
        words = ("live", "stop", "--folder", tmp_path / "live", "--json")
        told = json.loads(vigie(*words, folder=tmp_path))
        assert told["was_running"]
        assert told["streams_closed_s"] < 2.0
        assert running.wait(60) == 0
    finally:
        running.send_signal(signal.SIGKILL)
    assert not json.loads(vigie(*words, folder=tmp_path))["was_running"]
