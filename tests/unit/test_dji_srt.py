import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ray_app.domain.observation import DronePose
from ray_app.geo.dji_srt import read_dji_srt, write_dji_srt
from ray_app.geo.pose_track import Cue, Telemetry

DATA = Path(os.environ.get("VIGIE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SAMPLES = DATA / "dji_srt"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample telemetry: {SAMPLES}")
UNKNOWN = DronePose(None, None, None, None, None, None, None)


def read(text, **conventions):
    return read_dji_srt(text.encode(), **conventions)


def only_pose(line, **conventions):
    (cue,) = read(f"1\n00:00:00,000 --> 00:00:01,000\n{line}\n", **conventions).cues
    return cue.pose


def place(pose):
    return pose.latitude_deg, pose.longitude_deg, pose.height_m


def angles(pose):
    return pose.yaw_deg, pose.pitch_deg, pose.roll_deg


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "[latitude: 3.41] [longitude: -3.37] [rel_alt: -2.400 abs_alt: 0.401]",
            (3.41, -3.37, -2.4),
        ),
        ("[latitude : 31.45] [longtitude : 74.39] [altitude: 213.98]", (31.45, 74.39, None)),
        (
            "HOME(1.5,2.5) 2017.8.5 14:11:51\nGPS(149.02,-20.25,16) BAROMETER:1.9",
            (-20.25, 149.02, 1.9),
        ),
        ("GPS(149.02,-20.25,16) Hb:2.5 Hs:1.5", (-20.25, 149.02, 2.5)),
        ("F/2.8, GPS (-121.7, 48.07, 17), D 221.21m, H 200.70m, H.S n/a", (48.07, -121.7, 200.7)),
        ("GPS(-58.4,-34.7,19) BAROMETER:-0.5", (-34.7, -58.4, -0.5)),
        ("H.S 13.29m/s, V.S 0.00m/s, D 159.98m", (None, None, None)),
        ("HOME(-58.4563,-34.7386) 2017.07.03 10:15:22", (None, None, None)),
        ("[latitude: 0.000000] [longitude: 0.000000] [rel_alt: 1.5]", (None, None, 1.5)),
        ("[latitude: 97.1] [longitude: 8.2]", (None, 8.2, None)),
        ("[home_latitude: 9.1] [latitude: 1.5] [longitude: 2.5]", (1.5, 2.5, None)),
        ("[latitude: n/a] [longitude: ] [rel_alt: --]", (None, None, None)),
    ],
)
def test_places_in_every_spelling(line, expected):
    assert place(only_pose(line)) == expected


def test_the_order_of_bare_gps_and_the_meaning_of_altitude_are_told_by_the_site():
    assert place(only_pose("GPS(36.6,-6.1,0.0M) BAROMETER:0.3M", gps_order="lat_lon")) == (
        36.6,
        -6.1,
        0.3,
    )
    line = "[latitude: 41.4] [longitude: 2.2] [altitude: 117.0]"
    assert place(only_pose(line, altitude_reference="take_off")) == (41.4, 2.2, 117.0)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[gb_yaw: -142.5 gb_pitch: -28.7 gb_roll: 0.5]", (-142.5, -28.7, 0.5)),
        ("F.PRY (2.7°, -7.0°, 99.1°), G.PRY (-24.4°, 1.0°, 110.4°)", (110.4, -24.4, 1.0)),
        ("[drone_yaw: 10.0 drone_pitch: 2.4 drone_roll: -2.1]", (None, None, None)),
    ],
)
def test_angles_are_the_gimbals_never_the_airframes(line, expected):
    assert angles(only_pose(line)) == expected


@pytest.mark.parametrize(
    ("line", "fov_deg"),
    [
        ("[focal_len: 24.00]", 73.74),  # 2 atan(18 / 24)
        ("[focal_len : 240]", 73.74),  # tenths of a millimetre
        ("[focal_len: 162.00]", 12.68),
        ("[focal_len: 24.00] [dzoom_ratio: 10000, delta:0]", 73.74),
        ("[focal_len: 24.00] [dzoom_ratio: 20000, delta:0]", 41.11),
        ("[focal_len: 24.00] [dzoom: 2.00]", 41.11),
    ],
)
def test_field_of_view_from_the_full_frame_focal_length(line, fov_deg):
    assert only_pose(line).horizontal_fov_deg == pytest.approx(fov_deg, abs=0.01)


def test_no_focal_length_tells_no_field_of_view():
    assert only_pose("[focal_len: 0.00]").horizontal_fov_deg is None
    assert only_pose("[fnum: 280]").horizontal_fov_deg is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021-12-25 12:27:52.373", "2021-12-25T12:27:52.373000"),
        ("2022-08-07 13:40:40,774,808", "2022-08-07T13:40:40.774808"),
        ("2017.08.05 14:11:51,393,525,393,525", "2017-08-05T14:11:51.393525"),
        ("2017.8.5 14:11:51", "2017-08-05T14:11:51"),
        ("2017.13.05 14:11:51", None),
        ("no clock", None),
    ],
)
def test_clocks_in_every_spelling(written, expected):
    (cue,) = read(f"1\n00:00:00,000 --> 00:00:01,000\n{written}\n").cues
    assert (cue.time.isoformat() if cue.time else None) == expected


