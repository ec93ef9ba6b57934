"""Turns time stamps of a file into seconds since its first instant."""

import heapq
from bisect import bisect_left
from dataclasses import dataclass, field

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ray_app.video.container import FALLBACK_RATE_HZ, VideoFile

AVI_CHUNK_HEADER_BYTES = 8  # four letters and the length


@dataclass(slots=True)
class StampedClock:
    """Takes the time stamps the file carries.

    Attributes:
        zero: Time stamp of the first instant.
        unit_s: Seconds per unit of a time stamp.
    """

    zero: int
    unit_s: float
    _last_s: float = 0.0

    def stamp(self, packet: "Packet[VideoStream]") -> tuple[float, float]:
        """Returns the packet's own stamps, or the last seen where it has none."""
        decoded_at = packet.dts if packet.dts is not None else packet.pts
        if decoded_at is not None:
            self._last_s = (decoded_at - self.zero) * self.unit_s
        shown_at = packet.pts if packet.pts is not None else decoded_at
        shown_at_s = self._last_s if shown_at is None else (shown_at - self.zero) * self.unit_s
        return self._last_s, shown_at_s

    def breaks(self, decoded_at_s: float) -> None:
        """Changes nothing: every picture carries its own stamp."""

    def time_of(self, frame: VideoFrame) -> float:
        """Returns the picture's presentation time."""
        shown_at = frame.pts if frame.pts is not None else frame.dts
        return self._last_s if shown_at is None else (shown_at - self.zero) * self.unit_s

    def units(self, time_s: float) -> int:
        """Returns the time stamp of an instant, rounded down."""
        return self.zero + int(time_s / self.unit_s)


@dataclass(slots=True)
class CountedClock:
    """Gives pictures, in the order shown, the places of their packets, in the order decoded.

    For raw streams, where a packet's place is its number, and for AVI, where it is its chunk's
    number in the index, dropped chunks counted. After damage to a stream with B-frames times may
    be off by as many pictures as the decoder holds back: nothing in the file tells more.

    Attributes:
        unit_s: Seconds from one place to the next.
        stream: Says how many pictures its decoder holds back, and where the chunks of an AVI lie.
    """

    unit_s: float
    stream: VideoStream
    _pending: list[int] = field(default_factory=list)
    _next: int = 0
    _broken_at: int | None = None
    _key_at: int | None = None

    def stamp(self, packet: "Packet[VideoStream]") -> tuple[float, float]:
        """Returns by when earlier pictures are shown, and the packet's place, seconds."""
        place = self._place(packet) if packet.size else self._next
        held_back = self.stream.codec_context.reorder_depth
        times_s = (place - held_back) * self.unit_s, place * self.unit_s
        if not packet.size:
            return times_s
        heapq.heappush(self._pending, place)
        if self._broken_at is not None and self._key_at is None and packet.is_keyframe:
            self._key_at = place
        self._next = place + 1
        return times_s

    def breaks(self, decoded_at_s: float) -> None:
        """Stops giving places from a broken packet's on, until a key picture tells its own."""
        self._broken_at = round(decoded_at_s / self.unit_s)
        self._key_at = None

    def time_of(self, frame: VideoFrame) -> float:
        """Returns the earliest place not given yet, skipping those the decoder passed over."""
        return self._shown_place(frame) * self.unit_s

    def _shown_place(self, frame: VideoFrame) -> int:
        if self._broken_at is not None and frame.key_frame and self._key_at is not None:
            place = self._key_at
            self._pending = sorted(later for later in self._pending if later > place)
            self._broken_at = self._key_at = None
            return place
        while len(self._pending) > self.stream.codec_context.reorder_depth + 1:
            heapq.heappop(self._pending)
        if self._broken_at is not None and (self._pending or [self._next])[0] >= self._broken_at:
            return self._broken_at
        return heapq.heappop(self._pending) if self._pending else self._next

    def units(self, time_s: float) -> int:
        """Returns the place of an instant, rounded down."""
        return int(time_s / self.unit_s)

    def _place(self, packet: "Packet[VideoStream]") -> int:
        """Returns the packet's place: after a broken chunk FFmpeg's own count runs behind."""
        chunks = self.stream.index_entries
        if packet.pos is not None and len(chunks):
            start = packet.pos - AVI_CHUNK_HEADER_BYTES
            found = bisect_left(chunks, start, key=lambda chunk: chunk.pos)
            if found < len(chunks) and chunks[found].pos == start:
                return chunks[found].timestamp
        return self._next if packet.dts is None else max(packet.dts, self._next)


def clock_for(video: VideoFile, true_rate_hz: float | None) -> StampedClock | CountedClock:
    """Returns the file's clock.

    Args:
        video: The open file.
        true_rate_hz: Mean pictures per second where the file lies or is silent; stretches its
            time accordingly. None believes the file.
    """
    stated_hz = video.rate_hz or FALLBACK_RATE_HZ
    stretch = 1.0 if true_rate_hz is None else stated_hz / true_rate_hz
    if video.container.format.name == "avi":
        return CountedClock(float(video.time_base) * stretch, video.stream)
    if video.has_time_stamps:
        return StampedClock(video.zero, float(video.time_base) * stretch)
    return CountedClock(1 / (true_rate_hz or stated_hz), video.stream)
