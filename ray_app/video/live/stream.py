"""One camera's stream, read by a thread of its own that outlives every trouble of the camera."""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from ray_app.outside.retry import Retries, RetrySettings
from ray_app.outside.secrets import redacted
from ray_app.video.clip import Clip
from ray_app.video.live.address import StreamAddress
from ray_app.video.live.connection import opened
from ray_app.video.live.mailbox import Mailbox
from ray_app.video.live.stamps import Stamp, StampReader
from ray_app.video.live.status import StreamState, StreamStatus
from ray_app.video.live.stream_settings import StreamSettings
from ray_app.video.live.web_source import CredentialsRefusedError
from ray_app.video.pyav_reader import Conversion

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

NO_PICTURE = "no picture for too long"
BEHIND_S = 1.0
"""Who is so far behind the stream decodes nothing up to the next key picture..."""
KEYS_RARELY_S = 10.0
KEY_SHARE = 0.5
"""...and by so much of the time between two of them: waiting for one must not cost more."""
DRIFT = 1e-3
"""A camera's clock and ours drift apart by less than this share of the time."""
REFUSALS = (av.HTTPUnauthorizedError, av.HTTPForbiddenError, CredentialsRefusedError)


class LivePicture:
    """A decoded picture; converted to RGB only when asked, so that a dropped one costs little.

    Attributes:
        segment: The unbroken stretch it belongs to.
        time_s: Seconds since the segment's first picture, by the stream's time stamps.
        arrived_s: When it was decoded, monotonic seconds.
        taken_at: When it was taken, seconds since 1970.
        clock: Whose clock says so.
        source_size_px: Width and height.
    """

    __slots__ = (
        "_conversion",
        "_frame",
        "arrived_s",
        "clock",
        "segment",
        "source_size_px",
        "taken_at",
        "time_s",
    )

    def __init__(
        self,
        frame: "VideoFrame",
        conversion: Conversion,
        stamp: Stamp,
        segment: int,
        arrived_s: float,
    ) -> None:
        self._frame, self._conversion = frame, conversion
        self.segment, self.time_s = segment, stamp.time_s
        self.taken_at, self.clock = stamp.taken_at, stamp.clock
        self.arrived_s = arrived_s
        self.source_size_px = conversion.source_size_px

    def pixels(self) -> NDArray[np.uint8]:
        """Returns RGB at the analysed size, shape (height, width, 3)."""
        return self._conversion.rgb(self._frame)


class LiveStream:
    """Reads one stream for as long as it is wanted; only the newest picture waits to be taken.

    Args:
        camera_id: Whose it is.
        address: Where.
        width_px: Width of the analysed picture; None keeps the source's.
        settings: How it is read.
        retry: How fast it is tried again.
        seed: Spreads the waits; another one for each camera.
        real_time: Plays files as fast as they were taken; False reads them at full speed.
        politeness: How far its thread gives way to others, steps of nice: where processors are
            short, streams that matter less fall behind first.
        on_picture: Takes every picture, quickly, on the stream's own thread; None leaves the
            newest one in `pictures`.
    """

    def __init__(  # noqa: PLR0913  all but three have defaults
        self,
        camera_id: str,
        address: StreamAddress,
        width_px: int | None,
        settings: StreamSettings | None = None,
        retry: RetrySettings | None = None,
        seed: int = 0,
        *,
        real_time: bool = True,
        politeness: int = 0,
        on_picture: "Callable[[LivePicture], object] | None" = None,
    ) -> None:
        self.camera_id = camera_id
        self.pictures: Mailbox[LivePicture] = Mailbox()
        self._on_picture = on_picture or self.pictures.put
        self._address, self._width_px = address, width_px
        self._settings = settings or StreamSettings()
        self._retries = Retries(retry or RetrySettings(), Random(seed).random)  # noqa: S311
        self._real_time, self._politeness = real_time, politeness
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._status = StreamStatus(StreamState.CONNECTING, time.monotonic())
        self._last_picture_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"stream {camera_id}", daemon=True)

    def start(self, after_s: float = 0.0) -> None:
        """Begins to read, after a while: many cameras opened at once overload their switch."""
        self._start_after_s = after_s
        self._thread.start()

    def stop(self, wait_s: float = 2.0) -> bool:
        """Ends reading; returns whether the thread ended in time.

        A thread that waits for data notices after `read_s` at the latest; no picture comes
        after this call.
        """
        self._stopping.set()
        self.pictures.close()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    @property
    def status(self) -> StreamStatus:
        """How it is doing now; a stream that hangs is told as stalled even while it hangs."""
        with self._lock:
            status = self._status
        quiet_s = time.monotonic() - self._last_picture_s
        if status.state is StreamState.LIVE and quiet_s > self._settings.stalled_s:
            since_s = self._last_picture_s + self._settings.stalled_s
            return replace(status, state=StreamState.STALLED, since_s=since_s, trouble=NO_PICTURE)
        return status

    def _run(self) -> None:
        give_way(self._politeness)
        self._stopping.wait(self._start_after_s)
        while not self._stopping.is_set():
            began_s = time.monotonic()
            self._enter(StreamState.CONNECTING)
            refused = False
            try:
                self._read_once()
            except (av.FFmpegError, OSError, ValueError) as error:
                refused = isinstance(error, REFUSALS)
                self._note(trouble=_words(error, refused=refused))
            else:
                self._note(trouble="the stream ended")
            if self._stopping.is_set() or (self._address.scheme == "file" and not refused):
                break
            wait_s = self._retries.next_s(time.monotonic() - began_s, refused=refused)
            self._enter(StreamState.REFUSED if refused else StreamState.WAITING)
            self._stopping.wait(wait_s)
        self._enter(StreamState.ENDED)
        self.pictures.close()

    def _read_once(self) -> None:
        """Reads until the stream ends or fails."""
        with opened(self._address, self._settings) as container:
            self._note(openings=self._status.openings + 1, segment=self._status.segment + 1)
            reading = _Reading(container, self._width_px, self._settings.most_px)
            pace = _Pace() if self._comes_in_bursts(container) else None
            lag = Lag()
            for item in reading.items():
                if self._stopping.is_set():
                    return
                if isinstance(item, str):
                    self._note(broken=self._status.broken + 1, trouble=item)
                    continue
                frame, stamp = item
                if pace is not None and self._stopping.wait(pace.ahead_s(stamp.time_s)):
                    return
                self._deliver(frame, reading.conversion_of(frame), stamp)
                behind_s = lag.behind_s(stamp, time.monotonic())
                if self._real_time and behind_s > max(BEHIND_S, KEY_SHARE * reading.key_every_s):
                    reading.skip_to_key()

    def _comes_in_bursts(self, container: InputContainer) -> bool:
        """Returns whether pictures are there before they are due: a file, or HLS's segments."""
        is_file = self._address.scheme == "file" and self._real_time
        return is_file or container.format.name.startswith("hls")

    def _deliver(self, frame: "VideoFrame", conversion: Conversion, stamp: Stamp) -> None:
        self._last_picture_s = time.monotonic()
        if self._status.state is not StreamState.LIVE:
            self._enter(StreamState.LIVE)
        segment = self._status.segment + stamp.jumped
        self._note(pictures=self._status.pictures + 1, segment=segment)
        self._on_picture(LivePicture(frame, conversion, stamp, segment, self._last_picture_s))

    def _enter(self, state: StreamState) -> None:
        with self._lock:
            if state is not self._status.state:
                self._status = replace(self._status, state=state, since_s=time.monotonic())

    def _note(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]


