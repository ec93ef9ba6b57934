"""What becomes of one camera's frames: rules, ledger, counts, in the order of the frames."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ray_app.domain.event import Event
from ray_app.domain.situation import Signal
from ray_app.live.due_frame import Decided, DueFrame, InOrder
from ray_app.live.frame_ledger import CameraLedger, FrameNote
from ray_app.live.frame_tally import FrameTally
from ray_app.live.lease import CameraLease, ReaderPlan
from ray_app.live.messages import Outcome
from ray_app.live.situation_teller import SituationTeller
from ray_app.store.segments import SegmentRecord
from ray_app.video.blur import blurred_still, people_px

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderHome:
    """What all cameras of a reader share.

    Attributes:
        tell: Takes signals.
        list_piece: Takes pieces of the ledger that were written.
        wake: Called when a frame waits to be sent.
    """

    plan: ReaderPlan
    tell: Callable[[list[Signal]], None]
    list_piece: Callable[[SegmentRecord], None]
    wake: Callable[[], None]


class CameraJudge:
    """Judges the frames of one camera. Callers on any thread."""

    def __init__(self, lease: CameraLease, home: ReaderHome) -> None:
        self._lease, self._home = lease, home
        self.tally = FrameTally()
        self.trouble: str | None = None
        self.newest_taken_at: float | None = None
        self._newest: Decided | None = None
        self._order = InOrder()
        self._order_lock = threading.Lock()  # held for a moment: whoever sends must not wait
        self._ready: deque[Decided] = deque()
        self._turn = threading.RLock()
        self._notes: deque[FrameNote] = deque()
        self._teller: SituationTeller | None = None
        self._ledger: CameraLedger | None = None

    def begin(self, shown_address: str, origin_at: float | None) -> None:
        """Starts with no memory; raises VigieError when the rules cannot be built."""
        camera = self._lease.camera
        self._teller = SituationTeller(camera, self._lease.authorisation, self._home.plan.evidence)
        rate_hz = camera.reading.rate_hz
        self._ledger = CameraLedger(
            self._home.plan.ledger, camera.id, shown_address, rate_hz, origin_at
        )
        self.trouble = None

    def date(self, origin_at: float | None) -> None:
        """Takes the instant of index 0 where only the footage knows it, before its first frame."""
        if self._ledger is not None:
            self._ledger.origin_at = origin_at

    def finish(self) -> None:
        """Ends what is open and writes the ledger: the camera is not watched any more."""
        with self._turn:
            if self._teller is not None:
                self._home.tell(self._teller.finish(self.newest_taken_at or time.time()))
            if self._ledger is not None:
                self._write_notes(self._ledger)
                self._list(self._ledger.close())

    @property
    def is_alert(self) -> bool:
        """Whether a situation is a candidate or open."""
        return self._teller is not None and self._teller.is_alert

    @property
    def under_way(self) -> tuple[Event, ...]:
        """Newest step of every situation that is a candidate or open."""
        return () if self._teller is None else self._teller.under_way

    @property
    def people(self) -> tuple[tuple[str, float], ...]:
        """People by zone in the newest frame."""
        return () if self._teller is None else self._teller.counts

    @property
    def is_idle(self) -> bool:
        """Whether no frame is on its way."""
        return not len(self._order) and not self._ready

    def claim(self, take: Callable[[], DueFrame | None]) -> DueFrame | None:
        """Takes the next frame; it must be decided."""
        with self._order_lock:
            due = take()
            if due is not None:
                self._order.expect(due)
            return due

    def decide(self, decided: Decided) -> None:
        """Takes what became of a frame that was claimed."""
        with self._order_lock:
            self._ready.extend(self._order.put(decided))
        with self._turn:
            while self._ready:
                self._settle(self._ready.popleft())

    def shed(self, due: DueFrame) -> None:
        """Counts a frame given up; called on the stream's thread, so it waits for nobody."""
        now = time.time()
        self.tally.decide(Outcome.SHED, now)
        self._notes.append(FrameNote(due.key, Outcome.SHED, due.taken_at, now - due.taken_at))

    def preview(self) -> bytes | None:
        """Returns the newest analysed picture as JPEG, people hidden; None before the first."""
        newest = self._newest
        if newest is None or newest.frame is None or newest.seen is None:
            return None
        pixels = newest.frame.pixels
        return blurred_still(pixels, people_px(newest.seen, pixels.shape))

    def _settle(self, decided: Decided) -> None:
        due, outcome = decided.due, decided.outcome
        if outcome is Outcome.ANALYSED and not self._judge(decided):
            outcome = Outcome.LOST
        now = time.time()
        age_s = now - due.taken_at
        analysed = outcome is Outcome.ANALYSED
        self.tally.decide(outcome, now, age_s if analysed else None)
        if analysed and decided.reduced is not None:
            self.tally.reduce()
        if self._ledger is not None:
            self._write_notes(self._ledger)
            note = FrameNote(due.key, outcome, due.taken_at, age_s, decided.reduced)
            self._list(self._ledger.note(note, decided.seen if analysed else None))
            self.trouble = self._ledger.trouble or self.trouble
        if self._teller is not None:
            self.trouble = self._teller.trouble or self.trouble

    def _judge(self, decided: Decided) -> bool:
        """Runs the rules on an analysed frame; returns whether they could be run."""
        if decided.frame is None or decided.seen is None or self._teller is None:
            return False
        try:
            signals = self._teller.see(decided.frame, decided.seen, decided.due.taken_at)
        except Exception as error:  # noqa: BLE001  one camera's fault must not stop the others
            LOG.warning(
                "camera %s frame %d: %s", self._lease.camera.id, decided.due.key.index, error
            )
            self.trouble = f"the rules failed: {error}"
            return False
        self.newest_taken_at, self._newest = decided.due.taken_at, decided
        self._home.tell(signals)
        return True

    def _write_notes(self, ledger: CameraLedger) -> None:
        while self._notes:
            self._list(ledger.note(self._notes.popleft(), None))

    def _list(self, piece: SegmentRecord | None) -> None:
        if piece is not None:
            self._home.list_piece(piece)
