"""Files of one camera on one time line: starts, gaps, overlaps, and what nobody knows."""

from datetime import UTC, datetime

import pytest

from ray_app.domain.errors import FootageError
from ray_app.video.archive import FileFacts
from ray_app.video.start_time import Clock, StartRule
from ray_app.video.timeline import lay_out

NOON = datetime(2026, 6, 21, 12, 0, 0, tzinfo=UTC)


def file(url, duration_s=10.0, started_at=None, rate_hz=25.0):
    return FileFacts(url, "mp4", "h264", duration_s, rate_hz, (640, 360), 0, started_at, True, 1000)


def after(seconds):
    return datetime.fromtimestamp(NOON.timestamp() + seconds, UTC)


def spans(timeline):
    return [(clip.url, clip.start_s, clip.end_s, clip.stretch) for clip in timeline.clips]


def test_files_stand_where_their_containers_say_whatever_their_names():
    line = lay_out("c", [file("b", started_at=NOON), file("a", started_at=after(10))])
    assert spans(line) == [("b", 0.0, 10.0, 0), ("a", 10.0, 20.0, 0)]
    assert line.origin == NOON
    assert line.instant(15) == after(15)
    assert (line.gaps, line.overlaps, line.notes) == ((), (), ())


def test_a_pause_breaks_the_stretch_and_is_listed():
    line = lay_out("c", [file("a", started_at=NOON), file("b", started_at=after(40))])
    assert spans(line) == [("a", 0.0, 10.0, 0), ("b", 40.0, 50.0, 1)]
    assert [(gap.start_s, gap.end_s) for gap in line.gaps] == [(10.0, 40.0)]


def test_a_second_between_files_is_no_pause():
    line = lay_out("c", [file("a", started_at=NOON), file("b", started_at=after(11))])
    assert [clip.stretch for clip in line.clips] == [0, 0]
    assert line.gaps == ()


def test_where_files_overlap_the_later_one_is_cut():
    names = StartRule(start_pattern="cam_%H%M%S")
    line = lay_out("c", [file("cam_120000.mp4"), file("cam_120007.mp4")], names)
    first, second = line.clips
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 10.0, 10.0, 17.0)
    assert second.skip_s == pytest.approx(3.0)
    assert second.file_time_s(10.0) == pytest.approx(3.0)
    assert [(o.start_s, o.end_s, o.cut_url) for o in line.overlaps] == [
        (7.0, 10.0, "cam_120007.mp4")
    ]


def test_a_file_inside_another_adds_nothing_but_is_told():
    names = StartRule(start_pattern="cam_%H%M%S")
    line = lay_out("c", [file("cam_120000.mp4", 60.0), file("cam_120010.mp4")], names)
    assert [clip.url for clip in line.clips] == ["cam_120000.mp4"]
    assert [(o.start_s, o.end_s) for o in line.overlaps] == [(10.0, 20.0)]


def test_unknown_starts_follow_in_name_order_and_it_is_said():
    line = lay_out("c", [file("b", 10.5), file("a", 4.0)])
    assert spans(line) == [("a", 0.0, 4.0, 0), ("b", 4.0, 14.5, 1)]
    assert line.origin is None
    assert line.instant(3) is None
    assert line.notes == ("start unknown for 2 of 2 files; placed in name order",)
    assert [clock for _, clock in line.clocks] == [Clock.NOBODY] * 2


def test_creation_times_at_which_files_would_run_at_once_are_not_believed():
    line = lay_out("c", [file("a", started_at=NOON), file("b", started_at=after(1))])
    assert line.origin is None
    assert line.notes[0] == "creation times contradict the lengths of the files; not used"


def test_the_file_name_goes_before_the_container_and_its_zone_counts():
    rule = StartRule(start_pattern="cam_%Y%m%d_%H%M%S", time_zone="Europe/Paris")
    line = lay_out("c", [file("cam_20260621_140000.mp4", started_at=after(77))], rule)
    assert line.origin == NOON
    assert line.clocks == (("cam_20260621_140000.mp4", Clock.FILE_NAME),)


def test_a_name_that_does_not_match_is_told():
    line = lay_out("c", [file("other.mp4")], StartRule(start_pattern="cam_%H%M%S"))
    assert line.notes[0] == "other.mp4: its name does not match 'cam_%H%M%S'"


def test_telemetry_tells_the_start_where_nothing_else_does():
    flown = (("a", datetime(2026, 6, 21, 14, 0, 0)), ("b", datetime(2026, 6, 21, 15, 0, 0)))  # noqa: DTZ001
    rule = StartRule(time_zone="Europe/Paris", telemetry=flown)
    line = lay_out("c", [file("a"), file("b", started_at=after(30))], rule)
    assert [(url, clock) for url, clock in line.clocks] == [
        ("a", Clock.TELEMETRY),
        ("b", Clock.CONTAINER),
    ]
    assert spans(line) == [("a", 0.0, 10.0, 0), ("b", 30.0, 40.0, 1)]
    assert line.origin == NOON


def test_a_corrected_frame_rate_stretches_time():
    line = lay_out("c", [file("a", duration_s=79.5, rate_hz=10.0)], frame_rate_hz=7.0)
    assert line.clips[0].end_s == pytest.approx(79.5 * 10 / 7)
    assert line.notes[-1] == "time runs at 7 pictures/s as the site file says; file: 10"


def test_a_length_nobody_can_tell_is_refused():
    with pytest.raises(FootageError, match="its length cannot be told"):
        lay_out("c", [file("a", duration_s=None)])
