"""A site file loads, or every fault is told at its place."""

import re
from pathlib import Path

import pytest
from site_example import GOOD, faults_of

from ray_app.config.load import load_site, site_faults, site_json_schema
from ray_app.config.summary import summarise, summary_lines
from ray_app.domain.errors import ConfigError


def only_fault(text: str | bytes, folder: Path) -> str:
    faults = faults_of(text, folder)
    assert len(faults) == 1, "\n".join(map(str, faults))
    return str(faults[0]).removeprefix(f"{folder}/")


def line_of(text: str, piece: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if piece in line)


def swap(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_file_loads(tmp_path: Path) -> None:
    assert faults_of(GOOD, tmp_path) == ()
    site = load_site(tmp_path / "site.yaml")
    assert [camera.id for camera in site.cameras] == ["gate", "yard"]
    assert site.cameras[0].zones[0].polygon_m == ((0, 0), (10, 0), (10, 12), (0, 12))
    lines = "\n".join(summary_lines(summarise(site)))
    assert "zone forecourt: 120.0 m2" in lines
    assert re.search(r"homography of 5 pairs, off by \d+\.\d px", lines)
    assert "crowd_density at forecourt: opens at 4 people/m2 for 5 s" in lines


def test_a_fault_reads_as_promised(tmp_path: Path) -> None:
    text = swap("    footage: [yard.mp4]", "    fotage: [yard.mp4]")
    line = line_of(text, "fotage")
    told = f"site.yaml:{line}:5: cameras.1.fotage: unknown key; did you mean 'footage'?"
    assert only_fault(text, tmp_path) == told


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("rate_hz: 5", "rate_hz: 0")
        .replace("reader: pyav", "reader: ffmpeg")
        .replace("input_px: 416", "input_px: 400")
        .replace("line: doors", "line: dors")
        .replace("close_at: 0.5", "close_at: 2")
        .replace("cameras: [gate, yard]", "cameras: [gate, yrd]")
    )
    faults = faults_of(text, tmp_path)
    assert [fault.path for fault in faults] == [
        "cameras.0.reading.rate_hz",
        "cameras.0.reading.reader",
        "cameras.0.networks.objects.input_px",
        "cameras.0.situations.bottleneck.0.settings.line",
        "cameras.1.id",
        "cameras.1.situations.restricted_area.0.alarm.close_at",
        "authorisation.cameras.1",
    ]
    with pytest.raises(ConfigError) as error:
        load_site(tmp_path / "site.yaml")
    assert str(error.value).splitlines() == [str(fault) for fault in faults]


