"""The one class through which Serve, real or simulated, asks our policies."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ray_app.scaling.load import Anchor, Count, Decision, Load
from ray_app.scaling.policy_kinds import Json, kind_of, settings_from_json

OFFERED = "offered_work_per_s"
MOMENT = "moment."
COUNT = "count."
OLDEST_S = 30.0

MEMORY, WARM_GPUS, SHADOWS = "memory", "warm_gpus", "shadows"


class Sample(Protocol):
    """One stamped value of a metric."""

    @property
    def timestamp(self) -> float:
        """When, seconds of the epoch."""

    @property
    def value(self) -> float:
        """The value."""


class ServeContext(Protocol):
    """What is read of Serve's AutoscalingContext."""

    @property
    def current_time(self) -> float | None:
        """Now, seconds of the epoch."""

    @property
    def target_num_replicas(self) -> int:
        """The last decision."""

    @property
    def current_num_replicas(self) -> int:
        """Replicas that serve now."""

    @property
    def raw_metrics(self) -> Mapping[str, Mapping[Any, Sequence[Sample]]]:
        """Metric name -> replica -> samples, as `record_autoscaling_stats` gave them."""

    @property
    def policy_state(self) -> Mapping[str, Any] | None:
        """What the last call returned."""


class ServePolicy:
    """Serve builds it from policy_kwargs and calls it every control loop.

    Deploy it with `SERVE_NEUTRAL`, so that Serve's own delays and factors change nothing. Every
    replica repeats, from `record_autoscaling_stats()`, what the readers told it about the whole
    fleet: `offered_work_per_s` (tiles per second before shedding), `moment.NAME` (epoch
    seconds of a moment that happened or was announced), `count.ZONE` (people). The newest value
    of each counts, whichever replica has it; so adding or losing a replica changes no signal.

    Args:
        policy: Name of a policy of `policy_kinds`.
        settings: Its settings as plain data.
        zero_s: Epoch seconds of the planned zero of the event's clock.
        shadows: Name -> {policy, settings} of policies that are asked too, and only logged.
    """

    def __init__(
        self,
        policy: str,
        settings: Json,
        zero_s: float = 0.0,
        shadows: Mapping[str, Json] | None = None,
    ) -> None:
        self._zero_s = zero_s
        self._active = _Asked(policy, settings)
        self._shadows = {
            name: _Asked(written["policy"], written["settings"])
            for name, written in (shadows or {}).items()
        }

    def __call__(self, ctx: ServeContext) -> tuple[int, dict[str, Any]]:
        """Returns the replicas wanted, and the state Serve hands back next time.

        The state also tells the GPUs to keep warm (`warm_gpus`) and what every shadow would
        have asked for (`shadows`).
        """
        state = ctx.policy_state or {}
        load = load_of(ctx, self._zero_s)
        decision, memory = self._active.ask(load, state.get(MEMORY))
        told: dict[str, Any] = {MEMORY: memory, WARM_GPUS: decision.warm_gpus}
        if self._shadows:
            before = state.get(SHADOWS, {})
            told[SHADOWS] = {
                name: shadow.ask(load, before.get(name, (None, None))[1])
                for name, shadow in self._shadows.items()
            }
        return decision.replicas, told


# Serve's own damping switched off: ours decides alone. A push is made every 2 s.
SERVE_NEUTRAL: Mapping[str, float] = {
    "upscale_delay_s": 0.0,
    "downscale_delay_s": 0.0,
    "upscaling_factor": 1.0,
    "downscaling_factor": 1.0,
    "metrics_interval_s": 2.0,
    "look_back_period_s": 10.0,
}


def load_of(ctx: ServeContext, zero_s: float) -> Load:
    """Returns the newest of every signal on the event's clock; stale ones are unknown."""
    now_s = ctx.current_time or 0.0
    offered: float | None = None
    anchors: list[Anchor] = []
    counts: list[Count] = []
    for name, by_replica in ctx.raw_metrics.items():
        if name == OFFERED:
            offered = _newest(by_replica, now_s)
        elif name.startswith(MOMENT):
            told_s = _newest(by_replica, now_s)
            if told_s is not None:
                anchors.append(Anchor(name.removeprefix(MOMENT), told_s - zero_s))
        elif name.startswith(COUNT):
            people = _newest(by_replica, now_s)
            if people is not None:
                counts.append(Count(name.removeprefix(COUNT), people))
    return Load(
        time_s=now_s - zero_s,
        offered_per_s=offered,
        target=ctx.target_num_replicas,
        anchors=tuple(anchors),
        counts=tuple(counts),
        running=ctx.current_num_replicas,
    )


def _newest(by_replica: Mapping[Any, Sequence[Sample]], now_s: float) -> float | None:
    newest: Sample | None = None
    for samples in by_replica.values():
        last = samples[-1] if samples else None
        if last is not None and (newest is None or last.timestamp > newest.timestamp):
            newest = last
    if newest is None or now_s - newest.timestamp > OLDEST_S:
        return None
    return newest.value


class _Asked:
    def __init__(self, policy: str, settings: Json) -> None:
        self._kind = kind_of(policy)
        self._settings = settings_from_json(self._kind, settings)

    def ask(self, load: Load, memory: object | None) -> tuple[Decision, object]:
        return self._kind.decide(load, memory or self._kind.memory(), self._settings)
