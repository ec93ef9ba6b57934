"""A day that the product recorded plays again: its own load, one clear line when it is none."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ray_app.cli import app
from ray_app.config.event_file import load_event
from ray_app.config.load import load_site
from ray_app.domain.errors import ConfigError, StoreError, VigieError
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation
from ray_app.live.frame_ledger import CameraLedger, FrameNote
from ray_app.live.ledger_record import record_run
from ray_app.live.messages import Outcome
from ray_app.planning.day_replay import replay_of
from ray_app.planning.recorded_day import read_day
from ray_app.store.run_record import CameraRecord, RunRecord, write_run
from ray_app.store.segments import write_segments

CLI = CliRunner()
SECONDS, RATE_HZ, MIDDAY_S = 600, 5, 43_200.0
SITE = """\
site: recorded
cameras:
  - id: gate-1
    footage: ["gate_*.mp4"]
    reading: {rate_hz: 5}
    networks: {objects: {tiles: 2}}
    stream: {address: "rtsp://127.0.0.1/gate", value: critical, floor_hz: 2}
  - id: bowl
    footage: ["bowl_*.mp4"]
    reading: {rate_hz: 5}
    stream: {address: "rtsp://127.0.0.1/bowl", value: best_effort}
"""


def seen(key: FrameKey, people: int) -> Observation:
    boxes = np.tile(np.array([[0, 0, 4, 8]], np.float32), (people, 1))
    labels = np.full(people, Label.PERSON, np.int16)
    return Observation(key, (64, 48), Detections(boxes, np.ones(people, np.float32), labels))


def outcome_at(camera_id: str, second: float) -> Outcome:
    """The bowl gives up its frames in the second half, its stream breaks in the last minute."""
    if camera_id != "bowl" or second < SECONDS / 2:
        return Outcome.ANALYSED
    return Outcome.SHED if second < SECONDS - 60 else Outcome.NOT_SEEN


def people_at(second: float) -> int:
    return int(second) // 100


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes of two cameras, as `vigie live` leaves them."""
    folder = tmp_path_factory.mktemp("live") / "ledger" / "1"
    path = folder.parent / "site.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(SITE, "utf-8")
    record_run(load_site(path), path, folder)
    segments = []
    for camera_id in ("gate-1", "bowl"):
        book = CameraLedger(folder, camera_id, "rtsp://127.0.0.1", RATE_HZ, None)
        for frame in range(SECONDS * RATE_HZ):
            second = frame / RATE_HZ
            key = FrameKey(camera_id, 216_000 + frame, 0, MIDDAY_S + second)
            outcome = outcome_at(camera_id, second)
            there = seen(key, people_at(second)) if outcome is Outcome.ANALYSED else None
            segments.append(book.note(FrameNote(key, outcome, second, 0.1), there))
        segments.append(book.close())
    write_segments(folder, [segment for segment in segments if segment is not None])
    return folder


