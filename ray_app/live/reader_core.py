"""The cameras of one reader and the stacks it sends; knows nothing of Ray."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ray_app.domain.frame import Frame, FrameBatch
from ray_app.domain.observation import DronePose, Observation
from ray_app.live.camera_judge import ReaderHome
from ray_app.live.camera_post import CameraPost
from ray_app.live.due_frame import Decided, DueFrame
from ray_app.live.lease import CameraLease, Orders, ReaderPlan, ReaderReport
from ray_app.live.messages import Outcome
from ray_app.live.signal_outbox import SignalOutbox
from ray_app.live.stack import Stack, StackAnswer, StackKind, Tuning
from ray_app.store.segments import SegmentRecord

LOG = logging.getLogger(__name__)
TICK_S = 0.25
PATIENT_TRIES, PATIENT_PAUSE_S = 40, 0.5
"""A file taken frame by frame waits so long for replicas before a frame of it is lost."""
GATHER_SHARE = 0.25
"""Share of a frame's interval, and of its deadline, that it may wait for others."""


class DetectorsAwayError(Exception):
    """No answer came: the replica died, or took too long."""


Detect = Callable[[Stack], StackAnswer]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A frame taken from its camera's post, and how it was to be looked at then."""

    post: CameraPost
    due: DueFrame
    kind: StackKind