VALUE_FAULTS = [
    ("rate_hz: 5", "rate_hz: 61", "reading.rate_hz", "at most 60"),
    ("rate_hz: 5", "rate_hz: yes", "reading.rate_hz", "YAML reads yes, no, on, off so"),
    ("rate_hz: 5", 'rate_hz: "5"', "reading.rate_hz", 'expected a number, as 5.0, got "5"'),
    ("rate_hz: 5", "rate_hz: .nan", "reading.rate_hz", ".nan is no number"),
    ("rate_hz: 5", "rate_hz:", "reading.rate_hz", "got nothing"),
    ("rate_hz: 5", "width: 5", "reading.width", "did you mean 'width_px'?"),
    ("reader: pyav", "reader: av", "reading.reader", "known: pyav, decord"),
    ("input_px: 416", "input_px: 417", "input_px", "not a multiple of 32; as 416 or 640"),
    ("tiles: 2", "tiles: 7", "tiles", "give 1 to 6"),
    ("name: nanodet_g", "name: yolo9", "objects.name", "known: nanodet_g, onnx"),
    ("name: nanodet_g", "name: onnx", "objects.onnx", "missing; name 'onnx' needs"),
    ("id: gate", "id: ga/te", "cameras.0.id", "as 'ga_te'"),
    ("id: gate", "id: 7", "cameras.0.id", "expected text"),
    ("id: yard", "id: gate", "cameras.1.id", "is the id of camera 0 too"),
    ("[yard.mp4]", "yard.mp4", "footage", "expected a list of texts"),
    ("[yard.mp4]", "[]", "footage", "is empty"),
    ("[yard.mp4]", '["gate_*.mp4"]', "footage.0", "is the footage of camera 'gate' too"),
    ("%Y%m%d_%H%M%S", "%Y%m%d", "start_pattern", "does not tell date, hour and minute"),
    ("%Y%m%d_%H%M%S", "%Q", "start_pattern", "as cam1_%Y%m%d_%H%M%S"),
    ("Europe/Paris", "Europe/Pari", "time_zone", "as Europe/Paris"),
    ("18:00:00+02:00", "18:00:00", "started_at", "has no time zone"),
    ("2024-07-26T18:00:00+02:00", "1721", "started_at", "expected a time with its zone"),
    ("[400, 200], m: [0, 20]", "[400, 200], m: [0]", "pairs.3.m", "expected two numbers"),
    ("homography:", "homografy:", "calibration.homografy", "did you mean 'homography'?"),
    ("[[2, 12], [8, 12], [8, 20], [2, 20]]", "[[0, 0], [1, 0]]", "polygon_m", "at least 3"),
    (
        "[[2, 12], [8, 12], [8, 20], [2, 20]]",
        "[[2, 12], [8, 20], [8, 12], [2, 20]]",
        "polygon_m",
        "crosses itself at [5 16]",
    ),
    (
        "[[2, 12], [8, 12], [8, 20], [2, 20]]",
        "[[2, 12], [3, 13], [8, 18]]",
        "polygon_m",
        "on one line",
    ),
    (
        "[[2, 12], [8, 12], [8, 20], [2, 20]]",
        "[[2, 12], [8, 12], [8, 20], [2, 12]]",
        "polygon_m",
        "[2.0, 12.0] is given twice",
    ),
    (
        "[[2, 12], [8, 12], [8, 20], [2, 20]]",
        "[[40, 20], [45, 20], [45, 30]]",
        "polygon_m",
        "outside the picture",
    ),
    ("name: passage", "name: doors", "lines.0.name", "names another zone or line"),
    ("end_m: [8, 12]", "end_m: [2, 12]", "end_m", "the same point as start_m"),
    ("zone: forecourt,", "zone: forcourt,", "settings.zone", "did you mean 'forecourt'?"),
    ("measure: local", "measure: loc", "measure", "known: zone, local"),
    ("open_at: 60", "open_at: 30", "alarm.close_at", "40 must be below open_at (30)"),
    ("close_at: 40", "close_at: 0", "alarm.close_at", "more than 0"),
    ("direction_m: [0, 1]", "direction_m: [0, 0]", "direction_m", "points nowhere"),
    ("2024-07-28", "2024-08-28", "authorisation.end", "longer than 31 days"),
    ("2024-07-28", "2024-07-25", "authorisation.end", "is not after start"),
    ("bottleneck, counterflow", "counterflow", "situations.bottleneck", "add it there"),
    ("[gate, yard]", "[gate]", "cameras.1.id", "is not in authorisation.cameras"),
    ("[gate, yard]", "[gate, yard, roof]", "cameras.2", "no camera 'roof'"),
    ("[[-50, -50]", "[[50, -50]", "perimeter_m", "given twice"),
]


@pytest.mark.parametrize(("old", "new", "path", "problem"), VALUE_FAULTS)
def test_one_wrong_value_is_one_fault_on_its_line(
    old: str, new: str, path: str, problem: str, tmp_path: Path
) -> None:
    faults = faults_of(swap(old, new), tmp_path)
    (fault,) = [fault for fault in faults if fault.path.endswith(path)]
    assert problem in fault.problem
    # A renamed camera or zone is missed elsewhere too; nothing else may be told twice.
    assert len(faults) == 1 or path.endswith(("id", "name")), "\n".join(map(str, faults))


def test_a_density_zone_in_pixels_says_what_to_add(tmp_path: Path) -> None:
    text = swap(
        "      restricted_area:\n        - settings: {zone: closed, vehicles: false}",
        "      crowd_density:\n        - settings: {zone: closed}",
    )
    told = only_fault(text, tmp_path)
    assert f"site.yaml:{line_of(text, '{zone: closed}')}:28:" in told
    assert "add calibration to the camera and polygon_m" in told


def test_metres_without_calibration_say_what_to_add(tmp_path: Path) -> None:
    told = only_fault(swap("polygon_px: [[0, 0]", "polygon_m: [[0, 0]"), tmp_path)
    assert "no calibration to find metres with; add calibration, or give polygon_px" in told


