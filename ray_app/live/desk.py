"""The situation desk without Ray: owns event store, journal, outboxes and evidence of a site."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ray_app.alerts.courier import Courier, Route
from ray_app.alerts.settings import AlertsSettings
from ray_app.alerts.sinks import build_couriers
from ray_app.domain.errors import StoreError
from ray_app.domain.event import Phase
from ray_app.domain.situation import (
    Acknowledgement,
    Change,
    Signal,
    SinkReport,
    Situation,
    Verdict,
)
from ray_app.live.journal_sink import JournalSink
from ray_app.live.retention import Purged, Retention, purge
from ray_app.outside.secrets import look_up
from ray_app.store.journal import Journal
from ray_app.store.postgres_situations import open_postgres_situations
from ray_app.store.situation_settings import EventStoreSettings
from ray_app.store.situation_store import SituationStore
from ray_app.store.sqlite_situations import open_sqlite_situations

Answer = TypeVar("Answer")
PURGE_EVERY_S = 3600.0
OPEN = (Phase.OPENED, Phase.UPDATED)
MOST_OPEN = 50
"""Most open situations of one camera that a retained topic lists, newest change first."""
JOURNALLED = ("opened", "closed")


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """What a desk works with.

    Attributes:
        site: Its name.
        folder: Of the live site; journal, event store and outboxes lie in it.
        evidence: Folder of stills and clips.
        drones: Cameras whose pictures are kept for the shorter time.
    """

    site: str
    folder: Path
    evidence: Path
    alerts: AlertsSettings
    store: EventStoreSettings
    drones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeskHealth:
    """How the desk itself is doing, since it started.

    Attributes:
        failures: Calls and purges the event store or the journal refused.
        trouble: Why the last was refused; None after one that was not.
        purged_at: When what was over its time was deleted last, seconds since 1970.
    """

    failures: int = 0
    trouble: str | None = None
    purged_at: float | None = None


class Desk:
    """Takes signals, answers questions, tells receivers. Safe to call from several threads.

    Args:
        plan: What it works with.
        now: Returns seconds since 1970.
        environment: Where secrets are looked up.

    Raises:
        StoreError: Store, journal or an outbox cannot be opened.
        ConfigError: A sink's host is not allowed, or its secret is not there.
    """

    def __init__(
        self,
        plan: DeskPlan,
        now: Callable[[], float] = time.time,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._plan, self._now = plan, now
        self._retention = Retention(plan.store.retention, plan.evidence, plan.drones)
        self._health = DeskHealth()
        self._changed, self._closing = threading.Condition(), threading.Event()
        self._listeners: list[Callable[[], object]] = []
        with ExitStack() as undo:
            self._store = _open_store(plan, environment)
            undo.callback(self._store.close)
            self._journal = Journal(plan.folder / "journal", now)
            undo.callback(self._journal.close)
            self._couriers = self._all_couriers(environment)
            undo.pop_all()
        self._purger = threading.Thread(target=self._keep_purging, name="purge", daemon=True)

    def start(self) -> None:
        """Begins to deliver and to delete what is over its time."""
        for courier in self._couriers:
            courier.start()
        self._purger.start()

    def on_change(self, listener: Callable[[], object]) -> None:
        """Calls the listener, from any thread, after every change."""
        self._listeners.append(listener)

    def take(self, signals: Sequence[Signal]) -> int:
        """Keeps signals; returns how many were new, once they are durable. Raises StoreError."""
        new = self._guarded(lambda: self._store.take(signals, self._now()))
        if new:
            self._tell()
        return new

    def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first.

        Raises:
            ValueError: No phase is named so.
        """
        if phase is not None and phase not in tuple(Phase):
            raise ValueError(f"unknown phase {phase!r}; known: {', '.join(Phase)}")
        return self._store.situations(since_change, limit, phase, camera_id)

    def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        return self._store.situation(event_id)

    def acknowledge(self, event_id: str, verdict: Verdict, person: str, reason: str) -> Situation:
        """Keeps what a person said; raises ValueError with one clear line, or StoreError."""
        try:
            known = Verdict(verdict)
        except ValueError:
            raise ValueError(f"unknown verdict {verdict!r}; known: {', '.join(Verdict)}") from None
        said = Acknowledgement(event_id, known, person, reason.strip(), self._now())
        situation = self._guarded(lambda: self._store.acknowledge(said))
        self._tell()
        return situation

    def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        """Returns the changes after a number, waiting up to wait_s for the first."""
        give_up_at = time.monotonic() + wait_s
        with self._changed:
            while True:
                changes = self._store.changes(after)
                left_s = give_up_at - time.monotonic()
                if changes or left_s <= 0 or self._closing.is_set():
                    return changes
                self._changed.wait(left_s)

    def last_change(self) -> int:
        """Returns the number of the newest change; 0 before the first."""
        return self._store.last_change()

    def note(self, kind: str, person: str, detail: str) -> None:
        """Writes one entry of the journal, on disk when this returns; raises StoreError."""
        self._guarded(lambda: self._journal.append(kind, person, detail))

    def sinks(self) -> tuple[SinkReport, ...]:
        """Returns how every receiver is doing, the journal among them."""
        return tuple(courier.report() for courier in self._couriers)

    def health(self) -> DeskHealth:
        """Returns how the desk itself is doing."""
        return self._health

    def flush(self, wait_s: float) -> bool:
        """Waits until every receiver has everything; returns whether that came about."""
        give_up_at = time.monotonic() + wait_s
        return all(c.flush(max(0.0, give_up_at - time.monotonic())) for c in self._couriers)

    def purge(self) -> Purged:
        """Deletes what is over its time; raises StoreError."""
        purged = self._guarded(
            lambda: purge(self._retention, self._store, self._journal, self._now())
        )
        self._health = replace(self._health, purged_at=self._now())
        if purged.files:
            self._tell()
        return purged

    def close(self, wait_s: float = 2.0) -> None:
        """Ends; what was not delivered stays on disk for the next start."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        give_up_at = time.monotonic() + wait_s
        for courier in self._couriers:
            courier.close(max(0.1, give_up_at - time.monotonic()))
        self._store.close()
        self._journal.close()

    def _all_couriers(self, environment: Mapping[str, str]) -> tuple[Courier, ...]:
        plan = self._plan
        alerts = replace(plan.alerts, phases=JOURNALLED, give_up_s=86_400.0 * 365)
        route = Route(plan.site, plan.folder / "outbox", alerts)
        journal = Courier(JournalSink(self._journal), self._store, route, self._now)
        return (
            journal,
            *build_couriers(
                plan.alerts, plan.site, plan.folder, self._store, self._open_now, environment
            ),
        )

    def _open_now(self, camera_id: str) -> tuple[Situation, ...]:
        found = [
            s for phase in OPEN for s in self._store.situations(0, MOST_OPEN, str(phase), camera_id)
        ]
        return tuple(found[:MOST_OPEN])

    def _guarded(self, work: Callable[[], Answer]) -> Answer:
        try:
            answer = work()
        except StoreError as error:
            failures = self._health.failures + 1
            self._health = replace(self._health, failures=failures, trouble=str(error))
            raise
        if self._health.trouble is not None:
            self._health = replace(self._health, trouble=None)
        return answer

    def _tell(self) -> None:
        for courier in self._couriers:
            courier.wake()
        with self._changed:
            self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def _keep_purging(self) -> None:
        while not self._closing.is_set():
            with suppress(StoreError):  # counted, and tried again
                self.purge()
            self._closing.wait(PURGE_EVERY_S)


def _open_store(plan: DeskPlan, environment: Mapping[str, str]) -> SituationStore:
    if plan.store.postgres is None:
        return open_sqlite_situations(plan.folder / "situations.sqlite")
    address = look_up(plan.store.postgres, "live.store.postgres", environment)
    return open_postgres_situations(address)