class ReaderCore:
    """Reads cameras and sends their frames in stacks, each on a thread while it is under way.

    Args:
        plan: What the fleet says of it.
        detect: Sends a stack; raises DetectorsAwayError when no answer comes.
        outbox: Takes signals.
    """

    def __init__(self, plan: ReaderPlan, detect: Detect, outbox: SignalOutbox) -> None:
        self._plan, self._detect, self._outbox = plan, detect, outbox
        self._home = ReaderHome(plan, outbox.put, self._list_piece, self._wake)
        detectors = plan.live.detectors
        self._tuning = Tuning(detectors.deadline_s, detectors.stack_size)
        self._orders = Orders(in_flight=detectors.max_in_flight_stacks)
        self._changed = threading.Condition()
        self._posts: dict[str, CameraPost] = {}
        self._under_way = self._threads = 0
        self._ending = False
        self._late = self._stacks = 0
        self._work = self._busy_s = 0.0
        self._gathers_since_s: float | None = None
        self._pieces: list[SegmentRecord] = []
        self._seeds = 0
        self._ticker = threading.Thread(target=self._tick, name="ticks", daemon=True)
        self._ticker.start()

    def lease(self, leases: Iterable[CameraLease]) -> None:
        """Takes cameras; one held already is closed and begun again."""
        for lease in leases:
            self.release([lease.camera.id])
            self._seeds += 1
            post = CameraPost(lease, self._home, self._seeds + 1000 * os.getpid())
            with self._changed:
                self._posts = {**self._posts, lease.camera.id: post}

    def release(self, camera_ids: Iterable[str]) -> None:
        """Gives cameras up; their streams are closed."""
        for camera_id in camera_ids:
            with self._changed:
                post = self._posts.get(camera_id)
                self._posts = {k: p for k, p in self._posts.items() if k != camera_id}
            if post is not None:
                post.close(0.5)

    def pause(self, camera_id: str, *, is_paused: bool) -> None:
        """Closes a camera's stream, or opens it again."""
        if camera_id in self._posts:
            self._posts[camera_id].pause(is_paused=is_paused)

    def preview(self, camera_id: str) -> bytes | None:
        """Returns the newest analysed picture of a camera, people hidden."""
        post = self._posts.get(camera_id)
        return None if post is None else post.judge.preview()

    def take_orders(self, orders: Orders) -> None:
        """Follows what the fleet says."""
        with self._changed:
            self._orders = orders
            shares, inputs = dict(orders.shares), dict(orders.inputs)
            for camera_id, post in self._posts.items():
                post.share = shares.get(camera_id, 1.0)
                post.ordered_input = inputs.get(camera_id)
            del self._pieces[: orders.segments_kept]
            self._changed.notify_all()

    def report(self) -> ReaderReport:
        """Returns how it is doing, and begins to count anew."""
        now = time.time()
        posts = list(self._posts.values())
        with self._changed:
            late, work, busy_s = self._late, self._work, self._busy_s
            stacks, self._stacks = self._stacks, 0
            self._late, self._work, self._busy_s = 0, 0.0, 0.0
            for post in posts:
                late, post.replaced = late + post.replaced, 0
            pieces = tuple(self._pieces)
        return ReaderReport(
            name=self._plan.name,
            process=os.getpid(),
            cameras=tuple(post.report(now) for post in posts),
            positions=tuple(post.position(now) for post in posts),
            segments=pieces,
            late=late,
            stacks=stacks,
            work=work,
            busy_s=busy_s,
            signals_waiting=len(self._outbox),
            signals_lost=self._outbox.lost,
        )

    def stop(self, wait_s: float) -> None:
        """Closes every stream, side by side; half of the time is kept for writing the ledger."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        posts = list(self._posts.values())
        for_streams = (wait_s / 2,)
        threads = [threading.Thread(target=p.close, args=for_streams, daemon=True) for p in posts]
        for thread in threads:
            thread.start()
        ends_s = time.monotonic() + wait_s
        for thread in threads:
            thread.join(max(0.0, ends_s - time.monotonic()))

    def _list_piece(self, piece: SegmentRecord) -> None:
        """Notes a piece of the ledger for the fleet."""
        with self._changed:
            self._pieces.append(piece)

    def _wake(self) -> None:
        """Says that a frame waits."""
        with self._changed:
            if self._threads - self._under_way == 0 and self._threads < self._orders.in_flight:
                self._threads += 1
                name = f"stack {self._threads}"
                threading.Thread(target=self._send_stacks, name=name, daemon=True).start()
            self._changed.notify()

    def _tick(self) -> None:
        while not self._ending:
            now, opened = time.time(), 0
            for post in list(self._posts.values()):
                try:
                    opened += post.tick(now, opened * self._plan.live.readers.opening_s)
                except Exception as error:  # noqa: BLE001  one camera never touches another
                    LOG.warning("camera %s: %s: %s", post.camera.id, type(error).__name__, error)
            with self._changed:
                self._changed.notify_all()
            time.sleep(TICK_S)

    def _send_stacks(self) -> None:
        while True:
            with self._changed:
                while (pause_s := self._pause_s()) > 0:
                    self._changed.wait(None if pause_s == math.inf else pause_s)
                if self._ending:
                    return
                self._under_way += 1
                self._gathers_since_s = None
                late, claimed = self._claim_late(), self._claim_stack()
            try:
                for each in late:
                    each.post.judge.decide(Decided(each.due, Outcome.LATE))
                if claimed:
                    self._send(claimed)
            finally:
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify()

    def _pause_s(self) -> float:
        """Returns how long not to send yet; infinite until something changes."""
        if self._ending:
            return 0.0
        waiting = [(post, due) for post in self._posts.values() if (due := post.peek())]
        if not waiting:
            self._gathers_since_s = None
            return math.inf
        if self._under_way >= self._orders.in_flight:
            return math.inf
        if self._gathers_since_s is None:
            self._gathers_since_s = time.monotonic()
        return self._gathers_since_s + self._gather_s(waiting) - time.monotonic()

    def _gather_s(self, waiting: Sequence[tuple[CameraPost, DueFrame]]) -> float:
        """Returns how long frames wait for others of their instant to share the call."""
        is_enough = len(waiting) >= min(self._tuning.stack_size, len(self._posts))
        if is_enough or not all(due.may_be_late for _, due in waiting):
            return 0.0
        fastest_hz = max(post.camera.reading.rate_hz for post, _ in waiting)
        longest_s = GATHER_SHARE * min(1 / fastest_hz, self._tuning.deadline_s)
        return min(self._plan.live.readers.gather_s, longest_s)

    def _claim_stack(self) -> list[Claimed]:
        """Takes the frames that matter most, all of one kind."""
        waiting = [(post, due) for post in self._posts.values() if (due := post.peek())]
        waiting.sort(key=lambda pair: (-pair[0].rank, pair[1].taken_at))
        claimed: list[Claimed] = []
        for post, _ in waiting:
            kind = post.kind
            if claimed and kind != claimed[0].kind:
                continue
            while len(claimed) < self._tuning.stack_size and (due := post.claim()):
                claimed.append(Claimed(post, due, kind))
        return claimed

    def _claim_late(self) -> list[Claimed]:
        """Takes the frames that are too old to be worth any work."""
        oldest_at = time.time() - self._tuning.deadline_s
        late: list[Claimed] = []
        for post in self._posts.values():
            due = post.peek()
            if due is None or not due.may_be_late or due.taken_at >= oldest_at:
                continue
            claimed = post.claim()
            if claimed is not None:
                late.append(Claimed(post, claimed, post.kind))
        self._late += len(late)
        return late

    def _send(self, claimed: list[Claimed]) -> None:
        with_frames: list[tuple[Claimed, Frame]] = []
        for each in claimed:
            try:
                with_frames.append((each, each.post.picture_of(each.due)))
            except Exception as error:  # noqa: BLE001  one camera never touches another
                LOG.warning("camera %s: %s", each.post.camera.id, error)
                each.post.judge.decide(Decided(each.due, Outcome.LOST))
        while with_frames:
            shape = with_frames[0][1].pixels.shape
            same = [pair for pair in with_frames if pair[1].pixels.shape == shape]
            with_frames = [pair for pair in with_frames if pair[1].pixels.shape != shape]
            self._ask(same)

    def _ask(self, frames: list[tuple[Claimed, Frame]]) -> None:
        answer = self._answered(frames)
        seen = [None] * len(frames) if answer is None else answer.seen
        for (each, frame), observation in zip(frames, seen, strict=True):
            outcome = Outcome.ANALYSED
            if observation is None:
                outcome = Outcome.LOST if answer is None else Outcome.LATE
            placed = _placed(observation, each.due.pose)
            self._late += outcome is Outcome.LATE
            reduced = None if each.kind.smaller is None else each.kind.networks
            each.post.judge.decide(Decided(each.due, outcome, frame, placed, reduced))

    def _answered(self, frames: list[tuple[Claimed, Frame]]) -> StackAnswer | None:
        """Returns the answer; None when the replicas were away twice, or the frames grew old."""
        kind = frames[0][0].kind
        stack = Stack(
            kind.networks,
            FrameBatch.stack([frame for _, frame in frames]),
            tuple(each.due.taken_at if each.due.may_be_late else None for each, _ in frames),
            self._orders.load,
            1.0 if kind.smaller is None else kind.smaller.cost,
        )
        is_patient = any(taken_at is None for taken_at in stack.taken_at)
        for attempt in range(PATIENT_TRIES if is_patient else 2):
            if attempt and is_patient:
                time.sleep(PATIENT_PAUSE_S)
            if attempt and not self._is_fresh(stack):
                return None
            try:
                answer = self._detect(stack)
            except DetectorsAwayError as error:
                LOG.info("no answer: %s", error)
                continue
            with self._changed:
                self._tuning = answer.tuning
                self._work += answer.work
                self._stacks += answer.busy_s > 0
                self._busy_s += answer.busy_s
            return answer
        return None

    def _is_fresh(self, stack: Stack) -> bool:
        oldest_at = time.time() - self._tuning.deadline_s
        return any(taken_at is None or taken_at >= oldest_at for taken_at in stack.taken_at)


def _placed(seen: Observation | None, pose: DronePose | None) -> Observation | None:
    """Returns what was seen, with where the drone was."""
    return seen if seen is None or pose is None else replace(seen, pose=pose)