def test_all_frames_that_had_a_picture_are_offered_and_people_are_counted(ledger: Path) -> None:
    bowl, gate = read_day(ledger, load_site(ledger.parent / "site.yaml"))
    assert (bowl.camera_id, bowl.tiles, bowl.priority) == ("bowl", 1, 0)
    assert (gate.camera_id, gate.tiles, gate.priority) == ("gate-1", 5, 2)
    assert (gate.rate_hz, gate.floor_hz) == (5, 2)
    np.testing.assert_array_equal(gate.frames_per_s, np.full(SECONDS, 5.0))
    np.testing.assert_array_equal(bowl.frames_per_s[: SECONDS - 60], np.full(SECONDS - 60, 5.0))
    assert not bowl.frames_per_s[SECONDS - 60 :].any()
    np.testing.assert_array_equal(gate.people, [people_at(second) for second in range(SECONDS)])
    # What nobody looked at any more keeps its last count.
    np.testing.assert_array_equal(bowl.people[SECONDS // 2 :], np.full(SECONDS // 2, 2.0))


def test_a_back_fill_without_a_site_file_is_a_day_too(ledger: Path, tmp_path: Path) -> None:
    for name in ("observations", "segments.parquet"):
        (tmp_path / name).symlink_to(ledger / name)
    origins = {"gate-1": "2026-06-21T12:00:00+00:00", "bowl": "2026-06-21T12:05:00+00:00"}
    write_run(tmp_path, run_of(origins))
    bowl, gate = read_day(tmp_path, None)
    assert len(gate.frames_per_s) == len(bowl.frames_per_s) == SECONDS
    np.testing.assert_array_equal(np.flatnonzero(bowl.frames_per_s), np.arange(300, 600))
    assert (bowl.rate_hz, bowl.tiles, bowl.priority) == (5, 1, 1)
    write_run(tmp_path, run_of(origins | {"bowl": None}))
    with pytest.raises(ConfigError, match="nobody knows when the footage of camera bowl began"):
        read_day(tmp_path, None)
    write_run(tmp_path, run_of(origins | {"bowl": "2026-06-25T12:00:00+00:00"}))
    with pytest.raises(ConfigError, match="spans 96 h; a day is at most 48 h"):
        read_day(tmp_path, None)


def run_of(origins: dict[str, str | None]) -> RunRecord:
    cameras = tuple(CameraRecord(name, origin, ()) for name, origin in origins.items())
    return RunRecord("recorded", None, None, 30.0, (), (), cameras)


def test_the_recorded_load_is_played_by_both_engines(
    ledger: Path, event_file: Path, tmp_path: Path
) -> None:
    offered = 5 * 5 * SECONDS + 5 * (SECONDS - 60)
    for engine in ("fluid", "exact"):
        done = CLI.invoke(
            app,
            ["simulate", "run", str(event_file), "--replay", str(ledger), "--engine", engine,
             "--replay-from", "-20", "--out", str(tmp_path / engine), "--json"],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["scenario"] == "recorded"
        assert told["offered"] == pytest.approx(offered, abs=2)
        assert told["served"] + told["shed"] + told["dropped"] + told["in_flight"] == pytest.approx(
            told["offered"], abs=0.01
        )
        assert [zone["zone"] for zone in told["zones"]] == ["bowl", "gate_1"]
        series = pq.read_table(tmp_path / engine / "series.parquet")
        assert series["time_s"][0].as_py() == -20 * 60
        assert len(series) == SECONDS


def test_counts_of_a_zone_the_plan_counts_reach_the_policy(ledger: Path, event_file: Path) -> None:
    cameras = read_day(ledger, None)
    event = load_event(event_file)
    day = replay_of(event, cameras, None).day("as_planned", 1)
    assert [zone.counted for zone in day.profile.zones] == [False, False]
    renamed = event_file.with_name("renamed.yaml")
    renamed.write_text(event_file.read_text("utf-8").replace("name: gates", "name: gate_1"))
    day = replay_of(load_event(renamed), cameras, None).day("slow_cloud", 1)
    assert [zone.counted for zone in day.profile.zones] == [False, True]
    assert day.name == "slow_cloud"
    boots = [one.machines.nodes[0].boot.median_s for one in (day.profile, event)]
    assert boots[0] == pytest.approx(2.7 * boots[1])


@pytest.mark.slow
@pytest.mark.ray
def test_policies_are_compared_on_the_recorded_day(
    ledger: Path, event_file: Path, tmp_path: Path
) -> None:
    done = CLI.invoke(
        app,
        ["simulate", "compare", str(event_file), "--replay", str(ledger), "--seeds", "2",
         "--policy", "event_plan", "--policy", "ray_default", "--out", str(tmp_path / "o")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "2 days, the same for every policy" in done.output
    runs = pq.read_table(tmp_path / "o" / "runs.parquet").to_pylist()
    assert {(run["scenario"], run["seed"]) for run in runs} == {("recorded", 1), ("recorded", 2)}
    assert len({run["offered"] for run in runs}) == 1


def refusal(*words: str) -> str:
    done = CLI.invoke(app, ["simulate", "run", *words])
    assert isinstance(done.exception, VigieError), done.output
    return str(done.exception)


def test_what_is_no_recorded_day_is_one_clear_line(
    ledger: Path, event_file: Path, tmp_path: Path
) -> None:
    replay = (str(event_file), "--replay")
    told = refusal(*replay, str(tmp_path / "nowhere"))
    assert "not a folder of results: it has no run.json" in told
    told = refusal(*replay, str(ledger.parents[1]))
    assert told.endswith(f"perhaps you mean {ledger}")
    write_run(tmp_path, run_of({"gate-1": None}))
    assert "segments.parquet is missing" in refusal(*replay, str(tmp_path))
    write_segments(tmp_path, [])
    assert "no frame was recorded" in refusal(*replay, str(tmp_path))
    told = refusal(*replay, str(ledger), "--scenario", "evacuation")
    assert "take one of as_planned, slow_cloud, short_quota" in told
    assert "add --replay FOLDER" in refusal(str(event_file), "--replay-from", "3")


def test_frames_of_other_columns_are_told(ledger: Path, tmp_path: Path) -> None:
    for name in ("observations", "segments.parquet", "run.json"):
        (tmp_path / name).symlink_to(ledger / name)
    frames = tmp_path / "frames" / "camera=bowl"
    frames.mkdir(parents=True)
    pq.write_table(pa.table({"time_s": [1.0]}), frames / "1.parquet")
    with pytest.raises(StoreError, match=r"1.parquet was not written by this version of vigie"):
        read_day(tmp_path, None)
