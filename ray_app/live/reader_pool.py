"""The reader actors: started, asked, and given up when they are silent."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from ray_app.config.live_schema import ReadersConfig
from ray_app.live.lease import CameraLease, Orders, ReaderPlan, ReaderReport
from ray_app.live.messages import NAMESPACE
from ray_app.live.stream_reader import StreamReader

LOG = logging.getLogger(__name__)
STOPS_S = 1.2
THREADS = 8
READER = "vigie-reader-"
"""Names of readers begin so."""


@dataclass(slots=True)
class _Reader:
    """One actor.

    Attributes:
        handle: Of the actor.
        process: Process id it reported last; None before the first report.
        asked: The question under way; None when none is.
        heard_s: When it was heard last, monotonic.
        is_up: Whether it may be given cameras.
    """

    handle: Any
    heard_s: float
    process: int | None = None
    asked: Any = None
    is_up: bool = False


class ReaderPool:
    """Holds the readers by name.

    Args:
        plan_of: What a reader of a name is told when it starts.
        settings: How many cores and how patient.
    """

    def __init__(self, plan_of: Callable[[str], ReaderPlan], settings: ReadersConfig) -> None:
        self._plan_of, self._settings = plan_of, settings
        self._readers: dict[str, _Reader] = {}

    def start(self) -> str:
        """Starts one more reader, or finds the one of that name that lives; returns its name."""
        name = f"{READER}{len(self._readers) + 1}"
        actor = ray.remote(StreamReader).options(
            name=name,
            namespace=NAMESPACE,
            lifetime="detached",  # it outlives a fleet that is started anew; see its fence
            get_if_exists=True,
            max_restarts=-1,
            max_concurrency=THREADS,
            num_cpus=self._settings.num_cpus,
        )
        self._readers[name] = _Reader(actor.remote(self._plan_of(name)), time.monotonic())
        return name

    @property
    def up(self) -> list[str]:
        """Readers that answer."""
        return [name for name, reader in self._readers.items() if reader.is_up]

    @property
    def names(self) -> list[str]:
        """All readers."""
        return list(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def exchange(
        self, orders: Mapping[str, Orders], wait_s: float
    ) -> tuple[dict[str, ReaderReport], list[str]]:
        """Gives orders to all readers and hears them.

        Returns:
            Reports of those that answered, and the names of those that lost their cameras: they
            died, were started anew, or were silent for too long.
        """
        for name, order in orders.items():
            reader = self._readers[name]
            if reader.asked is None:
                reader.asked = reader.handle.exchange.remote(order)
        waiting = {self._readers[name].asked: name for name in orders}
        done, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=wait_s)
        reports: dict[str, ReaderReport] = {}
        gone: list[str] = []
        for asked in done:
            name = waiting[asked]
            report = self._heard(name, gone)
            if report is not None:
                reports[name] = report
        gone += self._silent()
        return reports, gone

    def lease(self, name: str, leases: tuple[CameraLease, ...]) -> None:
        """Gives cameras to a reader; one that dies meanwhile is noticed by `exchange`."""
        self._readers[name].handle.lease.remote(leases)

    def release(self, name: str, camera_ids: tuple[str, ...]) -> None:
        """Takes cameras from a reader."""
        self._readers[name].handle.release.remote(camera_ids)

    def pause(self, name: str, camera_id: str, *, is_paused: bool) -> None:
        """Has a reader close a camera's stream, or open it again."""
        self._readers[name].handle.pause.remote(camera_id, is_paused)

    def preview(self, name: str, camera_id: str, wait_s: float) -> bytes | None:
        """Returns the newest picture of a camera; None when its reader does not answer."""
        try:
            found: bytes | None = ray.get(
                self._readers[name].handle.preview.remote(camera_id), timeout=wait_s
            )
        except RayError:
            return None
        return found

    def stop(self) -> tuple[ReaderReport, ...]:
        """Has all readers close their streams, then ends them; returns what they said last."""
        asked = [r.handle.stop.remote(STOPS_S - 0.3) for r in self._readers.values()]
        done, _ = ray.wait(asked, num_returns=len(asked), timeout=STOPS_S) if asked else ([], [])
        last: list[ReaderReport] = []
        for each in done:
            try:
                last.append(ray.get(each))
            except RayError as error:
                LOG.info("a reader was gone already: %s", type(error).__name__)
        for reader in self._readers.values():  # a stream that hangs ends with its process
            ray.kill(reader.handle, no_restart=True)
        self._readers.clear()
        return tuple(last)

    def _heard(self, name: str, gone: list[str]) -> ReaderReport | None:
        reader = self._readers[name]
        asked, reader.asked = reader.asked, None
        try:
            report: ReaderReport = ray.get(asked)
        except RayActorError:
            if reader.is_up:
                gone.append(name)
            reader.is_up = False
            return None
        except RayError as error:
            LOG.warning("reader %s: %s", name, str(error).splitlines()[-1])
            return None
        if reader.process is not None and report.process != reader.process and reader.is_up:
            gone.append(name)
        reader.heard_s, reader.process, reader.is_up = time.monotonic(), report.process, True
        return report

    def _silent(self) -> list[str]:
        """Ends readers that hang: two must never read one camera; Ray starts them anew."""
        silent: list[str] = []
        for name, reader in self._readers.items():
            quiet_s = time.monotonic() - reader.heard_s
            if reader.is_up and quiet_s > self._settings.silent_s:
                LOG.warning("reader %s is silent for %.1f s and is started anew", name, quiet_s)
                ray.kill(reader.handle, no_restart=False)
                reader.is_up, reader.asked = False, None
                silent.append(name)
        return silent
