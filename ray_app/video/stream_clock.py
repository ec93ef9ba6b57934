"""Turns time stamps of a file into seconds since its first instant."""

import heapq
from dataclasses import dataclass, field
from typing import Protocol

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ray_app.video.container import FALLBACK_RATE_HZ, VideoFile


class StreamClock(Protocol):
    """Knows when a packet is decoded and a picture is shown."""

    def stamp(self, packet: "Packet[VideoStream]") -> tuple[float, float]:
        """Returns when a packet is decoded and shown, seconds; called once per packet."""
        ...

    def withdraw(self, decoded_at_s: float) -> None:
        """Takes back a packet that gave no picture."""
        ...

    def time_of(self, frame: VideoFrame) -> float:
        """Returns when a picture is shown, seconds; called once per picture, in order."""
        ...


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

    def withdraw(self, decoded_at_s: float) -> None:
        """Nothing to take back."""

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

    For raw streams, where a packet's place is its number, and for AVI with B-frames, where it is
    the chunk's number, dropped chunks counted.

    Attributes:
        unit_s: Seconds from one place to the next.
        stream: Says how many pictures its decoder holds back.
    """

    unit_s: float
    stream: VideoStream
    _pending: list[int] = field(default_factory=list)
    _packets: int = 0
    _first: int | None = None

    def stamp(self, packet: "Packet[VideoStream]") -> tuple[float, float]:
        """Returns the packet's place in seconds, for both: when it is shown is not known yet."""
        if not packet.size:
            return self._packets * self.unit_s, self._packets * self.unit_s
        place = packet.dts if packet.dts is not None else self._packets
        self._first = place if self._first is None else self._first
        heapq.heappush(self._pending, place - self._first)
        self._packets += 1
        seconds = (place - self._first) * self.unit_s
        return seconds, seconds

    def withdraw(self, decoded_at_s: float) -> None:
        """Forgets the place of a packet that broke."""
        place = round(decoded_at_s / self.unit_s)
        if place in self._pending:
            self._pending.remove(place)
            heapq.heapify(self._pending)

    def time_of(self, frame: VideoFrame) -> float:  # noqa: ARG002 (its own stamps mean nothing)
        """Returns the earliest place not given yet, skipping those the decoder passed over."""
        while len(self._pending) > self.stream.codec_context.reorder_depth + 1:
            heapq.heappop(self._pending)
        place = heapq.heappop(self._pending) if self._pending else self._packets
        return place * self.unit_s


def clock_for(video: VideoFile, true_rate_hz: float | None) -> StampedClock | CountedClock:
    """Returns the file's clock.

    Args:
        video: The open file.
        true_rate_hz: Mean pictures per second where the file lies or is silent; stretches its
            time accordingly. None believes the file.
    """
    stated_hz = video.rate_hz or FALLBACK_RATE_HZ
    stretch = 1.0 if true_rate_hz is None else stated_hz / true_rate_hz
    if video.has_time_stamps:
        return StampedClock(video.zero, float(video.time_base) * stretch)
    if video.container.format.name == "avi":
        return CountedClock(float(video.time_base) * stretch, video.stream)
    return CountedClock(1 / (true_rate_hz or stated_hz), video.stream)
