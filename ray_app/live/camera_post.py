"""One camera in its reader: when its stream is open, and the frames that wait to be sent."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from ray_app.config.live_schema import VALUES, SmallerInput, StreamConfig
from ray_app.domain.errors import ConfigError, VigieError
from ray_app.domain.frame import Frame
from ray_app.live.camera_judge import CameraJudge, ReaderHome
from ray_app.live.due_frame import DueFrame
from ray_app.live.intake import (
    FileIntake,
    Intake,
    LiveIntake,
    OnPicture,
    PoseOf,
    pose_unknown,
)
from ray_app.live.lease import CameraLease, CameraPosition
from ray_app.live.messages import CameraReport, Outcome
from ray_app.live.stack import StackKind, at_input, frame_cost, tiles_of
from ray_app.outside.secrets import redacted
from ray_app.video.clip import Clip
from ray_app.video.live.address import StreamAddress, read_address
from ray_app.video.live.footage import Footage
from ray_app.video.live.grid import LiveGrid
from ray_app.video.live.status import StreamState
from ray_app.video.live.stream import LivePicture, LiveStream
from ray_app.video.start_time import StartRule
from ray_app.wiring import PoseAt, build_mask, follow_drone

RAISED = len(VALUES)
OPEN_AGAIN_S = 5.0
POLITENESS = {"best_effort": 6, "normal": 1, "critical": 0}
"""Steps of nice by which decoding gives way: on a full machine the least valuable falls behind."""


class CameraPost:
    """Reads and samples one camera. Its faults stay its own.

    Args:
        lease: The right to read it.
        home: What all cameras of the reader share.
        seed: Spreads the waits of lost streams; another one for each camera.
    """

    def __init__(self, lease: CameraLease, home: ReaderHome, seed: int) -> None:
        if lease.camera.stream is None:
            raise ConfigError(f"camera {lease.camera.id} has no stream")
        self.camera, self._home, self._seed = lease.camera, home, seed
        self.stream: StreamConfig = lease.camera.stream
        self.judge = CameraJudge(lease, home)
        self.share = 1.0
        self.ordered_input: SmallerInput | None = None
        self.replaced = 0
        self._credit = 0.0
        self._lease = lease
        self._next_index, self._next_stretch = lease.next_index, lease.next_stretch
        self._intake: Intake | None = None
        self._mask = build_mask(lease.camera, lease.authorisation)
        self._trouble: str | None = None
        self._not_before = 0.0
        self._said_ended = False
        sizes = () if self.stream.every_frame else home.plan.live.smaller_inputs
        self._input_costs = tuple(frame_cost(self.camera.networks, s) for s in (None, *sizes))

    def tick(self, now: float, opening_s: float) -> bool:
        """Opens or closes the stream as it should be; returns whether it was opened."""
        reason = self.idle_reason(now)
        intake = self._intake
        if reason is not None and intake is not None:
            self.close(0.2)
        if reason is None and intake is None and now >= self._not_before:
            return self._open(now, opening_s)
        if intake is not None:
            intake.tick(now)
            if self.has_ended and not self._said_ended:
                self.judge.finish()
                self._said_ended = True
        return False

    def idle_reason(self, now: float) -> str | None:
        """Returns why nothing may be read now; None when it may."""
        grant = self._lease.authorisation
        if self._lease.is_paused:
            return "paused"
        if grant is None:
            return None
        if self.camera.id not in grant.cameras:
            return f"outside the authorisation: camera {self.camera.id} is not listed"
        if self.stream.every_frame:
            return None  # its frames are held against the window by when they were filmed
        if not grant.start <= datetime.fromtimestamp(now, UTC) < grant.end:
            window = f"{grant.start.isoformat()} to {grant.end.isoformat()}"
            return f"outside the authorisation: its window is {window}"
        return None

    def pause(self, *, is_paused: bool) -> None:
        """Closes the stream at the next tick, or lets it be opened again."""
        self._lease = replace(self._lease, is_paused=is_paused)

    def close(self, wait_s: float) -> None:
        """Closes the stream, ends what is open, writes the ledger."""
        intake, self._intake = self._intake, None
        if intake is None:
            return
        self._next_index, self._next_stretch = intake.next_index, intake.stretch + 1
        intake.stop(wait_s)
        self.judge.finish()

    @property
    def has_ended(self) -> bool:
        """Whether a file came to its end and everything of it is analysed."""
        intake = self._intake
        if intake is None or intake.status.state is not StreamState.ENDED:
            return False
        return intake.peek() is None and self.judge.is_idle

    @property
    def rank(self) -> int:
        """Higher keeps frames longer; highest while a situation is under way."""
        return RAISED if self.judge.is_alert else VALUES.index(self.stream.value)

    @property
    def kind(self) -> StackKind:
        """Frames of one kind may share a stack."""
        picture = None if self._intake is None else self._intake.picture
        size = None if picture is None else picture.source_size_px
        smaller, every_frame = self.smaller, self.stream.every_frame
        networks = at_input(self.camera.networks, smaller)
        return StackKind(networks, smaller, self._lease.width_px, size, every_frame)

    @property
    def smaller(self) -> SmallerInput | None:
        """Input size it looks at now; None for the usual one.

        A camera keeps it from the moment on in which something begins there, before the fleet
        knows; a file taken frame by frame is seen as the archive sees it.
        """
        if self.stream.every_frame or self.rank == RAISED:
            return None
        return self.ordered_input

    def peek(self) -> DueFrame | None:
        """Returns the frame that waits to be sent."""
        return None if self._intake is None else self._intake.peek()

    def claim(self) -> DueFrame | None:
        """Takes the frame that waits; the judge must be told what became of it."""
        intake = self._intake
        return None if intake is None else self.judge.claim(intake.claim)

    def picture_of(self, due: DueFrame) -> Frame:
        """Returns the frame's picture, black outside the authorised perimeter."""
        frame = due.picture()
        return frame if self._mask is None else self._mask(frame, due.pose)

    def offer(self, due: DueFrame) -> None:
        """Counts a frame that is due."""
        del due
        self.judge.tally.offer()

    def shed(self, due: DueFrame) -> None:
        """Counts a frame given up because capacity is short."""
        self.judge.shed(due)

    def replace(self, due: DueFrame) -> None:
        """Counts a frame that waited until a newer one came: a sign of too little capacity."""
        self.replaced += 1
        self.judge.shed(due)

    def miss(self, frames: int) -> None:
        """Counts frames of which no picture came."""
        self.judge.tally.miss(frames, time.time())

    def date(self, origin_at: float | None) -> None:
        """Takes the instant of index 0 of a file's grid: the ledger is cut by it."""
        self.judge.date(origin_at)

    def report(self, now: float) -> CameraReport:
        """Returns how the camera is doing."""
        intake, judge, tally = self._intake, self.judge, self.judge.tally
        status = None if intake is None else intake.status
        picture = None if intake is None else intake.picture
        taken_at = judge.newest_taken_at
        return CameraReport(
            camera_id=self.camera.id,
            shown_address=redacted(self.stream.address),
            state=None if status is None else status.state,
            idle_reason=self.idle_reason(now),
            trouble=self._trouble or judge.trouble or (status.trouble if status else None),
            value=VALUES[-1] if judge.is_alert else self.stream.value,
            frame_age_s=None if taken_at is None else now - taken_at,
            age_p95_s=tally.age_p95_s(now),
            rate_hz=tally.rate_hz(Outcome.ANALYSED, now),
            counts=tally.counts(),
            pictures=status.pictures if status else 0,
            broken=status.broken if status else 0,
            openings=status.openings if status else 0,
            clock=None if picture is None else picture.clock,
            source_size_px=None if picture is None else picture.source_size_px,
            reader=self._home.plan.name,
            told_at=now,
            input_work=frame_cost(self.camera.networks, self.smaller),
        )

    def position(self, now: float) -> CameraPosition:
        """Returns where the camera stands."""
        intake, rate_hz = self._intake, self.camera.reading.rate_hz
        offered_per_s = 0.0
        if intake is not None and not self.has_ended:
            offered_per_s = rate_hz
            if self.stream.every_frame:
                offered_per_s = self.judge.tally.rate_hz(Outcome.ANALYSED, now)
        return CameraPosition(
            camera_id=self.camera.id,
            next_index=self._next_index if intake is None else intake.next_index,
            next_stretch=self._next_stretch if intake is None else intake.stretch + 1,
            under_way=self.judge.under_way,
            offered_per_s=offered_per_s,
            work=tiles_of(self.camera.networks),
            rank=self.rank,
            floor_share=min(1.0, self.stream.floor_hz / rate_hz),
            counts=self.judge.people,
            has_ended=self.has_ended and self._said_ended,
            input_costs=self._input_costs,
        )

    def _keeps(self) -> bool:
        """Thins frames evenly to the share there is capacity for."""
        self._credit += self.share
        if self._credit < 1.0 - 1e-9:
            return False
        self._credit -= 1.0
        return True

    def _open(self, now: float, opening_s: float) -> bool:
        origin_at = None if self.stream.every_frame else self._home.plan.origin_at
        try:
            address = read_address(self.stream.address, self._home.plan.live.allowed)
            self.judge.begin(address.shown, origin_at)
        except VigieError as error:
            self._trouble, self._not_before = str(error), now + OPEN_AGAIN_S
            return False
        self._trouble, self._said_ended = None, False
        intake = self._file(address) if self.stream.every_frame else self._live(address)
        self._intake = intake
        intake.start(opening_s)
        return True

    def _live(self, address: StreamAddress) -> LiveIntake:
        grid: LiveGrid[LivePicture] = LiveGrid(
            self.camera.id, self.camera.reading.rate_hz, self._next_index, self._next_stretch
        )
        open_stream: Callable[[OnPicture], LiveStream] = lambda on_picture: LiveStream(  # noqa: E731
            self.camera.id,
            address,
            self._lease.width_px,
            self.stream.reading,
            self.stream.retry,
            self._seed,
            politeness=POLITENESS[self.stream.value],
            on_picture=on_picture,
        )
        return LiveIntake(
            open_stream,
            grid,
            self._home.plan.origin_at,
            self._keeps,
            self,
            self._home.wake,
            self._pose_of(address),
        )

    def _pose_of(self, address: StreamAddress) -> PoseOf:
        """Returns the poses of a drone's video played as a stream, by the .SRT beside it."""
        url = address.reveal().removeprefix("file://")
        pose_at = None
        if address.scheme == "file":
            pose_at = self._follow(Clip(self.camera.id, url, 0.0, math.inf, 0, (0, 0)))
        if pose_at is None:
            return pose_unknown
        # Time stamps that leapt begin a new segment, whose place in the file nobody knows.
        return lambda picture: pose_at(picture.time_s) if picture.segment == 1 else None

    def _file(self, address: StreamAddress) -> FileIntake:
        camera = self.camera
        rule = StartRule(camera.started_at, camera.start_pattern, camera.time_zone)
        footage = partial(
            Footage,
            camera.id,
            address.reveal().removeprefix("file://"),
            rule,
            camera.reading,
            self._lease.width_px,
            self._lease.authorisation,
        )
        return FileIntake(footage, self._follow, self._next_index, self, self._home.wake)

    def _follow(self, clip: Clip) -> PoseAt | None:
        calibration = self.camera.calibration
        drone = None if calibration is None else calibration.drone
        return None if drone is None else follow_drone(clip, drone)
