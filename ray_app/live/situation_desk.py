"""The situation desk as a Ray actor: one owner of everything that is kept of a site."""

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ray_app.config.live_schema import LiveConfig
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError, StoreError, VigieError
from ray_app.domain.situation import Change, Signal, SinkReport, Situation, Verdict
from ray_app.live.desk import Desk, DeskHealth, DeskPlan
from ray_app.live.messages import DESK, NAMESPACE

Answer = TypeVar("Answer")
CALLS_AT_ONCE = 1000
"""Most of them wait for changes and hold no thread."""
STARTS_S = 60.0
ENDS_S = 5.0


class SituationDesk:
    """Thin shell around `Desk`; after a crash it starts again from what is on disk.

    Every method may raise StoreError: then the desk could not be opened (PostgreSQL is away, the
    process before still holds the files), and the next call tries again. All but `note` may be
    called again when an answer is lost.
    """

    def __init__(self, plan: DeskPlan) -> None:
        self._plan, self._opening = plan, threading.Lock()
        self._desk: Desk | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    async def ready(self) -> bool:
        """Returns once the desk works; raises ConfigError, StoreError."""
        return await self._ask(lambda _: True)

    async def process(self) -> int:
        """Returns the number of the actor's process."""
        return os.getpid()

    async def take(self, signals: tuple[Signal, ...]) -> int:
        """Keeps signals; returns how many were new, once they are durable."""
        return await self._ask(lambda desk: desk.take(signals))

    async def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        asked = (since_change, limit, phase, camera_id)
        return await self._ask(lambda desk: desk.situations(*asked))

    async def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        return await self._ask(lambda desk: desk.situation(event_id))

    async def acknowledge(
        self, event_id: str, verdict: Verdict, person: str, reason: str
    ) -> Situation:
        """Keeps what a person said; raises ValueError with one clear line."""
        return await self._ask(lambda desk: desk.acknowledge(event_id, verdict, person, reason))

    async def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        """Returns the changes after a number, waiting up to wait_s for the first."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + wait_s
        while True:
            changed = self._changed  # set by the first change from here on
            found = await self._ask(lambda desk: desk.changes(after, 0.0))
            left_s = give_up_at - loop.time()
            if found or left_s <= 0:
                return found
            try:
                await asyncio.wait_for(changed.wait(), left_s)
            except TimeoutError:
                return ()

    async def last_change(self) -> int:
        """Returns the number of the newest change; 0 before the first."""
        return await self._ask(lambda desk: desk.last_change())

    async def note(self, kind: str, person: str, detail: str) -> None:
        """Writes one entry of the journal, on disk when this returns."""
        await self._ask(lambda desk: desk.note(kind, person, detail))

    async def sinks(self) -> tuple[SinkReport, ...]:
        """Returns how every receiver is doing, the journal among them."""
        return await self._ask(lambda desk: desk.sinks())

    async def health(self) -> DeskHealth:
        """Returns how the desk itself is doing."""
        return await self._ask(lambda desk: desk.health())

    async def flush(self, wait_s: float) -> bool:
        """Waits until every receiver has everything; returns whether that came about."""
        return await self._ask(lambda desk: desk.flush(wait_s))

    async def close(self) -> None:
        """Ends; what was not delivered stays on disk for the next start."""
        await self._ask(lambda desk: desk.close())

    async def _ask(self, work: Callable[[Desk], Answer]) -> Answer:
        """Does work beside the loop, which stays free for all who wait."""
        self._loop = asyncio.get_running_loop()
        return await asyncio.to_thread(lambda: work(self._opened()))

    def _opened(self) -> Desk:
        with self._opening:
            if self._desk is None:
                desk = Desk(self._plan)
                desk.on_change(self._wake)
                desk.start()
                self._desk = desk
            return self._desk

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()


def desk_plan(site: SiteConfig, folder: Any, evidence: Any) -> DeskPlan:  # noqa: ANN401
    """Returns what the desk of a site works with.

    Args:
        site: The site.
        folder: Of the live site, absolute: actors run elsewhere.
        evidence: Folder of stills and clips, absolute.
    """
    live = site.live or LiveConfig()
    drones = (c.id for c in site.cameras if c.calibration is not None and c.calibration.drone)
    return DeskPlan(site.site, folder, evidence, live.alerts, live.store, frozenset(drones))


def start_desk(plan: DeskPlan, lifetime: str | None = None) -> Any:  # noqa: ANN401  a handle
    """Starts the desk on this machine, where its disk is; returns its handle.

    Args:
        plan: What it works with.
        lifetime: "detached" on a cluster, whose machines share the folder: it outlives who
            starts it, and may start again elsewhere.

    Raises:
        ConfigError: Another live site runs on this Ray, or a sink cannot be built.
        StoreError: Store, journal or an outbox cannot be opened.
    """
    here = ray.get_runtime_context().get_node_id()
    actor = ray.remote(SituationDesk).options(
        name=DESK,
        namespace=NAMESPACE,
        num_cpus=0,
        max_restarts=-1,
        max_concurrency=CALLS_AT_ONCE,
        scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=lifetime == "detached"),
        lifetime=lifetime,
    )
    try:
        desk = actor.remote(plan)
    except ValueError:
        raise ConfigError("a live site runs on this Ray already; end it first") from None
    try:
        ray.get(desk.ready.remote(), timeout=STARTS_S)
    except RayError as error:
        ray.kill(desk, no_restart=True)
        raise _told(error) from None
    return desk


def stop_desk(desk: Any) -> None:  # noqa: ANN401
    """Ends the desk; what was not delivered stays on disk."""
    try:
        ray.get(desk.close.remote(), timeout=ENDS_S)
    except RayError:
        pass  # it is ended all the same, and recovers from disk as after any crash
    finally:
        ray.kill(desk, no_restart=True)


def _told(error: RayError) -> VigieError:
    """Returns the fault of the desk itself, not Ray's wrapping, which prints stacks."""
    if isinstance(error, RayTaskError) and isinstance(error.cause, VigieError):
        return error.cause
    if isinstance(error, GetTimeoutError):
        return StoreError(f"the situation desk did not start within {STARTS_S:g} s")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return StoreError(f"the situation desk cannot start: {lines[-1] if lines else error}")
