"""The situation desk as a Ray actor: one owner of everything that is kept of a site."""

import asyncio
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ray_app.config.live_schema import LiveConfig
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError, StoreError, VigieError
from ray_app.domain.situation import Change, Signal, SinkReport, Situation, Verdict
from ray_app.live.desk import Desk, DeskHealth, DeskPlan
from ray_app.live.messages import DESK, NAMESPACE

CALLS_AT_ONCE = 1000
"""Most of them wait for changes and hold no thread."""
STARTS_S = 60.0
ENDS_S = 5.0


class SituationDesk:
    """Thin shell around `Desk`; after a crash it starts again from what is on disk.

    Every method may raise StoreError. All but `note` may be called again when an answer is lost.
    """

    def __init__(self, plan: DeskPlan) -> None:
        self._desk = Desk(plan)
        self._desk.start()
        self._changed: asyncio.Event | None = None

    async def ready(self) -> bool:
        """Returns once the desk works."""
        return True

    async def take(self, signals: tuple[Signal, ...]) -> int:
        """Keeps signals; returns how many were new, once they are durable."""
        return await asyncio.to_thread(self._desk.take, signals)

    async def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        asked = (since_change, limit, phase, camera_id)
        return await asyncio.to_thread(self._desk.situations, *asked)

    async def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        return await asyncio.to_thread(self._desk.situation, event_id)

    async def acknowledge(
        self, event_id: str, verdict: Verdict, person: str, reason: str
    ) -> Situation:
        """Keeps what a person said; raises ValueError with one clear line."""
        return await asyncio.to_thread(self._desk.acknowledge, event_id, verdict, person, reason)

    async def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        """Returns the changes after a number, waiting up to wait_s for the first."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + wait_s
        while True:
            changed = self._next_change(loop)
            found = await asyncio.to_thread(self._desk.changes, after, 0.0)
            left_s = give_up_at - loop.time()
            if found or left_s <= 0:
                return found
            try:
                await asyncio.wait_for(changed.wait(), left_s)
            except TimeoutError:
                return ()

    async def last_change(self) -> int:
        """Returns the number of the newest change; 0 before the first."""
        return await asyncio.to_thread(self._desk.last_change)

    async def note(self, kind: str, person: str, detail: str) -> None:
        """Writes one entry of the journal, on disk when this returns."""
        await asyncio.to_thread(self._desk.note, kind, person, detail)

    async def sinks(self) -> tuple[SinkReport, ...]:
        """Returns how every receiver is doing, the journal among them."""
        return await asyncio.to_thread(self._desk.sinks)

    async def health(self) -> DeskHealth:
        """Returns how the desk itself is doing."""
        return self._desk.health()

    async def flush(self, wait_s: float) -> bool:
        """Waits until every receiver has everything; returns whether that came about."""
        return await asyncio.to_thread(self._desk.flush, wait_s)

    async def close(self) -> None:
        """Ends; what was not delivered stays on disk for the next start."""
        await asyncio.to_thread(self._desk.close)

    def _next_change(self, loop: asyncio.AbstractEventLoop) -> asyncio.Event:
        """Returns what is set by the next change; must be had before looking for changes."""
        if self._changed is None:
            self._desk.on_change(lambda: loop.call_soon_threadsafe(self._let_go))
        if self._changed is None or self._changed.is_set():
            self._changed = asyncio.Event()
        return self._changed

    def _let_go(self) -> None:
        if self._changed is not None:
            self._changed.set()


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
    except (RayTaskError, RayActorError) as error:
        ray.kill(desk, no_restart=True)
        raise _told(error) from None
    except GetTimeoutError:
        ray.kill(desk, no_restart=True)
        raise StoreError(f"the situation desk did not start within {STARTS_S:g} s") from None
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
    """Returns the fault of the actor itself, not Ray's wrapping, which prints stacks."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, VigieError):
        cause = getattr(cause, "cause", None) or cause.__cause__
    if isinstance(cause, VigieError):
        return cause
    last = [line for line in str(error).splitlines() if line.strip()]
    return StoreError(f"the situation desk cannot start: {last[-1] if last else error}")
