"""Serve's own decisions on a simulated clock."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
import ray.serve._private.autoscaling_state as state_module
import ray.serve.autoscaling_policy as policy_module
from ray.serve._private.common import (
    RUNNING_REQUESTS_KEY,
    DeploymentHandleSource,
    DeploymentID,
    HandleMetricReport,
    ReplicaID,
    ReplicaMetricReport,
    TimeStampedValue,
)
from ray.serve._private.config import DeploymentConfig
from ray.serve._private.constants import SERVE_LOGGER_NAME
from ray.serve._private.deployment_info import DeploymentInfo
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy

from ray_app.domain.errors import VigieError
from ray_app.simulator.serve_settings import ServedPolicy

WRITTEN_FOR = "2.60."
EPOCH_S = 1_000_000_000.0
CARRIERS = 2
DEPLOYMENT = DeploymentID(name="detector", app_name="vigie")


class RayMovedError(VigieError):
    """The installed Ray is not the one this simulator was written for."""


class SimulatedClock:
    """Stands in for the module `time` inside Ray's two modules."""

    def __init__(self) -> None:
        self.now_s = EPOCH_S

    def set(self, event_time_s: float) -> None:
        """Moves to a time of the event's clock."""
        self.now_s = EPOCH_S + event_time_s

    def time(self) -> float:
        """Seconds of the simulated epoch."""
        return self.now_s

    def monotonic(self) -> float:
        """The same: simulated clocks do not jump."""
        return self.now_s

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


@contextmanager
def simulated_clock() -> Iterator[SimulatedClock]:
    """Gives Ray's autoscaling modules a clock of ours until the end of the block.

    Raises:
        RayMovedError: Another Ray is installed.
    """
    if not ray.__version__.startswith(WRITTEN_FOR):
        raise RayMovedError(
            f"the simulator drives Serve of ray {WRITTEN_FOR}x, found {ray.__version__}; "
            "install ray==2.60.*"
        )
    clock = SimulatedClock()
    before = (policy_module.time, state_module.time)
    policy_module.time = state_module.time = clock
    # Serve tells of every policy it builds; a study builds thousands.
    logger = logging.getLogger(SERVE_LOGGER_NAME)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield clock
    finally:
        policy_module.time, state_module.time = before
        logger.setLevel(level)


@dataclass(frozen=True, slots=True)
class ServeDecision:
    """What Serve decided.

    Attributes:
        target: Replicas.
        state: What the policy returned beside.
    """

    target: int
    state: Mapping[str, Any]


