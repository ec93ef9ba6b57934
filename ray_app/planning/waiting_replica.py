"""A replica that takes the time of the work and no processor."""

import asyncio
import json
import time
from pathlib import Path

import numpy as np

from ray_app.scaling.serve_policy import OLDEST_S
from ray_app.simulator.service import ServiceSettings

DONE, DROPPED = "done", "dropped"


class WaitingReplica:
    """Works on one request at a time, and repeats what the readers told it.

    Args:
        service: How long it works.
        stale_s: Age from which a request costs no work, seconds; None for never.
        log: File that its start is added to.
    """

    def __init__(self, service: ServiceSettings, stale_s: float | None, log: str) -> None:
        import ray

        self._service, self._stale_s = service, stale_s
        self._turn = asyncio.Lock()
        self._rng = np.random.default_rng()
        self._told_at, self._told = 0.0, dict[str, float]()
        node = ray.get_runtime_context().get_node_id()
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "node": node}) + "\n")

    async def work(self, taken_at: float, told_at: float, told: dict[str, float]) -> str:
        """Waits for its turn, and as long as the work takes; says what became of the request."""
        if told_at > self._told_at:
            self._told_at, self._told = told_at, told
        async with self._turn:
            if self._stale_s is not None and time.time() - taken_at > self._stale_s:
                return DROPPED
            sigma = self._service.jitter
            noise = float(np.exp(sigma * self._rng.standard_normal() - sigma * sigma / 2))
            await asyncio.sleep(noise * self._service.full_batch_s)
            return DONE

    def record_autoscaling_stats(self) -> dict[str, float]:
        """Repeats what readers told of all cameras; Serve hands it to the scaling policy."""
        return self._told if time.time() - self._told_at <= OLDEST_S else {}
