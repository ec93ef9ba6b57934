"""DJI telemetry subtitles (.SRT): read in every layout seen, written in the newest."""

import codecs
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from ray_app.domain.observation import DronePose
from ray_app.geo.dji_fields import FULL_FRAME_WIDTH_MM, read_clock, read_pose
from ray_app.geo.pose_track import Cue, Telemetry, in_time_order

_TIME = r"(\d{1,4}):(\d{1,2}):(\d{1,2})[,.](\d{3})"
_SPAN = re.compile(rf"{_TIME}\s*-->\s*{_TIME}")
_BLANK_LINE = re.compile(r"\n\s*\n")


def read_dji_srt(
    content: bytes, gps_order: str = "lon_lat", altitude_reference: str = "unknown"
) -> Telemetry:
    """Returns the poses in a telemetry file; whatever cannot be read becomes a note.

    Args:
        content: The file, in UTF-8 or UTF-16, damaged or not.
        gps_order: Order of bare `GPS(a, b, ...)`: "lon_lat" or "lat_lon".
        altitude_reference: What a plain `altitude` counts from: "take_off" or "unknown".
    """
    text = _decoded(content)
    spans = list(_SPAN.finditer(text))
    ends = [*(span.start() for span in spans[1:]), len(text)][: len(spans)]
    cues = []
    # Some layouts hold blank lines inside a cue, so only the next time line ends one.
    for span, end in zip(spans, ends, strict=True):
        body = text[span.end() : end]
        start_s, end_s = _seconds(span.groups()[:4]), _seconds(span.groups()[4:])
        pose = read_pose(body, gps_order, altitude_reference)
        cues.append(Cue(start_s, max(start_s, end_s), pose, read_clock(body)))
    if spans:
        return _telemetry(cues, ())
    return _telemetry(*_clocked_cues(text, gps_order, altitude_reference))


def write_dji_srt(path: Path, cues: Sequence[Cue]) -> None:
    """Writes cues in the layout of today's enterprise aircraft (Mavic 3E, Matrice 30).

    Members of a pose that are None are left out. Rounded as the aircraft rounds: 1e-6 degree of
    place (0.1 m), 1 mm of height, 0.1 degree of angle, 0.01 mm of focal length.
    """
    blocks = [_written(number, cue) for number, cue in enumerate(cues, 1)]
    path.write_text("\n".join(blocks), encoding="utf-8")


def _decoded(content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n")


def _seconds(parts: Sequence[str]) -> float:
    hours, minutes, seconds, milliseconds = (int(part) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _clocked_cues(
    text: str, gps_order: str, altitude_reference: str
) -> tuple[list[Cue], tuple[str, ...]]:
    """Reads the layout that gives the wall clock instead of subtitle times."""
    told: list[tuple[datetime, DronePose]] = []
    for block in _BLANK_LINE.split(text):
        clock = read_clock(block)
        if clock is not None:
            told.append((clock, read_pose(block, gps_order, altitude_reference)))
    if not told:
        return [], ()
    first = min(clock for clock, _ in told)
    starts_s = [(clock - first).total_seconds() for clock, _ in told]
    steps_s = [later - earlier for earlier, later in pairwise(starts_s)]
    step_s = max(0.0, median(steps_s)) if steps_s else 1.0
    cues = [
        Cue(start_s, start_s + step_s, pose, clock)
        for start_s, (clock, pose) in zip(starts_s, told, strict=True)
    ]
    return cues, ("no subtitle times: cues are placed by the aircraft's clock, first at 0 s",)


_MEMBERS: tuple[tuple[str, Callable[[DronePose], float | None]], ...] = (
    ("position", lambda pose: pose.latitude_deg if pose.longitude_deg is not None else None),
    (
        "height above take-off (a plain 'altitude' is one only with altitude_reference: take_off)",
        lambda pose: pose.height_m,
    ),
    ("gimbal heading", lambda pose: pose.yaw_deg),
    ("gimbal tilt", lambda pose: pose.pitch_deg),
    ("focal length", lambda pose: pose.horizontal_fov_deg),
)


def _telemetry(cues: Sequence[Cue], notes: tuple[str, ...]) -> Telemetry:
    if not cues:
        return Telemetry((), (*notes, "no telemetry cue found"))
    missing = tuple(filter(None, (_missing(name, member, cues) for name, member in _MEMBERS)))
    ordered = in_time_order(cues)
    if ordered != tuple(cues):
        notes = (*notes, "cues were out of order or repeated: sorted, the last of equals kept")
    return Telemetry(ordered, notes + missing)


def _missing(
    name: str, member: Callable[[DronePose], float | None], cues: Sequence[Cue]
) -> str | None:
    silent = [number for number, cue in enumerate(cues, 1) if member(cue.pose) is None]
    if not silent:
        return None
    if len(silent) == len(cues):
        return f"no cue tells a usable {name}"
    return f"{len(silent)} of {len(cues)} cues, first cue {silent[0]}, tell no usable {name}"


def _written(number: int, cue: Cue) -> str:
    shown_ms = round((cue.end_s - cue.start_s) * 1000)
    lines = [
        str(number),
        f"{_srt_time(cue.start_s)} --> {_srt_time(cue.end_s)}",
        f'<font size="28">FrameCnt: {number}, DiffTime: {shown_ms}ms',
        *([cue.time.isoformat(" ", "milliseconds")] if cue.time else []),
        " ".join(_written_members(cue.pose)) + " </font>",
    ]
    return "\n".join(lines) + "\n"


def _written_members(pose: DronePose) -> list[str]:
    angles = (("gb_yaw", pose.yaw_deg), ("gb_pitch", pose.pitch_deg), ("gb_roll", pose.roll_deg))
    told = [f"{name}: {value:.1f}" for name, value in angles if value is not None]
    members = []
    if pose.horizontal_fov_deg is not None:
        half_width = math.tan(math.radians(pose.horizontal_fov_deg) / 2)
        members.append(f"[focal_len: {FULL_FRAME_WIDTH_MM / 2 / half_width:.2f}]")
    if pose.latitude_deg is not None:
        members.append(f"[latitude: {pose.latitude_deg:.6f}]")
    if pose.longitude_deg is not None:
        members.append(f"[longitude: {pose.longitude_deg:.6f}]")
    if pose.height_m is not None:
        members.append(f"[rel_alt: {pose.height_m:.3f}]")
    return [*members, f"[{' '.join(told)}]"] if told else members


def _srt_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
