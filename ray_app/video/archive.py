"""Tells what a file of footage is, without decoding more of it than its first picture."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import av
import pyarrow.fs

from ray_app.domain.errors import FootageError
from ray_app.video.container import (
    FALLBACK_RATE_HZ,
    VideoFile,
    cause_of,
    demuxed,
    opened,
    quarter_turns,
    upright_size,
)
from ray_app.video.filesystem import one_line, shown

EARLIEST_YEAR = 1990  # clocks that were never set write 1904 (QuickTime's zero), 1970 or 1980
CREATION_TAGS = ("com.apple.quicktime.creationdate", "creation_time")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file is.

    Attributes:
        container: FFmpeg's name of the container format, as "mov,mp4,m4a,3gp,3g2,mj2".
        codec: FFmpeg's name of the codec, as "h264".
        duration_s: Length of the video stream; None when nobody can say.
        frame_rate_hz: Mean pictures per second as stated; None when neither file nor codec does.
        size_px: Width and height, rotation applied.
        rotation_deg: Turn that sets the picture upright, counter-clockwise: 0, 90, 180 or 270.
        started_at: UTC instant the container says it was created; None when it does not.
        has_time_stamps: Whether each picture says when it is shown. If not, its time is counted
            from the frame rate and the file must be read from its start every time.
        notes: What a person should know about this file's time.
    """

    url: str
    container: str
    codec: str
    duration_s: float | None
    frame_rate_hz: float | None
    size_px: tuple[int, int]
    rotation_deg: int
    started_at: datetime | None
    has_time_stamps: bool
    size_bytes: int
    notes: tuple[str, ...] = ()


def probe(url: str, filesystem: pyarrow.fs.FileSystem | None = None) -> FileFacts:
    """Returns what a file is; decodes one picture, counts packets only where nothing is stated.

    Raises:
        FootageError: The file cannot be read as video; the message is one line: file and cause.
    """
    with opened(url, filesystem) as video:
        try:
            return _facts(video, filesystem)
        except av.FFmpegError as error:
            raise FootageError(f"{shown(url)}: {cause_of(error)}") from None
        except OSError as error:
            raise FootageError(f"{shown(url)}: {one_line(error)}") from None


def _facts(video: VideoFile, filesystem: pyarrow.fs.FileSystem | None) -> FileFacts:
    first = _first_picture(video)
    duration_s = _stated_duration_s(video)
    if duration_s is None:
        duration_s = _counted_duration_s(video, filesystem)
    return FileFacts(
        url=video.url,
        container=video.container.format.name,
        codec=video.stream.codec_context.name,
        duration_s=duration_s,
        frame_rate_hz=video.rate_hz,
        size_px=upright_size(first),
        rotation_deg=90 * quarter_turns(first),
        started_at=_started_at(video),
        has_time_stamps=video.has_time_stamps,
        size_bytes=video.container.size,
        notes=_notes(video),
    )


def _first_picture(video: VideoFile) -> av.VideoFrame:
    for packet in demuxed(video):
        if isinstance(packet, av.Packet):
            with contextlib.suppress(av.FFmpegError):
                for frame in video.stream.decode(packet):
                    return frame
    raise FootageError(f"{shown(video.url)}: no picture in it can be decoded")


def _stated_duration_s(video: VideoFile) -> float | None:
    if video.stream.duration is not None and video.has_time_stamps:
        return float(video.stream.duration * video.time_base)
    tag = video.stream.metadata.get("DURATION")
    if tag is not None:  # Matroska states the stream's own end here; the container's counts sound
        hours, minutes, seconds = tag.split(":")
        ends_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        return ends_s - float(video.zero * video.time_base)
    if video.container.duration is not None and video.has_time_stamps:
        return float(Fraction(video.container.duration, av.time_base))
    return None


def _counted_duration_s(video: VideoFile, filesystem: pyarrow.fs.FileSystem | None) -> float | None:
    """Returns the length from packets alone, undecoded; memory stays flat."""
    packets, end = 0, 0
    with opened(video.url, filesystem) as again:
        for packet in demuxed(again):
            if isinstance(packet, av.Packet) and packet.size:
                packets += 1
                end = max(end, (packet.pts or 0) + (packet.duration or 0))
    if video.has_time_stamps:
        return float((end - video.zero) * video.time_base) if end > video.zero else None
    return packets / (video.rate_hz or FALLBACK_RATE_HZ) if packets else None


def _started_at(video: VideoFile) -> datetime | None:
    for tags in (video.container.metadata, video.stream.metadata):
        for name in CREATION_TAGS:
            instant = _instant(tags.get(name))
            if instant is not None:
                return instant
    return None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return instant if instant.year >= EARLIEST_YEAR else None


def _notes(video: VideoFile) -> tuple[str, ...]:
    if video.has_time_stamps:
        return ()
    rate = f"the stated {video.rate_hz:g}" if video.rate_hz else f"an assumed {FALLBACK_RATE_HZ:g}"
    return (f"no time stamps: time is counted at {rate} pictures/s",)
