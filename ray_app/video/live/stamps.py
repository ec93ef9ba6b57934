"""When each picture of a live stream was taken, by whatever clock can be believed."""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ray_app.video.live.status import Clock

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

JUMP_S = 2.0
"""Time stamps that leap so far ahead, or back at all, begin a new segment."""
CLOCKS_DIFFER_S = 5.0
"""A camera whose clock is off by more is not believed: camera clocks are often hours wrong."""
MOST_UNMOVED = 5
"""After so many pictures whose time stamps do not move, arrival takes their place."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a picture was taken.

    Attributes:
        time_s: Seconds since the segment's first picture.
        taken_at: Seconds since 1970.
        clock: Whose clock says so.
        jumped: Whether a new segment begins with it.
    """

    time_s: float
    taken_at: float
    clock: Clock
    jumped: bool


class StampReader:
    """Reads the time stamps of one connection.

    Args:
        stream: Whose packets and pictures are read.
        now: Seconds since 1970.
    """

    def __init__(self, stream: "VideoStream", now: Callable[[], float] = time.time) -> None:
        self._base_s = 1 / 90000 if stream.time_base is None else float(stream.time_base)
        self._now = now
        self._first_s: float | None = None
        self._last_s = 0.0
        self._unmoved = 0
        self._by_arrival = False
        self._sender: tuple[float, float] | None = None

    def hear_sender(self, packet: "Packet[VideoStream]") -> None:
        """Takes the sender's clock from a producer reference time, where RTCP brought one."""
        for data in packet.iter_sidedata():
            if str(data.data_type).lower().endswith("prft") and packet.pts is not None:
                microseconds, _ = struct.unpack("<qi", bytes(data)[:12])
                self._sender = (packet.pts * self._base_s, microseconds / 1e6)

    def read(self, frame: "VideoFrame") -> Stamp | None:
        """Returns when a picture was taken; None for one nobody can place."""
        now = self._now()
        told_s = None if frame.pts is None else frame.pts * self._base_s
        if not self._by_arrival and not self._moves(told_s):
            if self._unmoved < MOST_UNMOVED:
                return None
            self._by_arrival, self._first_s = True, None
        own_s = now if self._by_arrival or told_s is None else told_s
        jumped = self._place(own_s)
        taken_at, clock = now, Clock.ARRIVAL
        if self._sender is not None and not self._by_arrival:
            sent_at = self._sender[1] + own_s - self._sender[0]
            if abs(sent_at - now) <= CLOCKS_DIFFER_S:
                taken_at, clock = sent_at, Clock.SENDER
        return Stamp(self._last_s, taken_at, clock, jumped)

    def _moves(self, told_s: float | None) -> bool:
        """Returns whether the time stamp says anything new."""
        if told_s is not None and (self._first_s is None or told_s - self._first_s != self._last_s):
            self._unmoved = 0
            return True
        self._unmoved += 1
        return False

    def _place(self, own_s: float) -> bool:
        """Lays the picture on the segment's time; returns whether it begins a new one."""
        if self._first_s is None:
            began_before = self._last_s > 0
            self._first_s, self._last_s = own_s, 0.0
            return began_before
        time_s = own_s - self._first_s
        jumped = not 0 <= time_s - self._last_s <= JUMP_S
        if jumped:
            self._first_s, time_s = own_s, 0.0
        self._last_s = time_s
        return jumped
