"""One thread per receiver: takes changes from the store, keeps them ready, delivers in order."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ray_app.alerts.dead_letters import DeadLetters
from ray_app.alerts.message import Message, message_of
from ray_app.alerts.outbox import Outbox
from ray_app.alerts.settings import SENDING, AlertsSettings
from ray_app.alerts.sink import NeverError, Sink, TryLaterError
from ray_app.domain.errors import VigieError
from ray_app.domain.situation import Change, SinkReport
from ray_app.outside.retry import Retries, RetrySettings

FED_AT_ONCE = 200
IDLE_S = 5.0
"""How often a courier looks for changes nobody woke it for."""
LONGEST_ASKED_S = 3600.0
"""A receiver that asks to be left alone for longer is asked again after this."""


class Changes(Protocol):
    """Where changes come from: the event store."""

    def changes(self, after: int, limit: int = FED_AT_ONCE) -> tuple[Change, ...]:
        """Returns the changes after a number, in order; may raise StoreError."""
        ...

    def last_change(self) -> int:
        """Returns the number of the newest change; may raise StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """What one courier works with.

    Attributes:
        site: Name of the site.
        folder: Where outboxes and dead letters of all sinks lie.
        alerts: Bounds, and which steps are sent.
        retry: How fast a receiver that failed is tried again.
    """

    site: str
    folder: Path
    alerts: AlertsSettings
    retry: RetrySettings = SENDING


class Courier:
    """Carries every change to one receiver: in order, at least once, over restarts and faults.

    Changes stay in the event store until they are in the outbox, and in the outbox until they are
    delivered or kept as dead letters. A receiver that is down costs nobody else anything.

    Raises:
        StoreError: The outbox cannot be made.
    """

    def __init__(
        self,
        sink: Sink,
        changes: Changes,
        route: Route,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sink, self._changes, self._route, self._now = sink, changes, route, now
        self._outbox = Outbox(route.folder / f"{sink.name}.sqlite", changes.last_change())
        self._dead = DeadLetters(
            route.folder / f"{sink.name}.dead.ndjson", route.alerts.dead_letters_mb * 1e6
        )
        self._retries = Retries(route.retry, random.Random().random)  # noqa: S311  spread only
        self._trouble: str | None = None
        self._woken, self._closing = threading.Event(), threading.Event()
        self._idle = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"to {sink.name}", daemon=True)

    def start(self) -> None:
        """Begins to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Says that there are new changes."""
        self._woken.set()

    def report(self) -> SinkReport:
        """Returns how the receiver is doing; raises StoreError."""
        counts = self._outbox.counts()
        unfed = max(0, self._changes.last_change() - counts.fed)
        oldest_s = None if counts.oldest_at is None else max(0.0, self._now() - counts.oldest_at)
        return SinkReport(
            name=self._sink.name,
            waiting=counts.waiting + unfed,
            delivered=counts.delivered,
            dead=counts.dead,
            trouble=self._trouble,
            kind=self._sink.kind,
            lost=counts.lost + self._sink.dropped,
            oldest_s=oldest_s,
        )

    def flush(self, wait_s: float) -> bool:
        """Waits until nothing waits any more; returns whether that came about."""
        self.wake()
        with self._idle:
            return self._idle.wait_for(lambda: self.report().waiting == 0, wait_s)

    def close(self, wait_s: float) -> None:
        """Ends after the delivery under way; what waits stays on disk."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)
        self._sink.close()
        self._outbox.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                self._feed()
                message = self._outbox.first()
                if message is not None:
                    self._send(message)
            except TryLaterError as error:
                self._wait(error)
                continue
            except Exception as error:  # noqa: BLE001  a courier never dies; what waits stays
                told = str(error) if isinstance(error, VigieError) else type(error).__name__
                self._wait(TryLaterError(told))
                continue
            if message is None:
                with self._idle:
                    self._idle.notify_all()
                self._woken.wait(IDLE_S)

    def _feed(self) -> None:
        """Takes what is new from the store, as much as the outbox may hold."""
        counts = self._outbox.counts()
        room = self._route.alerts.outbox_messages - counts.waiting
        if room <= 0:
            return
        last = self._changes.last_change()
        if last <= counts.fed:
            return
        changes = self._changes.changes(counts.fed, min(room, FED_AT_ONCE))
        phases = self._route.alerts.phases
        told = [message_of(change, self._route.site, phases) for change in changes]
        fed = changes[-1].number if changes else last
        self._outbox.put([m for m in told if m is not None], fed)
        # Deleted when their time was over, before this receiver's outbox had room.
        missed = (changes[0].number if changes else last + 1) - counts.fed - 1
        if missed:
            self._outbox.count_lost(missed)

    def _send(self, message: Message) -> None:
        try:
            self._sink.deliver(message)
        except NeverError as error:
            self._bury(message, str(error))
        except TryLaterError as error:
            if self._now() - message.at < self._route.alerts.give_up_s:
                raise
            self._bury(message, f"given up: {error}")
        else:
            self._outbox.settle(message.number, "delivered")
            self._retries.failures, self._trouble = 0, None

    def _bury(self, message: Message, reason: str) -> None:
        lost = self._dead.keep(message, reason, self._now())
        self._outbox.settle(message.number, "dead")
        self._outbox.count_lost(lost)
        self._trouble = reason

    def _wait(self, error: TryLaterError) -> None:
        self._trouble = str(error)
        wait_s = self._retries.next_s(0.0, refused=error.is_refusal)
        asked_s = min(error.after_s or 0.0, LONGEST_ASKED_S)
        self._closing.wait(max(wait_s, asked_s))