class _Reading:
    """Decodes one connection."""

    def __init__(self, container: InputContainer, width_px: int | None, most_px: int) -> None:
        if not container.streams.video:
            raise ValueError("no video in the stream")
        self._stream = container.streams.video[0]
        self._stream.codec_context.thread_type = "SLICE"  # frame threads add frames of delay
        self._stream.codec_context.thread_count = 1  # there are as many streams as cameras
        self._container, self._width_px, self._most_px = container, width_px, most_px
        self._conversion: Conversion | None = None
        self._stamps = StampReader(self._stream)
        self._awaits_key = True
        self._key_s: float | None = None
        self._newest_s = self._longest_s = 0.0

    @property
    def key_every_s(self) -> float:
        """Longest time between two key pictures so far, seconds; a guess before the second."""
        since_s = 0.0 if self._key_s is None else self._newest_s - self._key_s
        return max(self._longest_s or KEYS_RARELY_S, since_s)

    def items(self) -> "Iterator[tuple[VideoFrame, Stamp] | str]":
        """Yields pictures with their stamps, or a fault."""
        for packet in self._container.demux(self._stream):
            self._stamps.hear_sender(packet)
            self._note_key(packet)
            if self._awaits_key and not packet.is_keyframe:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                self._awaits_key = True  # what follows is painted on rubbish until a key picture
                yield _words(error)
                continue
            self._awaits_key = False
            for frame in frames:
                if frame.is_corrupt:
                    yield "a broken picture"
                elif frame.width * frame.height > self._most_px:
                    raise ValueError(f"pictures of {frame.width} x {frame.height} are too large")
                elif (stamp := self._stamps.read(frame)) is not None:
                    yield frame, stamp

    def _note_key(self, packet: "Packet[VideoStream]") -> None:
        if packet.pts is None or packet.time_base is None:
            return
        self._newest_s = float(packet.pts * packet.time_base)
        if packet.is_keyframe:
            if self._key_s is not None:
                self._longest_s = max(self._longest_s, self._newest_s - self._key_s)
            self._key_s = self._newest_s

    def skip_to_key(self) -> None:
        """Decodes nothing before the next key picture: packets cost little, pictures much."""
        self._awaits_key = True

    def conversion_of(self, frame: "VideoFrame") -> Conversion:
        """Returns the conversion for a picture's size, another one when the size changes."""
        size = (frame.width, frame.height)
        if self._conversion is None or self._conversion.source_size_px != size:
            self._conversion = Conversion(Clip("", "", 0.0, 0.0, 0, size), self._width_px)
        return self._conversion


class Lag:
    """How far reading is behind a stream, against the best it was in the segment."""

    def __init__(self) -> None:
        self._best_s, self._last_s = math.inf, 0.0

    def behind_s(self, stamp: Stamp, now_s: float) -> float:
        """Returns seconds by which a picture came later than the timeliest one.

        Args:
            stamp: Of the picture.
            now_s: When it was decoded, monotonic.
        """
        if stamp.jumped:
            self._best_s = math.inf
        gap_s = now_s - stamp.time_s
        self._best_s = min(gap_s, self._best_s + DRIFT * (now_s - self._last_s))
        self._last_s = now_s
        return gap_s - self._best_s


def give_way(steps: int) -> None:
    """Lets the calling thread give way to others by so many steps of nice; Linux alone can."""
    if steps > 0 and sys.platform == "linux":
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(19, now + steps))


class _Pace:
    """Holds a file back to the speed at which it was taken."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: tuple[float, float] | None = None

    def ahead_s(self, time_s: float) -> float:
        """Returns how long a picture must still wait."""
        if self._began is None or time_s < self._began[1]:
            self._began = (self._now(), time_s)
        return max(0.0, time_s - self._began[1] - (self._now() - self._began[0]))


def _words(error: Exception, *, refused: bool = False) -> str:
    if refused:
        return "the camera refuses user or password"
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return redacted(str(told))
