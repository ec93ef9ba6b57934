"""What the page says of the footage itself: where its times come from, doubts, authorisation."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ray_app.report.data import CameraFacts, FootageFile, ReportData
from ray_app.report.moments import MomentWords
from ray_app.report.words import duration, listed, plural, title_of

MOST_FILES_TOLD = 8
UNKNOWN = "unknown"
TOLD_BY = {
    "site file": "the site file",
    "file name": "the file's name",
    "container": "the file's own metadata, which a copy or a wrong camera clock can falsify",
    "telemetry": "the telemetry beside it, by the aircraft's clock",
    UNKNOWN: "nobody: start unknown, placed after the others in order of names",
}


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One file, or several of one camera whose start the same clock told."""

    camera: str
    files: str
    start: str
    end: str
    told_by: str


@dataclass(frozen=True, slots=True)
class AuthorisedWords:
    """The authorisation, in words."""

    purpose: str
    window: str
    situations: str
    cameras: str
    where: str
    refused: str


def clock_rows(data: ReportData, words: MomentWords) -> list[ClockRow]:
    """Returns who told the time of which files; cameras with many files are summed up."""
    return [row for camera in data.cameras for row in _camera_clocks(camera, words)]


def _camera_clocks(camera: CameraFacts, words: MomentWords) -> list[ClockRow]:
    if len(camera.files) <= MOST_FILES_TOLD:
        return [_clock_row(camera, [file], words) for file in camera.files]
    by_clock: dict[str, list[FootageFile]] = {}
    for file in camera.files:
        by_clock.setdefault(file.clock, []).append(file)
    return [_clock_row(camera, files, words) for files in by_clock.values()]


def _clock_row(camera: CameraFacts, files: list[FootageFile], words: MomentWords) -> ClockRow:
    first = files[0]
    names = first.file if len(files) == 1 else f"{len(files)} files, first {first.file}"
    is_known = first.is_dated
    return ClockRow(
        camera=camera.id,
        files=names,
        start=words.tell(camera, first.start_s) if is_known else UNKNOWN,
        end=words.tell(camera, files[-1].end_s) if is_known else UNKNOWN,
        told_by=TOLD_BY.get(first.clock, first.clock),
    )


def footage_notes(data: ReportData, words: MomentWords) -> list[tuple[str, tuple[str, ...]]]:
    """Returns cameras with the doubts about their footage and telemetry, if any."""
    told = []
    for camera in data.cameras:
        notes = (*camera.notes, *_overlaps(camera, words))
        if notes:
            told.append((camera.id, notes))
    return told


def _overlaps(camera: CameraFacts, words: MomentWords) -> tuple[str, ...]:
    if not camera.overlaps:
        return ()
    start_s, end_s = camera.overlaps[0]
    count = plural(len(camera.overlaps), "stretch", "stretches")
    total = duration(sum(end - start for start, end in camera.overlaps))
    return (
        f"two files cover the same time in {count} ({total}, first from "
        f"{words.tell(camera, start_s)} to {words.tell(camera, end_s)}): "
        "the later file was cut there",
    )


def authorised(data: ReportData) -> AuthorisedWords | None:
    """Returns what was authorised, in words; None without authorisation."""
    grant = data.authorisation
    if grant is None:
        return None
    refused = ""
    if grant.refused_s:
        refused = f"{duration(grant.refused_s)} of footage lies outside and was never opened"
    return AuthorisedWords(
        purpose=grant.purpose,
        window=f"{_instant(grant.start, data.time_zone)} to {_instant(grant.end, data.time_zone)}"
        f" ({data.time_zone})",
        situations=listed(tuple(title_of(name).lower() for name in grant.situations)),
        cameras=listed(grant.cameras),
        where="inside the perimeter drawn on the map, nothing outside"
        if data.perimeter_m
        else "the whole view of these cameras",
        refused=refused or "none",
    )


def _instant(moment: datetime, time_zone: str) -> str:
    at = moment.astimezone(ZoneInfo(time_zone))
    return f"{at.day} {at:%b %Y %H:%M}"
