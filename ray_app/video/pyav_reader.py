"""Reads footage with PyAV: right on every intact file tried, goes on after broken packets."""

from collections import deque
from collections.abc import Generator

import av
import numpy as np
import pyarrow.fs
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ray_app.domain.errors import FootageError
from ray_app.video.clip import Clip
from ray_app.video.container import (
    VideoFile,
    cause_of,
    demuxed,
    opened,
)
from ray_app.video.filesystem import one_line, shown
from ray_app.video.pictures import Loss
from ray_app.video.resize import analysed_size
from ray_app.video.stream_clock import CountedClock, StampedClock, clock_for
from ray_app.video.wholeness import Wholeness

# H.264 (7.4.1) and H.265 (7.4.2.1) forbid three zero bytes in a row inside a unit, so a run is a
# hole in the file. Decoders of H.265 do not notice holes in a slice.
ZERO_RUN = bytes(16)
STEPS_BACK_S = (0.0, 2.0, 10.0, 40.0)


class Conversion:
    """Turns decoded pictures of one file into RGB at the analysed size, set upright.

    swscale's area filter averages all source pixels under a target pixel: no aliasing however
    small the picture gets, and a quarter cheaper than its bilinear filter.
    """

    def __init__(self, clip: Clip, width_px: int | None) -> None:
        self.source_size_px = clip.size_px
        self._turns = clip.rotation_deg // 90
        upright = analysed_size(clip.size_px, width_px)
        self.decoded_size_px = clip.size_px if self._turns % 2 == 0 else clip.size_px[::-1]
        self._scaled_size_px = upright if self._turns % 2 == 0 else upright[::-1]
        self._scaler = VideoReformatter()

        self._upright_size_px = upright

    def rgb(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Returns pixels of shape (height, width, 3)."""
        pixels = self._scaled(frame, self._scaled_size_px)
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels

    def shrunk(self, upright: VideoFrame) -> NDArray[np.uint8]:
        """Returns pixels of shape (height, width, 3) of a picture that stands upright already."""
        return self._scaled(upright, self._upright_size_px)

    def _scaled(self, frame: VideoFrame, size_px: tuple[int, int]) -> NDArray[np.uint8]:
        scaled = self._scaler.reformat(
            frame, *size_px, "rgb24", interpolation=Interpolation.AREA, threads=1
        )
        return scaled.to_ndarray().astype(np.uint8, copy=False)


class PyavPicture:
    """A decoded picture; converted to RGB only when asked."""

    __slots__ = ("_conversion", "_frame", "time_s")

    def __init__(self, time_s: float, frame: VideoFrame, conversion: Conversion) -> None:
        self.time_s = time_s
        self._frame = frame
        self._conversion = conversion

    @property
    def lasts_s(self) -> float:
        """How long the file says it is shown, seconds."""
        return float((self._frame.duration or 0) * (self._frame.time_base or 0))

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height, rotation applied."""
        return self._conversion.source_size_px

    def pixels(self) -> NDArray[np.uint8]:
        """Returns RGB at the analysed size, rotation applied, shape (height, width, 3)."""
        return self._conversion.rgb(self._frame)


class PyavReader:
    """Reads one file.

    Args:
        clip: The file and what is known of it.
        width_px: Width of the analysed picture; None keeps the source's.
        filesystem: Serves the address; None finds out from the address.
        notes: What a person should know of why this reader reads it.
    """

    def __init__(
        self,
        clip: Clip,
        width_px: int | None,
        filesystem: pyarrow.fs.FileSystem | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.notes = notes
        self._clip = clip
        self._width_px = width_px
        self._filesystem = filesystem

    def pictures(self, from_s: float) -> Generator[PyavPicture | Loss]:
        """Yields every whole picture from the last one at or before from_s on; see PictureReader.

        Seeks to a key picture, and further back where the file's index led past from_s.
        """
        if from_s > 0:
            for step_s in STEPS_BACK_S:
                if step_s >= from_s:
                    break
                found = self._sought(from_s, step_s)
                first = next(found, None)
                if first is not None:
                    yield first
                    yield from found
                    return
        yield from self._read(None)

    def _sought(self, from_s: float, step_s: float) -> Generator[PyavPicture | Loss]:
        """Yields as pictures() does, or nothing when the first picture is later than from_s."""
        is_first = True
        for item in self._read(from_s - step_s):
            if is_first:
                if isinstance(item, Loss):
                    continue  # before the first key after a seek: no loss of the file's
                if item.time_s > from_s:
                    return
                is_first = False
            yield item

    def _read(self, seek_s: float | None) -> Generator[PyavPicture | Loss]:
        """Yields from a key picture at or near seek_s, or from the file's first packet."""
        with opened(self._clip.url, self._filesystem) as video:
            clock = clock_for(video, self._clip.frame_rate_hz)
            if seek_s is not None and not _seek(video, clock, seek_s):
                return
            conversion = Conversion(self._clip, self._width_px)
            decoding = _Decoding(video, clock, conversion, awaits_key=seek_s is not None)
            try:
                for packet in demuxed(video):
                    yield from decoding.items(packet)
                yield from decoding.items_at_end()
            except OSError as error:
                raise FootageError(f"{shown(self._clip.url)}: {one_line(error)}") from None


class _Decoding:
    """Decodes packets of one open file and keeps the pictures that are whole."""

    def __init__(
        self,
        video: VideoFile,
        clock: StampedClock | CountedClock,
        conversion: Conversion,
        *,
        awaits_key: bool,
    ) -> None:
        self._stream = video.stream
        self._clock = clock
        self._conversion = conversion
        self._awaits_key = awaits_key
        self._wholeness = Wholeness()
        self._forbids_zeros = video.stream.codec_context.name in {"h264", "hevc"}
        self._decoded_at_s = self._shown_at_s = 0.0
        self._held: deque[tuple[float, VideoFrame]] = deque()
        self._reordered = video.stream.codec_context.reorder_depth

    def items(self, packet: "Packet[VideoStream] | str") -> Generator[PyavPicture | Loss]:
        """Yields what a packet brings to light: whole pictures, and losses that end with them."""
        if isinstance(packet, str):
            yield from self._broken(packet)
            return
        if self._awaits_key and packet.size and not packet.is_keyframe:
            return
        self._awaits_key = False
        self._decoded_at_s, self._shown_at_s = self._clock.stamp(packet)
        if packet.is_keyframe and packet.is_discard:
            self._wholeness.begins()
        fault = self._fault(packet)
        if fault is not None:
            yield from self._broken(fault)
        try:
            frames = self._stream.decode(packet)
        except av.FFmpegError as error:
            yield from self._broken(cause_of(error))
            return
        for frame in frames:
            yield from self._judged(frame)

    def items_at_end(self) -> Generator[PyavPicture | Loss]:
        """Yields what is still held back, and the loss that lasts to the end of the file."""
        yield from self._released(down_to=0)
        loss = self._wholeness.loss_at_end()
        if loss is not None:
            yield loss

    def _fault(self, packet: "Packet[VideoStream]") -> str | None:
        if packet.is_corrupt:
            return "packet flagged as corrupt"
        if self._forbids_zeros and ZERO_RUN in bytes(packet).rstrip(b"\0"):
            return "zeros where data should be"
        return None

    def _broken(self, cause: str) -> Generator[PyavPicture | Loss]:
        yield from self._released(down_to=0)
        self._clock.breaks(self._decoded_at_s)
        self._wholeness.breaks(self._decoded_at_s, self._shown_at_s, cause)

    def _judged(self, frame: VideoFrame) -> Generator[PyavPicture | Loss]:
        """Holds a picture back, and lets an earlier one go.

        A damaged picture may be shown after others that were decoded from it, as many as the
        decoder reorders: those are not whole either.
        """
        time_s = self._clock.time_of(frame)
        if frame.is_corrupt:
            since_s = self._held[0][0] if self._held else time_s
            self._wholeness.breaks(since_s, time_s, "damaged picture")
        self._held.append((time_s, frame))
        yield from self._released(down_to=self._reordered)

    def _released(self, down_to: int) -> Generator[PyavPicture | Loss]:
        while len(self._held) > down_to:
            time_s, frame = self._held.popleft()
            if (frame.width, frame.height) != self._conversion.decoded_size_px:
                cause = f"picture size changed to {frame.width}x{frame.height}"
                self._wholeness.breaks(time_s, time_s, cause)
            elif (loss := self._wholeness.mended(time_s, frame.key_frame)) is not None:
                yield loss
            if self._wholeness.is_whole(time_s):
                yield PyavPicture(time_s, frame, self._conversion)


def _seek(video: VideoFile, clock: StampedClock | CountedClock, time_s: float) -> bool:
    if not video.has_time_stamps:
        return False
    try:
        video.container.seek(clock.units(time_s), stream=video.stream)
    except av.FFmpegError:
        return False
    return True
