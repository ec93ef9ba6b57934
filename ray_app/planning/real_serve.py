"""Plays a compressed day on a real Serve whose replicas only wait: decisions are the product's."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray_app.batch.ray_session import ray_session
from ray_app.scaling.serve_policy import OFFERED, SERVE_NEUTRAL

POLICY = "ray_app.planning.logged_policy:LoggedPolicy"
LOOK_EVERY_S = 0.5
# The day begins when Serve has surely started the first replica.
STARTS_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class RealRun:
    """What is played for real.

    Attributes:
        policy: Name of one of our policies.
        settings: Its settings as plain data, times in compressed seconds.
        offered_per_s: Work offered, one value per compressed second.
        max_replicas: Never more.
        log: File the policy writes to.
    """

    policy: str
    settings: Mapping[str, Any]
    offered_per_s: tuple[float, ...]
    max_replicas: int
    log: Path


class WaitingDetector:
    """A replica that repeats, as ours do, what the readers offer; it works on nothing."""

    def __init__(self, offered_per_s: Sequence[float], zero_s: float) -> None:
        self._offered, self._zero_s = list(offered_per_s), zero_s

    def record_autoscaling_stats(self) -> dict[str, float]:
        """Returns the work offered at this moment of the compressed day."""
        second = int(time.time() - self._zero_s)
        return {OFFERED: self._offered[min(max(0, second), len(self._offered) - 1)]}

    async def __call__(self) -> None:
        """Does nothing."""


def play_for_real(runs: Sequence[RealRun]) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """Plays the runs one after the other.

    Returns:
        For every run the epoch second of its zero, and the replicas that ran, looked at twice a
        second.
    """
    with ray_session(None, workers=2, gpus=0):
        from ray import serve

        serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR"})
        try:
            return tuple(_play(serve, run) for run in runs)
        finally:
            serve.shutdown()


def _play(serve: Any, run: RealRun) -> tuple[float, tuple[int, ...]]:  # noqa: ANN401  a module
    zero_s = time.time() + STARTS_WITHIN_S
    deployment = serve.deployment(
        name="detector",
        ray_actor_options={"num_cpus": 0},
        graceful_shutdown_timeout_s=1.0,
        autoscaling_config={
            **SERVE_NEUTRAL,
            "metrics_interval_s": 0.5,
            "look_back_period_s": 1.0,
            "min_replicas": 1,
            "max_replicas": run.max_replicas,
            "policy": {
                "policy_function": POLICY,
                "policy_kwargs": {
                    "policy": run.policy,
                    "settings": dict(run.settings),
                    "zero_s": zero_s,
                    "log": str(run.log),
                },
            },
        },
    )(WaitingDetector)
    serve.run(deployment.bind(run.offered_per_s, zero_s), name="validate", route_prefix=None)
    seen: list[int] = []
    time.sleep(max(0.0, zero_s - time.time()))
    while time.time() < zero_s + len(run.offered_per_s):
        seen.append(_running(serve))
        time.sleep(LOOK_EVERY_S)
    serve.delete("validate")
    return zero_s, tuple(seen)


def _running(serve: Any) -> int:  # noqa: ANN401  a module
    told = serve.status().applications["validate"].deployments["detector"].replica_states
    return int(told.get("RUNNING", 0))