def test_counterflow_in_pixels_needs_a_distance_in_pixels(tmp_path: Path) -> None:
    text = swap(
        "      restricted_area:\n        - settings: {zone: closed, vehicles: false}",
        "      counterflow:\n        - settings: {zone: closed, direction_m: [1, 0]}",
    )
    assert "add `min_displacement_px: 40`" in only_fault(text, tmp_path)


def test_one_place_watched_twice_is_a_fault(tmp_path: Path) -> None:
    watch = "        - settings: {zone: closed, vehicles: false}\n"
    alarm = "          alarm: {open_at: 1, close_at: 0.5, hold_s: 1, release_s: 5}\n"
    text = swap(watch + alarm, watch + alarm + watch + alarm)
    assert "restricted_area is watched at 'closed' twice" in only_fault(text, tmp_path)


def test_exactly_one_calibration(tmp_path: Path) -> None:
    text = swap("    calibration:\n", "    calibration:\n      drone: {origin_deg: [43.3, 5.3]}\n")
    assert "homography is given too; keep exactly one" in only_fault(text, tmp_path)


def test_points_on_one_line_calibrate_nothing(tmp_path: Path) -> None:
    text = swap("          - {px: [560, 300], m: [4, 12]}\n", "").replace(
        "{px: [400, 200], m: [0, 20]}", "{px: [640, 700], m: [5, 0]}"
    )
    assert "3 of the 4 points lie on one line in px" in only_fault(text, tmp_path)


BILLION_LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join(['*' + before] * 10)}]\n"
    for before, key in zip("abcdefgh", "bcdefghi", strict=True)
)
UNREADABLE = [
    ("", ":1:1: expected a block of keys that begins with `site:`, got nothing"),
    ("- a\n- b\n", ":1:1: expected a block of keys that begins with `site:`, got a list"),
    ("just words", "got text"),
    ("site: a\n\tcameras: []\n", ":2:1: a tab; YAML indents with spaces only"),
    ("site: [a\ncameras: b\n", "YAML cannot be read"),
    ("site: a: b\n", ":1:8: YAML cannot be read: mapping values are not allowed"),
    ("site: caf\xe9\n".encode("latin-1"), ":1:10: byte 0xe9 is not UTF-8"),
    (b"\xff\xfes\x00", ":1:1: byte 0xff is not UTF-8"),
    ("site: a\x00b\n", ":1:8: character #x0000 is not allowed"),
    ("[" * 5000, "nested too deep"),
    ("a: &a [*a]\n", "nested too deep"),
    ("<<: &a {<<: *a}\n", "nested too deep"),
    (BILLION_LAUGHS, "repeated too often by anchors"),
]


@pytest.mark.parametrize(("text", "told"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_site_file_gives_one_line(text: str | bytes, told: str, tmp_path: Path) -> None:
    assert told in only_fault(text, tmp_path)


def test_a_duplicate_key_names_both_lines(tmp_path: Path) -> None:
    told = only_fault(swap("    time_zone: Europe/Paris\n", "    id: gate2\n"), tmp_path)
    assert told == "site.yaml:6:5: cameras.0.id: given twice, first in line 3; keep one"


def test_a_foreign_tag_is_refused(tmp_path: Path) -> None:
    assert "is not supported" in only_fault(swap("id: gate", "id: !!python/none x"), tmp_path)


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = swap("      rate_hz: 5\n", "      <<: &slow {rate_hz: 2}\n").replace(
        "    started_at:", "    reading: {<<: *slow, reader: decord}\n    started_at:"
    )
    assert faults_of(text, tmp_path) == ()
    first, second = load_site(tmp_path / "site.yaml").cameras
    assert first.reading.rate_hz == second.reading.rate_hz == 2
    assert second.reading.reader == "decord"


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_cannot_be_opened_gives_one_line(name: str, tmp_path: Path) -> None:
    (fault,) = site_faults(tmp_path / name)
    assert fault.line is None
    assert "cannot be read" in str(fault)


def test_the_json_schema_refuses_unknown_keys() -> None:
    schema = site_json_schema()
    assert schema["additionalProperties"] is False
    assert "cameras" in schema["required"]
