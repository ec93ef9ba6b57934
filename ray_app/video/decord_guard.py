"""Says whether decord would read a file right, from its packets alone: nothing is decoded."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import pyarrow.fs
from av.packet import Packet
from av.video.stream import VideoStream

from ray_app.domain.errors import FootageError
from ray_app.video.container import VideoFile, demuxed, opened
from ray_app.video.filesystem import is_local, local_path, shown

CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
CODECS = ("h264", "hevc", "mpeg4", "mjpeg")
ZERO_RUN = bytes(16)


@dataclass(frozen=True, slots=True)
class DecordIndex:
    """What decord has to be right about.

    Attributes:
        times_s: Time of every picture, in the order shown, seconds since the file's first instant.
    """

    times_s: tuple[float, ...]


def index_for_decord(url: str, filesystem: pyarrow.fs.FileSystem | None) -> DecordIndex | str:
    """Returns the index of a file decord reads right, or why it would not.

    decord 0.6 gives wrong pictures without a word on MPEG-TS, open groups of pictures, edit lists
    and starts other than 0, and loses all that follows a broken packet.

    Raises:
        FootageError: The file cannot be opened at all.
    """
    if filesystem is not None or not is_local(url):
        return "it is not on this machine"
    try:
        state = local_path(url).stat()
    except OSError as error:
        cause = (error.strerror or "cannot be read").lower()
        raise FootageError(f"{shown(url)}: {cause}") from None
    return _index_once(url, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _index_once(url: str, _size: int, _changed_ns: int) -> DecordIndex | str:
    # Every segment of a file asks for the same packets, and they are the whole file.
    with opened(url) as video:
        return _of_container(video) or _index(video)


def _of_container(video: VideoFile) -> str | None:
    if video.container.format.name not in CONTAINERS:
        return f"container {video.container.format.name}"
    if video.stream.codec_context.name not in CODECS:
        return f"codec {video.stream.codec_context.name}"
    if video.zero != 0 or not video.has_time_stamps:
        return "it does not start at 0"
    return None


def _index(video: VideoFile) -> DecordIndex | str:
    stamps: list[int] = []
    key_at: int | None = None
    for packet in demuxed(video):
        if isinstance(packet, str):
            return f"damage: {packet}"
        if packet.size == 0:
            continue
        fault = _fault(packet)
        if fault is not None or packet.pts is None:
            return fault or "a packet has no time stamp"
        key_at = packet.pts if packet.is_keyframe else key_at
        if key_at is None or packet.pts < key_at:
            return "an open group of pictures"
        stamps.append(packet.pts)
    stamps.sort()
    if not stamps or stamps[0] != 0:
        return "it does not start at 0"
    if any(one == other for one, other in pairwise(stamps)):
        return "two pictures at one instant"
    unit_s = float(video.time_base)
    return DecordIndex(tuple(at * unit_s for at in stamps))


def _fault(packet: "Packet[VideoStream]") -> str | None:
    if packet.is_corrupt:
        return "a packet flagged as corrupt"
    if packet.is_discard or (packet.pts is not None and packet.pts < 0):
        return "an edit list"
    if ZERO_RUN in bytes(packet).rstrip(b"\0"):
        return "zeros where data should be"
    return None
