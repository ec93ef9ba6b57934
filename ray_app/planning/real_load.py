"""The cameras of a squeezed day: they send its requests to a real Serve and time the answers."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ray_app.planning.squeezed_day import SERVICE
from ray_app.scaling.serve_policy import COUNT, MOMENT, OFFERED
from ray_app.scaling.shedding import Shares, recovered
from ray_app.simulator.class_load import ClassLoad
from ray_app.simulator.exact import CameraDraws
from ray_app.simulator.serve_settings import DataPath
from ray_app.simulator.simulation import KEPT_UTILISATION

if TYPE_CHECKING:
    from ray_app.planning.real_day import RealDay

FAILED = "failed"
ENDS_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request: when it was sent, seconds of the day; how long it took; what became of it."""

    at_s: float
    took_s: float
    came: str


class Cameras:
    """Sends what a day offers, at the same moments and by the same rule of shedding as simulated.

    Args:
        handle: Of the deployment.
        real: The day.
        load: Its work by class.
        zero_at: Epoch seconds of its first second.
    """

    def __init__(self, handle: Any, real: "RealDay", load: ClassLoad, zero_at: float) -> None:  # noqa: ANN401
        self._handle, self._real, self._load = handle, real, load
        self._trace = real.day.trace
        self._draws = CameraDraws(real.day.seed)
        self._kept = Shares((1.0,) * len(load.names))
        self.zero_at = zero_at
        self.running = 0
        self.shed = 0.0
        self.calls: list[Call] = []

    async def send(self) -> None:
        """Sends the whole day and waits for the last answers."""
        waiting: set[asyncio.Task[None]] = set()
        for second in range(self._trace.seconds):
            await self._until(float(second))
            moments = self._moments(second)
            for moment in moments:
                await self._until(second + float(moment))
                call = asyncio.create_task(self._call())
                waiting.add(call)
                call.add_done_callback(waiting.discard)
        if waiting:
            await asyncio.wait(waiting, timeout=ENDS_WITHIN_S)

    def told(self, now_s: float) -> tuple[float, tuple[tuple[str, float], ...]]:
        """Returns the work offered now, and the people in the counted zones."""
        trace = self._trace
        second = min(max(0, int(now_s)), trace.seconds - 1)
        counts = tuple(
            (zone.name, float(trace.people[second, index]))
            for index, zone in enumerate(self._real.day.profile.zones)
            if zone.counted
        )
        return float(trace.total_per_s[second]), counts

    def _moments(self, second: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        work = self._load.work_per_s[second]
        admitted = work if (kept := self._shares(second)) is None else work * np.array(kept)
        self.shed += float((work - admitted).sum())
        return self._draws.moments(int(self._draws.counts(admitted).sum()))

    def _shares(self, second: int) -> tuple[float, ...] | None:
        if self._real.served.path is not DataPath.SHED:
            return None
        capacity = KEPT_UTILISATION * self.running * SERVICE.work_per_s
        if self._trace.total_per_s[second] <= capacity and min(self._kept.kept) >= 1.0:
            return None
        wanted = self._load.shares_at(second, capacity)
        self._kept = recovered(self._kept, wanted, 1.0)
        return self._kept.kept

    async def _until(self, second: float) -> None:
        await asyncio.sleep(max(0.0, self.zero_at + second - time.time()))

    async def _call(self) -> None:
        sent_at = time.time()
        try:
            came = await self._handle.work.remote(sent_at, sent_at, self._stats(sent_at))
        except Exception:  # noqa: BLE001  whatever a dying replica raises is counted
            came = FAILED
        self.calls.append(Call(sent_at - self.zero_at, time.time() - sent_at, came))

    def _stats(self, now_at: float) -> dict[str, float]:
        """Returns what the readers tell: work before shedding, moments, people counted."""
        now_s = now_at - self.zero_at
        offered, counts = self.told(now_s)
        told = {OFFERED: offered} | {COUNT + zone: people for zone, people in counts}
        for anchor in self._trace.anchors:
            if now_s >= anchor.time_s - self._trace.told_ahead_s:
                told[MOMENT + anchor.name] = self.zero_at + anchor.time_s
        return told