class SimulatedServe:
    """Serve's DeploymentAutoscalingState for one deployment: its merge, policy, delays, bounds."""

    def __init__(
        self, served: ServedPolicy, clock: SimulatedClock, first_target: int, max_replicas: int
    ) -> None:
        self._clock = clock
        self.config = _config(served, max_replicas)
        self._state: Any = state_module.DeploymentAutoscalingState(DEPLOYMENT)
        info = DeploymentInfo(
            deployment_config=DeploymentConfig(autoscaling_config=self.config),
            replica_config=None,
            start_time_ms=0,
            deployer_job_id="",
            version="1",
        )
        self.target: int = self._state.register(info, first_target)
        for gauge in (
            "autoscaling_decision_gauge",
            "autoscaling_total_requests_gauge",
            "autoscaling_policy_execution_time_gauge",
            "autoscaling_target_ongoing_requests_gauge",
        ):
            # Nobody scrapes a simulation; exporting costs a third of every decision.
            setattr(self._state, gauge, _NoGauge())
        self._ids: dict[int, Any] = {}
        self._running: list[int] = []
        self._pushed: _Pushed | None = None
        self._reports = 0

    @property
    def record_every_s(self) -> float:
        """How often a handle samples its queue (router.py), seconds."""
        return min(0.2 * float(self.config.look_back_period_s), self.push_every_s)

    @property
    def push_every_s(self) -> float:
        """How often samples reach the controller, seconds."""
        return float(self.config.metrics_interval_s)

    def set_running(self, replicas: Sequence[int]) -> None:
        """Tells which replicas run, by number, oldest first."""
        now = list(replicas)
        if now == self._running:
            return
        kept = set(now)
        for number in self._running:
            if number not in kept:
                self._state.on_replica_stopped(self._ids.pop(number))
        for number in now:
            if number not in self._ids:
                self._ids[number] = ReplicaID(f"r{number}", DEPLOYMENT)
        self._running = now
        self._state.update_running_replica_ids([self._ids[number] for number in now])
        if self._pushed is not None and self._pushed.replicas:
            left = sum(number in kept for number in self._pushed.replicas)
            self._hand_over(self._pushed, left / len(self._pushed.replicas))

    def push_queue(
        self, times_s: Sequence[float], queued: Sequence[float], running: Sequence[float]
    ) -> None:
        """Hands over what a handle recorded: queued and running requests of the whole fleet.

        Running requests are spread evenly over the replicas that run now.
        """
        self._pushed = _Pushed(
            tuple(EPOCH_S + t for t in times_s), tuple(queued), tuple(running), tuple(self._running)
        )
        self._hand_over(self._pushed, 1.0)

    def _hand_over(self, pushed: "_Pushed", share: float) -> None:
        """Gives Serve one series instead of one per replica.

        All replicas' series have the same stamps and values, so their merge is their sum; Serve
        masks those of stopped replicas until the next push, which here is the share that is
        left. tests/simulator/test_ray_contract.py holds the two forms together.
        """
        self._reports += 1
        oldest = [self._ids[number].to_full_id_str() for number in self._running[:1]]
        together = [
            TimeStampedValue(at, value * share)
            for at, value in zip(pushed.times_s, pushed.running, strict=True)
        ]
        self._state.record_request_metrics_for_handle(
            HandleMetricReport(
                deployment_id=DEPLOYMENT,
                handle_id="readers",
                actor_id="reader-fleet",
                handle_source=DeploymentHandleSource.UNKNOWN,
                queued_requests=[
                    TimeStampedValue(at, value)
                    for at, value in zip(pushed.times_s, pushed.queued, strict=True)
                ],
                metrics={RUNNING_REQUESTS_KEY: dict.fromkeys(oldest, together)},
                timestamp=self._clock.now_s + 1e-6 * self._reports,
            )
        )

    def push_stats(self, stats: Mapping[str, float]) -> None:
        """Hands over what `record_autoscaling_stats()` of the oldest replicas returned."""
        now_s = self._clock.now_s
        metrics = {name: [TimeStampedValue(now_s, value)] for name, value in stats.items()}
        for number in self._running[:CARRIERS]:
            self._state.record_request_metrics_for_replica(
                ReplicaMetricReport(self._ids[number], metrics, now_s)
            )

    def decide(self) -> ServeDecision:
        """Runs one pass of the control loop."""
        before = self.target
        self.target = int(self._state.get_decision_num_replicas(before))
        if self.target > before:
            self._state.record_scale_up()
        elif self.target < before:
            self._state.record_scale_down()
        return ServeDecision(self.target, self._state._policy_state or {})  # noqa: SLF001


def _config(served: ServedPolicy, max_replicas: int) -> AutoscalingConfig:
    knobs: dict[str, Any] = {"min_replicas": 1, "max_replicas": max_replicas, **served.knobs}
    knobs["max_replicas"] = min(max_replicas, int(knobs["max_replicas"]))
    if served.function is not None:
        knobs["policy"] = AutoscalingPolicy(
            policy_function=served.function, policy_kwargs=dict(served.kwargs)
        )
    return AutoscalingConfig(**knobs)


@dataclass(frozen=True, slots=True)
class _Pushed:
    times_s: tuple[float, ...]
    queued: tuple[float, ...]
    running: tuple[float, ...]
    replicas: tuple[int, ...]


class _NoGauge:
    def set(self, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Forgets it."""