def test_a_blank_line_inside_a_cue_does_not_end_it():
    telemetry = read(
        "1\n00:00:00,000 --> 00:00:00,033\n<font size=36>FrameCnt: 1\n[gb_pitch: -30.0]\n\n"
        "0\n[latitude: 1.5] [longitude: 2.5]\n</font>\n\n2\n00:00:00,033 --> 00:00:00,066\nx\n"
    )
    assert [cue.start_s for cue in telemetry.cues] == [0.0, 0.033]
    assert place(telemetry.cues[0].pose)[:2] == (1.5, 2.5)


def test_a_number_cut_off_by_the_end_of_the_file_is_not_believed():
    whole = "1\n00:00:00,000 --> 00:00:01,000\n[latitude: 41.424724] [longitude: 2.234156]"
    for kept in range(len(whole)):
        for cue in read(whole[:kept]).cues:
            assert cue.pose.latitude_deg in (None, 41.424724)
            assert cue.pose.longitude_deg in (None, 2.234156)


def test_cues_without_subtitle_times_follow_the_aircrafts_clock():
    telemetry = read(
        "1\n2017.08.05 14:11:51,393,525\n[latitude : 1.0] [longtitude : 2.0]\n\n"
        "2\n2017.08.05 14:11:53,393,525\n[latitude : 1.5] [longtitude : 2.0]\n"
    )
    assert [(cue.start_s, cue.end_s) for cue in telemetry.cues] == [(0.0, 2.0), (2.0, 4.0)]
    assert any("aircraft's clock" in note for note in telemetry.notes)
    assert telemetry.pose_at(1.0).latitude_deg == pytest.approx(1.25)


@pytest.mark.parametrize("run", [b"a", b" ", b"\n", b"1", b"a.", b"G.PRY (", b"H 1", b"00:00:"])
def test_long_runs_of_anything_do_not_hang(run):
    assert read_dji_srt(b"00:00:00,000 --> 00:00:01,000\n" + run * 100_000).notes
    assert read_dji_srt(run * 100_000).notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends(encoding):
    text = "1\r\n00:00:00,000 --> 00:00:01,000\r\n[latitude: 1.5] [longitude: 2.5]\r\n"
    assert place(read_dji_srt(text.encode(encoding)).cues[0].pose) == (1.5, 2.5, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe\x00",
        bytes(range(256)) * 50,
        b"00:00:00,000 --> ",
        b"9999:99:99,999 --> 0:0:0,000\n[latitude: " + b"9" * 10_000 + b"] [rel_alt: 1e99]\n",
    ],
)
def test_garbage_becomes_notes(content):
    telemetry = read_dji_srt(content)
    assert telemetry.notes
    assert telemetry.pose_at(0.0) is None


def test_random_damage_never_raises():
    rng = np.random.default_rng(5)
    line = b"[latitude: 1.5] [longitude: 2.5] G.PRY (-24.4, 0.0, 110.4) [focal_len : 240]"
    content = b"".join(
        b"%d\n00:00:%02d,000 --> 00:00:%02d,000\n2017.8.5 14:11:51\n%s\n\n" % (n, n, n + 1, line)
        for n in range(20)
    )
    for _ in range(300):
        damaged = bytearray(content[: rng.integers(len(content))])
        for at in rng.integers(0, max(len(damaged), 1), 20):
            damaged[at : at + 1] = bytes(rng.integers(0, 256, rng.integers(0, 3)).tolist())
        telemetry = read_dji_srt(bytes(damaged))
        starts_s = [cue.start_s for cue in telemetry.cues]
        assert starts_s == sorted(set(starts_s))


def cue(start_s, end_s, **members):
    known = {name: members.get(name) for name in DronePose.__dataclass_fields__}
    return Cue(start_s, end_s, DronePose(**known))


def test_poses_between_cues_turn_the_short_way():
    telemetry = Telemetry(
        (
            cue(0.0, 1.0, yaw_deg=170.0, height_m=10.0, longitude_deg=179.9),
            cue(1.0, 2.0, yaw_deg=-170.0, height_m=20.0, longitude_deg=-179.9),
        )
    )
    between = telemetry.pose_at(0.25)
    assert between.height_m == pytest.approx(12.5)
    assert between.yaw_deg == pytest.approx(175.0)
    assert between.longitude_deg == pytest.approx(179.95)
    assert telemetry.pose_at(0.75).yaw_deg == pytest.approx(-175.0)
    assert between.pitch_deg is None


