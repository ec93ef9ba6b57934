"""Events, readings and the record of a run come back as written."""

import json
from dataclasses import replace

import pytest

from models.settings import HeadCounterSettings, NetworkSettings
from ray_app.analysis.camera_analyzer import TimedReading
from ray_app.domain.errors import StoreError
from ray_app.domain.event import Event, Phase, Reading, Why
from ray_app.store.events import read_events, write_events
from ray_app.store.readings import read_readings, write_readings
from ray_app.store.run_record import (
    CameraRecord,
    RunRecord,
    Timing,
    Totals,
    flat_settings,
    read_run,
    refuse_other_settings,
    write_run,
)

WHY = Why("people/m2", 3.0, 2.5, 4.2, 5.1, (3, 7, 9), (("people", 40.0), ("area_m2", 12.5)))
OPENED = Event("gate", "crowd_density", "north", Phase.OPENED, 0.6, 1.8, 3.3, 0.2, WHY)
CLOSED = replace(OPENED, phase=Phase.CLOSED, sigma=None, why=replace(WHY, ended_by="footage"))


def test_events_come_back_and_read_as_json_lines(tmp_path):
    write_events(tmp_path, [OPENED, CLOSED])
    assert read_events(tmp_path) == (OPENED, CLOSED)
    lines = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["opened", "closed"]
    assert lines[0]["event_id"] == OPENED.event_id
    assert lines[0]["why"]["measures"] == {"people": 40.0, "area_m2": 12.5}


def test_no_event_is_a_table_too(tmp_path):
    write_events(tmp_path, [])
    assert read_events(tmp_path) == ()


def test_json_lines_hold_no_nan(tmp_path):
    write_events(tmp_path, [replace(OPENED, level=float("nan"))])
    assert json.loads((tmp_path / "events.ndjson").read_text())["level"] is None


def test_readings_come_back(tmp_path):
    north = Reading("north", 3.1, 0.2, (("people", 40.0),))
    readings = [
        TimedReading("gate", "crowd_density", "people/m2", 0.6, 3, north),
        TimedReading("gate", "people_count", "people", 0.8, 4, Reading("picture", 3.0)),
    ]
    write_readings(tmp_path, iter(readings))
    assert list(read_readings(tmp_path)) == readings


@pytest.mark.parametrize("read", [read_events, read_run, lambda out: list(read_readings(out))])
def test_a_folder_without_results_is_one_line(tmp_path, read):
    with pytest.raises(StoreError, match=r"^[^\n]*holds no|^[^\n]*is not a folder of results"):
        read(tmp_path)


DEFAULTS = NetworkSettings()


def run(networks=DEFAULTS, segment_s=60.0, camera_id="gate"):
    camera = CameraRecord(
        camera_id, None, flat_settings("networks", networks), ((1.0, 2.5),), (), ("doubt",)
    )
    return RunRecord("fair", "site: fair", "ab12", segment_s, (("ray", "2"),), (), (camera,))


def test_the_record_comes_back(tmp_path):
    whole = replace(
        run(),
        totals=Totals(3, 1, 1, 1, 300, 60.0, 0.5),
        timing=Timing(2, 1, 60.0, 5.0, 9.0, 1, 4.0),
    )
    for record in (run(), whole):
        write_run(tmp_path, record)
        assert read_run(tmp_path) == record


def test_other_settings_are_refused_by_name(tmp_path):
    refuse_other_settings(run(), run(), tmp_path)
    refuse_other_settings(run(), run(NetworkSettings(batch_size=4), camera_id="other"), tmp_path)
    for other, name in [
        (run(segment_s=30.0), "segment_s = 60.0, now it is 30.0"),
        (run(NetworkSettings(batch_size=4)), "camera gate networks.batch_size = 2, now it is 4"),
        (run(NetworkSettings(crowd=HeadCounterSettings())), "networks.crowd"),
    ]:
        with pytest.raises(StoreError, match=name):
            refuse_other_settings(run(), other, tmp_path)


def test_a_record_of_something_else_is_one_line(tmp_path):
    for text in ("[]", "{}", "not json", '{"format": 1}'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(StoreError, match=r"run\.json"):
            read_run(tmp_path)
