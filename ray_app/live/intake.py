"""Where a camera's due frames come from: a live stream, or a file taken frame by frame."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ray_app.domain.errors import FootageError
from ray_app.domain.frame import Frame
from ray_app.domain.observation import DronePose
from ray_app.live.due_frame import DueFrame
from ray_app.video.clip import Clip
from ray_app.video.live.footage import Footage
from ray_app.video.live.grid import DuePicture, LiveGrid
from ray_app.video.live.status import StreamState, StreamStatus
from ray_app.video.live.stream import LivePicture, LiveStream
from ray_app.wiring import PoseAt

LOG = logging.getLogger(__name__)
MOST_QUEUED = 16
OnPicture = Callable[[LivePicture], object]
PoseOf = Callable[[LivePicture], DronePose | None]


def pose_unknown(picture: LivePicture) -> None:
    """Says of a stream without telemetry that nobody knows where its drone was."""
    del picture


class Counting(Protocol):
    """Who counts frames that come to nothing."""

    def offer(self, due: DueFrame) -> None:
        """Takes a frame that is due."""

    def shed(self, due: DueFrame) -> None:
        """Takes a frame given up, because capacity is short."""

    def replace(self, due: DueFrame) -> None:
        """Takes a frame that waited until a newer one came."""

    def miss(self, frames: int) -> None:
        """Takes frames of which no picture came."""

    def date(self, origin_at: float | None) -> None:
        """Takes the instant of index 0 of a file's grid, seconds since 1970."""


class Intake(Protocol):
    """What the sender asks for frames."""

    @property
    def next_index(self) -> int:
        """First index of the grid not given out yet."""

    @property
    def stretch(self) -> int:
        """Number of the stretch it is in."""

    @property
    def status(self) -> StreamStatus:
        """How the stream is doing."""

    @property
    def picture(self) -> LivePicture | None:
        """Newest picture of a live stream, for what is told of it."""

    def start(self, after_s: float) -> None:
        """Begins to read after a while."""

    def peek(self) -> DueFrame | None:
        """Returns the next frame, which stays."""

    def claim(self) -> DueFrame | None:
        """Returns the next frame and gives it away."""

    def tick(self, now: float) -> None:
        """Notices that time passes, seconds since 1970."""

    def stop(self, wait_s: float) -> None:
        """Ends reading; what waits is shed."""


class LiveIntake:
    """Samples a live stream on its grid; the newest due frame waits, older ones are shed.

    Args:
        open_stream: Builds the stream, given who takes its pictures.
        grid: Of the camera.
        origin_at: Instant of index 0, seconds since 1970.
        keeps: Says of every due frame whether there is capacity for it.
        counting: Who counts.
        wake: Called when a frame waits.
        pose_of: Returns where the drone was at a picture; None of what tells no pose.
    """

    def __init__(
        self,
        open_stream: Callable[[OnPicture], LiveStream],
        grid: LiveGrid[LivePicture],
        origin_at: float,
        keeps: Callable[[], bool],
        counting: Counting,
        wake: Callable[[], None],
        pose_of: PoseOf = pose_unknown,
    ) -> None:
        self._grid, self._origin_at = grid, origin_at
        self._keeps, self._counting, self._wake = keeps, counting, wake
        self._pose_of = pose_of
        self._lock = threading.Lock()
        self._told_not_seen = 0
        self.picture: LivePicture | None = None
        self._waiting: DueFrame | None = None
        self._stopped = False
        self._stream = open_stream(self._see)

    def start(self, after_s: float) -> None:
        """Begins to read after a while."""
        self._grid.skip_to(time.time() + after_s - self._origin_at)
        self._stream.start(after_s)

    @property
    def next_index(self) -> int:
        """First index of the grid not given out yet."""
        return self._grid.next_index

    @property
    def stretch(self) -> int:
        """Number of the stretch it is in."""
        return self._grid.stretch

    @property
    def status(self) -> StreamStatus:
        """How the stream is doing."""
        return self._stream.status

    def peek(self) -> DueFrame | None:
        """Returns the newest due frame, which stays."""
        return self._waiting

    def claim(self) -> DueFrame | None:
        """Returns the newest due frame and gives it away."""
        with self._lock:
            due, self._waiting = self._waiting, None
            return due

    def tick(self, now: float) -> None:
        """Counts what no picture came for."""
        with self._lock:
            self._grid.pass_time(now - self._origin_at)
            self._tell_not_seen()

    def stop(self, wait_s: float) -> None:
        """Closes the stream; what waits is shed."""
        self._stopped = True
        self._stream.stop(wait_s)
        due = self.claim()
        if due is not None:
            self._counting.shed(due)

    def _see(self, picture: LivePicture) -> None:
        """Takes every picture, on the stream's thread."""
        if self._stopped:
            return
        shed: list[DueFrame] = []
        replaced: list[DueFrame] = []
        with self._lock:
            self.picture = picture
            for each in self._grid.take(picture, time.time() - self._origin_at):
                due = DueFrame(
                    each.key,
                    each.picture.taken_at,
                    partial(_frame_of, each),
                    self._pose_of(each.picture),
                )
                self._counting.offer(due)
                if not self._keeps():
                    shed.append(due)
                    continue
                if self._waiting is not None:
                    replaced.append(self._waiting)
                self._waiting = due
            self._tell_not_seen()
        for due in shed:
            self._counting.shed(due)
        for due in replaced:
            self._counting.replace(due)
        if self._waiting is not None:
            self._wake()

    def _tell_not_seen(self) -> None:
        new = self._grid.not_seen - self._told_not_seen
        if new:
            self._told_not_seen = self._grid.not_seen
            self._counting.miss(new)


