"""Cameras move when their reader is gone, and no frame is forgotten on the way."""

import json
from dataclasses import replace

import pytest

from ray_app.config.schema import CameraConfig
from ray_app.live.fleet_book import EVEN_FOR_S, FleetBook, added, most_cameras
from ray_app.live.fleet_state import programme_of, read_fleet_state, write_fleet_state
from ray_app.live.lease import CameraPosition, ReaderReport
from ray_app.live.messages import CameraReport, FrameCounts, Outcome
from ray_app.video.live.status import StreamState

NAMES = ("a", "b", "c", "d", "e")


def book(names=NAMES):
    made = FleetBook()
    for name in names:
        made.add(CameraConfig(id=name, footage=(f"{name}.mp4",)), 416)
    return made


def report(reader, cameras, analysed, in_flight=0):
    counts = FrameCounts({Outcome.ANALYSED: analysed, Outcome.IN_FLIGHT: in_flight})
    told = tuple(
        CameraReport(
            camera_id=name, shown_address="", state=StreamState.LIVE, idle_reason=None,
            trouble=None, value="normal", frame_age_s=0.1, age_p95_s=0.2, rate_hz=2.0,
            counts=counts, pictures=9, broken=0, openings=1, clock=None, source_size_px=None,
            reader=reader, told_at=0.0,
        )
        for name in cameras
    )  # fmt: skip
    positions = tuple(CameraPosition(name, 40, 2, (), 2.0, 1, 1, 0.25) for name in cameras)
    return ReaderReport(reader, 1, told, positions, (), 0, 0, 0, 0.0, 0, 0)


def test_cameras_are_spread_over_readers_and_none_gets_too_many():
    made = book()
    given = made.assign(["r1", "r2"], cameras_each=2)
    assert {reader: len(entries) for reader, entries in given.items()} == {"r1": 2, "r2": 2}
    assert len(made.unread()) == 1
    assert made.assign(["r1", "r2"], cameras_each=3) != {}
    assert made.unread() == []


def test_cameras_of_a_lost_reader_move_even_where_all_are_full():
    made = book(("a", "b"))
    made.assign(["r1", "r2"], cameras_each=1)
    for reader in ("r1", "r2"):
        made.take(report(reader, [made.read_by(reader)[0].camera.id], analysed=10))
    (lost,) = made.lose("r1")
    given = made.assign(["r2"], cameras_each=1)
    assert given == {"r2": [lost]}
    assert lost.position.next_index == 40


def test_what_was_under_way_at_a_lost_reader_is_lost_and_the_sum_stays():
    made = book(("a",))
    made.assign(["r1"], 4)
    made.take(report("r1", ["a"], analysed=10, in_flight=3))
    made.lose("r1")
    assert made.reports()[0].counts.by_outcome[Outcome.LOST] == 3
    made.assign(["r2"], 4)
    made.take(report("r2", ["a"], analysed=5, in_flight=1))
    (told,) = made.reports()
    assert told.counts.by_outcome[Outcome.ANALYSED] == 15
    assert told.counts.offered == 10 + 3 + 5 + 1


def test_a_reader_says_nothing_of_cameras_it_no_longer_has():
    made = book(("a",))
    made.assign(["r1"], 4)
    made.lose("r1")
    made.assign(["r2"], 4)
    made.take(report("r1", ["a"], analysed=99))
    assert made.reports() == ()


def test_an_unknown_camera_is_told_with_those_known():
    with pytest.raises(KeyError, match="known: a, b"):
        book(("a", "b")).entry("zz")


def test_outcomes_add_up():
    both = added([FrameCounts({Outcome.SHED: 2}), FrameCounts({Outcome.SHED: 3, Outcome.LATE: 1})])
    assert (both.by_outcome[Outcome.SHED], both.offered) == (5, 6)
    assert added([FrameCounts({}, reduced=2), FrameCounts({}, reduced=3)]).reduced == 5


def test_frames_at_a_smaller_input_are_counted_over_all_readers_of_a_camera():
    made = book(("a",))
    for reader in ("r1", "r2"):
        made.assign([reader], 4)
        told = report(reader, ["a"], analysed=9)
        (camera,) = told.cameras
        camera = replace(camera, counts=replace(camera.counts, reduced=4))
        made.take(replace(told, cameras=(camera,)))
        if reader == "r1":
            made.lose("r1")
    assert made.reports()[0].counts.reduced == 8


def test_the_time_line_begins_once_for_all_at_a_midnight(tmp_path):
    first = read_fleet_state(tmp_path, now=1_795_614_009.4)
    assert first.origin_at % 86400 == 0
    write_fleet_state(tmp_path, replace(first, paused=("a",), added={"b": "id: b"}))
    later = read_fleet_state(tmp_path, now=1_795_614_009.4 + 5 * 86400)
    assert later.origin_at == first.origin_at
    assert (later.paused, dict(later.added)) == (("a",), {"b": "id: b"})


def test_told_moments_outlive_the_fleet_and_folders_of_before_have_none(tmp_path):
    first = read_fleet_state(tmp_path, now=1_795_614_009.4)
    write_fleet_state(tmp_path, replace(first, moments={"kick_off": 1_795_640_460.0}))
    again = read_fleet_state(tmp_path, now=0.0)
    policy = {"settings": {"curve": {"moments": {"kick_off": 0, "opening": -3600}}}}
    policy["zero_s"] = 1_795_640_400.0
    opening, kick_off = programme_of(policy, again)
    assert (opening.planned_at, opening.real_at) == (1_795_636_800.0, None)
    assert (kick_off.planned_at, kick_off.real_at) == (1_795_640_400.0, 1_795_640_460.0)
    assert programme_of({"settings": {}, "zero_s": 0.0}, again) == ()
    old = json.loads((tmp_path / "fleet.json").read_text("utf-8"))
    del old["moments"]
    (tmp_path / "fleet.json").write_text(json.dumps(old), "utf-8")
    assert read_fleet_state(tmp_path, now=0.0).moments == {}


def test_who_comes_up_first_gets_no_more_than_its_even_share():
    """Five cameras, three readers started, one of them up: it may have two of them."""
    made = book()
    assert most_cameras(16, len(NAMES), readers=3, running_s=0.5) == 2
    given = made.assign(["r1"], most_cameras(16, len(NAMES), readers=3, running_s=0.5))
    assert len(given["r1"]) == 2
    given = made.assign(["r1", "r2", "r3"], most_cameras(16, len(NAMES), 3, running_s=1.0))
    assert {reader: len(entries) for reader, entries in given.items()} == {"r2": 2, "r3": 1}


def test_after_a_while_who_is_up_takes_what_nobody_reads():
    made = book()
    made.assign(["r1"], most_cameras(16, len(NAMES), readers=3, running_s=EVEN_FOR_S))
    assert len(made.unread()) == 3
    made.assign(["r1"], most_cameras(16, len(NAMES), readers=3, running_s=EVEN_FOR_S + 0.1))
    assert made.unread() == []


def test_the_most_a_reader_can_carry_holds_at_first_too():
    assert most_cameras(2, 100, readers=3, running_s=0.0) == 2
    assert most_cameras(2, 100, readers=0, running_s=0.0) == 2