def test_telemetry_is_silent_outside_its_cues_and_in_long_gaps():
    telemetry = Telemetry((cue(1.0, 2.0, height_m=10.0), cue(5.0, 6.0, height_m=20.0)))
    silent = (0.99, 2.01, 4.99, 6.01)
    assert [telemetry.pose_at(time_s) for time_s in silent] == [None] * 4
    assert telemetry.pose_at(1.5).height_m == 10.0
    assert telemetry.pose_at(6.0).height_m == 20.0


def test_a_cue_shown_for_long_is_not_believed_for_long():
    telemetry = Telemetry((cue(0.0, 3600.0, height_m=10.0),))
    assert telemetry.pose_at(2.0).height_m == 10.0
    assert telemetry.pose_at(2.1) is None


def test_a_cue_that_tells_nothing_does_not_break_the_line():
    telemetry = Telemetry(
        (cue(0.0, 1.0, height_m=10.0), cue(1.0, 2.0), cue(2.0, 3.0, height_m=20.0))
    )
    assert telemetry.pose_at(1.0).height_m == pytest.approx(15.0)


def test_what_is_written_is_read_back(tmp_path):
    written = [
        Cue(
            start_s=k / 5,
            end_s=(k + 1) / 5,
            pose=DronePose(48.8584 + k * 1e-5, -2.2945, 60.0 + k, 179.5 - k, -45.0, 0.3, 73.7),
            time=datetime.fromisoformat(f"2026-07-14T21:00:00.{200 * k:03d}"),
        )
        for k in range(5)
    ]
    path = tmp_path / "drone.SRT"
    write_dji_srt(path, written)
    found = read_dji_srt(path.read_bytes())
    assert found.notes == ()
    for was, now in zip(written, found.cues, strict=True):
        assert (now.start_s, now.end_s, now.time) == (was.start_s, was.end_s, was.time)
        assert now.pose.latitude_deg == pytest.approx(was.pose.latitude_deg, abs=5.1e-7)
        assert now.pose.longitude_deg == pytest.approx(was.pose.longitude_deg, abs=5.1e-7)
        assert now.pose.height_m == pytest.approx(was.pose.height_m, abs=5.1e-4)
        np.testing.assert_allclose(angles(now.pose), angles(was.pose), atol=0.051)
        assert now.pose.horizontal_fov_deg == pytest.approx(73.7, abs=0.02)


def test_unknown_members_are_not_written(tmp_path):
    path = tmp_path / "drone.SRT"
    write_dji_srt(path, [Cue(0.0, 1.0, UNKNOWN), cue(1.0, 2.0, pitch_deg=-60.0)])
    first, second = read_dji_srt(path.read_bytes()).cues
    assert first.pose == UNKNOWN
    assert angles(second.pose) == (None, -60.0, None)


# Sample: cues, first and last start, place of the first cue.
SAMPLE_FACTS = {
    "air2s.srt": (17, 0.0, 0.533, (41.424724, 2.234156, None)),
    "broken_incomplete.SRT": (20, 1.0, 20.0, (-34.7383, -58.4563, 20.1)),
    "matrice_300.srt": (381, 0.0, 380.0, (36.6146, -6.1120, 0.3)),
    "mavic_2_style.SRT": (463, 0.0, 468.0, (-20.2533, 149.0251, None)),
    "mavic_air.SRT": (2, 0.0, 0.039, (None, None, None)),
    "mavic_air2.srt": (25, 0.0, 0.4, (41.420684, 2.162162, None)),
    "mavic_mini.SRT": (117, 0.0, 116.0, (48.0771, -121.7458, 200.7)),
    "mavic_pro.SRT": (468, 1.0, 468.0, (-20.2533, 149.0251, 1.9)),
    "old_format.SRT": (468, 1.0, 468.0, (-20.2533, 149.0251, 1.9)),
    "p4_rtk.SRT": (55, 0.0, 54.0, (-34.237922, -58.851745, 85.8)),
}


@needs_samples
@pytest.mark.parametrize("name", SAMPLE_FACTS)
def test_samples_of_real_aircraft(name):
    cues, first_s, last_s, first_place = SAMPLE_FACTS[name]
    order = "lat_lon" if name == "matrice_300.srt" else "lon_lat"
    found = read_dji_srt((SAMPLES / name).read_bytes(), gps_order=order)
    assert len(found.cues) == cues
    assert (found.cues[0].start_s, found.cues[-1].start_s) == (first_s, last_s)
    assert place(found.cues[0].pose) == first_place


@needs_samples
def test_what_samples_lack_is_noted():
    empty = read_dji_srt((SAMPLES / "broken_empty2.SRT").read_bytes())
    assert empty == Telemetry((), ("no telemetry cue found",))
    cut = read_dji_srt((SAMPLES / "broken_incomplete.SRT").read_bytes())
    assert "1 of 20 cues, first cue 20, tell no usable position" in cut.notes
    rtk = read_dji_srt((SAMPLES / "p4_rtk.SRT").read_bytes())
    assert angles(rtk.cues[0].pose) == (110.4, -24.4, 0.0)
    assert rtk.notes == ("no cue tells a usable focal length",)
