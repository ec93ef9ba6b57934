"""Opens one file's video stream with PyAV, for one decode thread, and knows how its time runs."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import pyarrow.fs
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ray_app.domain.errors import FootageError
from ray_app.video.filesystem import one_line, open_footage, shown

FALLBACK_RATE_HZ = 25.0  # what FFmpeg assumes where neither file nor codec says
GIVE_UP_AFTER_FAILURES = 100  # reads in a row without one packet: the rest cannot be had
LONGEST_HEADER_BYTES = 1024  # between packets of a Matroska file

av.logging.set_level(None)
av.logging.set_libav_level(av.logging.PANIC)


@dataclass(frozen=True, slots=True)
class VideoFile:
    """An open file and its first video stream.

    Attributes:
        zero: Time stamp of the file's first instant, in stream.time_base.
        rate_hz: Pictures per second the container or the codec states; None when neither does.
        has_time_stamps: Whether pictures carry the time they are shown at. Raw streams do not;
            AVI knows only the order of decoding, which B-frames turn into nonsense.
    """

    url: str
    container: InputContainer
    stream: VideoStream
    zero: int
    rate_hz: float | None
    has_time_stamps: bool

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of a time stamp."""
        return self.stream.time_base or Fraction(1, 1_000_000)


@contextmanager
def opened(url: str, filesystem: pyarrow.fs.FileSystem | None = None) -> Iterator[VideoFile]:
    """Opens a file and closes it after use.

    Raises:
        FootageError: Missing, empty, not a video, without a video stream, or of unknown codec.
    """
    source = open_footage(url, filesystem)
    try:
        with _container(source, url) as container:
            yield _video_file(container, url)
    finally:
        if isinstance(source, io.IOBase):
            source.close()


def _container(source: object, url: str) -> InputContainer:
    try:
        return av.open(source, "r", metadata_errors="replace", buffer_size=1 << 18)
    except av.FFmpegError as error:
        raise FootageError(f"{shown(url)}: not readable as video: {cause_of(error)}") from None
    except OSError as error:
        raise FootageError(f"{shown(url)}: {one_line(error)}") from None


def _video_file(container: InputContainer, url: str) -> VideoFile:
    streams = [s for s in container.streams.video if Disposition.attached_pic not in s.disposition]
    if not streams:
        kinds = sorted({s.type for s in container.streams})
        raise FootageError(f"{shown(url)}: no video stream, only {', '.join(kinds) or 'nothing'}")
    stream = streams[0]
    decoder: object = stream.codec_context
    if decoder is None:
        raise FootageError(f"{shown(url)}: no decoder for its codec {stream.codec_tag!r}")
    stream.codec_context.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    # Without it most damage is painted over and only some of that is flagged. crccheck compares
    # the hash of each picture where an H.265 encoder wrote one.
    stream.codec_context.options = {"err_detect": "crccheck+explode"}
    rate = stream.average_rate or stream.guessed_rate or stream.codec_context.framerate
    is_avi_with_b_frames = container.format.name == "avi" and stream.codec_context.reorder_depth > 0
    return VideoFile(
        url=url,
        container=container,
        stream=stream,
        zero=stream.start_time or 0,
        rate_hz=float(rate) if rate else None,
        has_time_stamps=stream.start_time is not None and not is_avi_with_b_frames,
    )


def demuxed(video: VideoFile) -> "Iterator[av.Packet[VideoStream] | str]":
    """Yields the stream's packets from where the file stands; a broken place yields its cause.

    Ends with the empty packet that makes the decoder give up its last pictures.
    """
    failures = 0
    while failures < GIVE_UP_AFTER_FAILURES:
        try:
            for packet in _passed(video):
                failures = 0
                yield packet
        except av.FFmpegError as error:
            failures += 1
            yield cause_of(error)
        else:
            return


def _passed(video: VideoFile) -> "Iterator[av.Packet[VideoStream] | str]":
    if "matroska" not in video.container.format.name:
        yield from video.container.demux(video.stream)
        return
    # After a broken place this demuxer goes on at the next cluster without a word. The bytes it
    # passed over tell, if the packets of every stream are counted.
    read_to: int | None = None
    for packet in video.container.demux():
        if packet.pos is not None and packet.size:
            if read_to is not None and packet.pos - read_to > LONGEST_HEADER_BYTES:
                yield "data missing in the file"
            read_to = packet.pos + packet.size
        if packet.stream.index == video.stream.index:
            yield cast("av.Packet[VideoStream]", packet)


def quarter_turns(frame: VideoFrame) -> int:
    """Returns how many quarter turns, counter-clockwise, set the picture upright: 0 to 3."""
    return round(frame.rotation / 90) % 4


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """Returns width and height with rotation applied."""
    size = (frame.width, frame.height)
    return size if quarter_turns(frame) % 2 == 0 else size[::-1]


def cause_of(error: av.FFmpegError) -> str:
    """Returns FFmpeg's words without the address, which may carry credentials."""
    return error.strerror or type(error).__name__
