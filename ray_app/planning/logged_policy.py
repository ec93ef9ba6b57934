"""A policy inside a real Serve that writes down what it saw and decided, and its replay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray_app.scaling.serve_policy import ServeContext, ServePolicy


class LoggedPolicy:
    """ServePolicy, with a line written per decision.

    Args:
        policy: As ServePolicy takes it.
        settings: As ServePolicy takes them.
        zero_s: As ServePolicy takes it.
        log: File the lines are added to.
    """

    def __init__(self, policy: str, settings: Mapping[str, Any], zero_s: float, log: str) -> None:
        self._inner = ServePolicy(policy, settings, zero_s)
        self._log = Path(log)

    def __call__(self, ctx: ServeContext) -> tuple[int, dict[str, Any]]:
        """Returns what ServePolicy returns."""
        decided, state = self._inner(ctx)
        metrics = {
            name: {str(replica): _pairs(samples) for replica, samples in by_replica.items()}
            for name, by_replica in ctx.raw_metrics.items()
        }
        line = {
            "now_s": ctx.current_time,
            "target": ctx.target_num_replicas,
            "running": ctx.current_num_replicas,
            "is_first": not ctx.policy_state,
            "metrics": metrics,
            "decided": decided,
        }
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return decided, state


@dataclass(frozen=True, slots=True)
class RecordedSample:
    """One stamped value of a metric."""

    timestamp: float
    value: float


@dataclass(frozen=True, slots=True)
class RecordedContext:
    """What a policy saw in a real Serve."""

    current_time: float
    target_num_replicas: int
    current_num_replicas: int
    raw_metrics: Mapping[str, Mapping[str, Sequence[RecordedSample]]]
    policy_state: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """Decisions taken again from what was logged.

    Attributes:
        decisions: How many.
        with_load: Of those, how many knew the load.
        targets: Different targets decided.
        different: Indices of those that came out otherwise.
    """

    decisions: int
    with_load: int
    targets: tuple[int, ...]
    different: tuple[int, ...] = field(default_factory=tuple)


def replay_log(log: Path, policy: str, settings: Mapping[str, Any], zero_s: float) -> Replayed:
    """Decides every logged context again with a policy of our own, memory and all."""
    inner = ServePolicy(policy, settings, zero_s)
    state: Mapping[str, Any] | None = None
    different: list[int] = []
    targets: set[int] = set()
    with_load = count = 0
    for line in log.read_text("utf-8").splitlines():
        told = json.loads(line)
        if told["is_first"]:
            state = None
        metrics = {
            name: {
                replica: [RecordedSample(at, value) for at, value in pairs]
                for replica, pairs in by_replica.items()
            }
            for name, by_replica in told["metrics"].items()
        }
        context = RecordedContext(told["now_s"], told["target"], told["running"], metrics, state)
        decided, state = inner(context)
        if decided != told["decided"]:
            different.append(count)
        targets.add(decided)
        with_load += bool(metrics)
        count += 1
    return Replayed(count, with_load, tuple(sorted(targets)), tuple(different))


def _pairs(samples: Any) -> list[list[float]]:  # noqa: ANN401  a TimeSeries of Ray, or a list
    """Returns the newest sample: a policy looks at no other."""
    return [[float(one.timestamp), float(one.value)] for one in list(samples)[-1:]]
