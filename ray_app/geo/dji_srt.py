"""DJI telemetry subtitles (.SRT): read in every layout seen, written in the newest."""

import math
from collections.abc import Sequence
from pathlib import Path

from ray_app.geo.pose_track import Cue

FULL_FRAME_WIDTH_MM = 36.0


def write_dji_srt(path: Path, cues: Sequence[Cue]) -> None:
    """Writes cues in the layout of today's enterprise aircraft (Mavic 3E, Matrice 30).

    Members of a pose that are None are left out. Rounded as the aircraft rounds: 1e-6 degree of
    place (0.1 m), 1 mm of height, 0.1 degree of angle, 0.01 mm of focal length.
    """
    blocks = [_written(number, cue) for number, cue in enumerate(cues, 1)]
    path.write_text("\n".join(blocks), encoding="utf-8")


def _written(number: int, cue: Cue) -> str:
    shown_ms = round((cue.end_s - cue.start_s) * 1000)
    lines = [
        str(number),
        f"{_srt_time(cue.start_s)} --> {_srt_time(cue.end_s)}",
        f'<font size="28">FrameCnt: {number}, DiffTime: {shown_ms}ms',
        *([cue.time.isoformat(" ", "milliseconds")] if cue.time else []),
        " ".join(_written_members(cue)) + " </font>",
    ]
    return "\n".join(lines) + "\n"


def _written_members(cue: Cue) -> list[str]:
    pose = cue.pose
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