class FileIntake:
    """Gives every frame of a file, and waits where a live stream would drop.

    Args:
        open_footage: Opens the files; called on the intake's own thread.
        follow: Returns the drone's pose by time for a clip; None for a fixed camera.
        first_index: Frames before it were analysed already.
        counting: Who counts.
        wake: Called when a frame waits.
    """

    picture: LivePicture | None = None

    def __init__(
        self,
        open_footage: Callable[[], Footage],
        follow: Callable[[Clip], PoseAt | None],
        first_index: int,
        counting: Counting,
        wake: Callable[[], None],
    ) -> None:
        self._open, self._follow = open_footage, follow
        self._counting, self._wake = counting, wake
        self._changed = threading.Condition()
        self._queue: deque[DueFrame] = deque()
        self._stopping = False
        self.next_index, self.stretch = first_index, 0
        self._status = StreamStatus(StreamState.CONNECTING, time.monotonic())
        self._thread = threading.Thread(target=self._run, name="file", daemon=True)

    def start(self, after_s: float) -> None:
        """Begins to read; a file needs no pause before it."""
        del after_s
        self._thread.start()

    @property
    def status(self) -> StreamStatus:
        """How the file is doing."""
        return self._status

    def peek(self) -> DueFrame | None:
        """Returns the next frame, which stays."""
        with self._changed:
            return self._queue[0] if self._queue else None

    def claim(self) -> DueFrame | None:
        """Returns the next frame and gives it away."""
        with self._changed:
            due = self._queue.popleft() if self._queue else None
            self._changed.notify_all()
            return due

    def tick(self, now: float) -> None:
        """A file does not mind."""

    def stop(self, wait_s: float) -> None:
        """Ends reading; what waits is shed."""
        with self._changed:
            self._stopping = True
            left = list(self._queue)
            self._queue.clear()
            self._changed.notify_all()
        for due in left:
            self._counting.shed(due)
        self._thread.join(wait_s)

    def _run(self) -> None:
        trouble: str | None = None
        try:
            self._read()
        except (FootageError, OSError, ValueError) as error:
            trouble = str(error)
            LOG.warning("%s", trouble)
        self._enter(StreamState.ENDED, trouble)
        self._wake()

    def _read(self) -> None:
        footage = self._open()
        first = self.next_index
        missing = footage.frames_due()
        self._counting.date(None if footage.origin is None else footage.origin.timestamp())
        poses: dict[str, PoseAt | None] = {}
        for clip, frame in footage.frames():
            missing -= 1
            if self._stopping:
                return
            if frame.key.index < first:
                continue
            if clip.url not in poses:
                poses[clip.url] = self._follow(clip)
            pose_at = poses[clip.url]
            pose = None if pose_at is None else pose_at(frame.key.time_s)
            self._put(DueFrame(frame.key, time.time(), lambda f=frame: f, pose, may_be_late=False))  # type: ignore[misc]
        self._counting.miss(missing)

    def _put(self, due: DueFrame) -> None:
        self._enter(StreamState.LIVE, None, pictures=self._status.pictures + 1)
        with self._changed:
            self._changed.wait_for(lambda: len(self._queue) < MOST_QUEUED or self._stopping)
            if self._stopping:
                return
            self._counting.offer(due)
            self._queue.append(due)
            self.next_index, self.stretch = due.key.index + 1, due.key.stretch
        self._wake()

    def _enter(self, state: StreamState, trouble: str | None, pictures: int | None = None) -> None:
        count = self._status.pictures if pictures is None else pictures
        self._status = StreamStatus(
            state, time.monotonic(), pictures=count, openings=1, trouble=trouble
        )


def _frame_of(due: DuePicture[LivePicture]) -> Frame:
    return Frame(due.key, due.picture.pixels(), due.picture.source_size_px)
