"""A day of hours squeezed into minutes, on a fleet small enough to be pretended on one machine."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ray_app.planning.fake_cluster import NodeKind
from ray_app.scaling.load import Anchor
from ray_app.scaling.policy_kinds import kind_of
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import EVENT_PLAN, OFFERED_LOAD, lead_times_s, settings_json
from ray_app.simulator.load_trace import LoadTrace, plan_curve
from ray_app.simulator.machines import BootSettings, MachinesSettings, NodeType
from ray_app.simulator.ray_adapter.serve import EPOCH_S
from ray_app.simulator.scenario import SCENARIOS, draw_trace
from ray_app.simulator.serve_settings import NEUTRAL, OUR_CLASS, DataPath, ServedPolicy
from ray_app.simulator.service import ServiceSettings
from ray_app.simulator.simulation import Day

MOST_REPLICAS = 5
PEAK_SHARE = 0.72
"""Of the fleet's throughput, at the planned peak."""
FIRST_PART = 0.3
"""Of the watch that is left out: little happens before the gates open."""
DEADLINE_S, BOOT_S, IDLE_S = 2.0, 3.0, 6.0
KIND = NodeKind("gpu", cpus=1, gpus=1, most=MOST_REPLICAS, boot_s=BOOT_S)
HOLDS_FASTER = 30.0
"""Nodes here boot so much faster than a cloud's; what waits for nodes is as much shorter."""
HOLDS = ("hold_s", "broken_hold_s")
TICK_S = 1.0
"""Simulated machines move once a second: on average half of it passes until something is noticed,
and half until somebody acts on it. On a day of hours that is nothing, here it is."""

# A request is one unit of work: batches and waits for them are not squeezed with the day.
SERVICE = ServiceSettings(
    overhead_s=0.0,
    per_tile_s=0.4,
    source="a replica that waits, benchmarked by vigie simulate validate",
    batch_max=1,
    batch_wait_s=0.0,
    jitter=0.1,
    start_s=3.0,
    start_spread=0.15,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """How the pretended cluster of this machine behaves; what the simulator is told of it.

    Attributes:
        replica_s: From a node that is up to a replica that serves, median, seconds.
        node_s: From the order of a node to a node that takes replicas, median, seconds.
        idle_s: From a node's last replica to the node's return, seconds.
        call_s: What a call takes beyond the work, seconds.
    """

    replica_s: float = 3.0
    node_s: float = 6.0
    idle_s: float = IDLE_S
    call_s: float = 0.0


def machine_profile(profile: EventProfile, measured: Measured) -> EventProfile:
    """Returns the event with the pretended machines for its own."""
    node = NodeType(
        name=KIND.name,
        gpus=1,
        max_nodes=MOST_REPLICAS,
        price_per_h=0.0,
        price_source="pretended",
        boot=BootSettings(median_s=_ticked(measured.node_s), spread=0.1, failure=0.0),
    )
    machines = MachinesSettings(
        nodes=(node,), idle_s=_ticked(measured.idle_s), schedule_every_s=1.0, least_billed_s=0.0
    )
    service = replace(
        SERVICE,
        per_tile_s=SERVICE.per_tile_s + measured.call_s,
        start_s=_ticked(measured.replica_s),
    )
    return replace(profile, service=service, machines=machines, deadline_s=DEADLINE_S)


def _ticked(took_s: float) -> float:
    """Returns how long something takes for machines that move once a second."""
    return max(0.0, took_s - TICK_S)


def squeezed_day(profile: EventProfile, scenario: str, seconds: int, measured: Measured) -> Day:
    """Returns a day of seed 1 squeezed into so many seconds that begin at 0."""
    whole = draw_trace(profile, SCENARIOS[scenario], seed=1)
    squeeze = _Squeeze.of(profile, whole.start_s, whole.seconds, seconds)
    trace = LoadTrace(
        start_s=0.0,
        zones=whole.zones,
        work_per_s=squeeze.means(whole.work_per_s) * squeeze.scale,
        frames_per_s=squeeze.means(whole.frames_per_s) * squeeze.scale,
        fps=squeeze.means(whole.fps),
        people=squeeze.means(whole.people),
        anchors=tuple(Anchor(a.name, squeeze.time_s(a.time_s)) for a in whole.anchors),
        told_ahead_s=whole.told_ahead_s / squeeze.faster,
    )
    return Day(scenario, 1, machine_profile(profile, measured), trace)


def squeezed_policies(profile: EventProfile, seconds: int) -> Mapping[str, ServedPolicy]:
    """Returns the policies that are compared, with the leads of the machines as first measured.

    What is measured later changes the simulated machines and never a policy: both sides run the
    same settings.
    """
    machine = machine_profile(profile, Measured())
    return {
        EVENT_PLAN: _ours(EVENT_PLAN, profile, machine, seconds),
        OFFERED_LOAD: _ours(OFFERED_LOAD, profile, machine, seconds),
        "schedule": _ours("schedule", profile, machine, seconds),
        "ray_queue": ServedPolicy(
            "ray_queue",
            knobs={
                "target_ongoing_requests": 0.8,
                "upscale_delay_s": 1.0,
                "downscale_delay_s": 20.0,
                "metrics_interval_s": 1.0,
                "look_back_period_s": 4.0,
            },
            path=DataPath.DROP_STALE,
        ),
    }


def _ours(name: str, profile: EventProfile, machine: EventProfile, seconds: int) -> ServedPolicy:
    kwargs = {
        "policy": name,
        "settings": _settings(name, profile, machine, seconds),
        "zero_s": EPOCH_S,
    }
    return ServedPolicy(name, OUR_CLASS, kwargs, NEUTRAL, DataPath.SHED)


def _settings(
    name: str, profile: EventProfile, machine: EventProfile, seconds: int
) -> dict[str, Any]:
    curve = plan_curve(profile)
    whole_s = len(curve.offered_per_s) * curve.step_s
    squeeze = _Squeeze.of(profile, curve.start_s, int(whole_s), seconds)
    leads = lead_times_s(machine)
    told: dict[str, Any] = {}
    usual = {key: getattr(kind_of(name).settings, key, None) for key in _times_of(name)}
    for key, value in (usual | settings_json(name, profile)).items():
        if key in leads:
            told[key] = leads[key]
        elif key.endswith("_s") and isinstance(value, float):
            told[key] = value / (HOLDS_FASTER if key in HOLDS else squeeze.faster)
        else:
            told[key] = value
    told["fleet"] = {
        "work_per_s": SERVICE.work_per_s,
        "min_replicas": 1,
        "max_replicas": MOST_REPLICAS,
    }
    if "curve" in told:
        told["curve"] = squeeze.curve(told["curve"])
    return told


def _times_of(name: str) -> list[str]:
    """Returns the settings of a policy that are times."""
    return [key for key in kind_of(name).settings.__annotations__ if key.endswith("_s")]


@dataclass(frozen=True, slots=True)
class _Squeeze:
    """How a second of the day becomes one of the squeezed day, and its work a request.

    Attributes:
        faster: Seconds of the day per squeezed second.
        zero_s: Where the squeezed day begins, on the event's clock.
        skipped: Seconds left out before it.
        seconds: Length of the squeezed day.
        scale: Requests per tile.
    """

    faster: float
    zero_s: float
    skipped: int
    seconds: int
    scale: float

    @classmethod
    def of(cls, profile: EventProfile, start_s: float, length: int, seconds: int) -> "_Squeeze":
        skipped = int(FIRST_PART * length)
        peak = float(plan_curve(profile).offered_per_s.max())
        return cls(
            faster=(length - skipped) / seconds,
            zero_s=start_s + skipped,
            skipped=skipped,
            seconds=seconds,
            scale=PEAK_SHARE * MOST_REPLICAS * SERVICE.work_per_s / peak,
        )

    def time_s(self, at_s: float) -> float:
        """Returns when a moment of the event's clock is."""
        return (at_s - self.zero_s) / self.faster

    def means(self, values: FloatArray) -> FloatArray:
        """Returns the mean of every squeezed second; rows are seconds."""
        edges = self.skipped + (np.arange(self.seconds + 1) * self.faster).astype(np.int64)
        pairs = zip(edges[:-1], np.maximum(edges[1:], edges[:-1] + 1), strict=True)
        return np.stack([values[first:last].mean(axis=0) for first, last in pairs])

    def curve(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a plan curve, squeezed; its first part stays, before second 0."""
        return {
            "start_s": self.time_s(written["start_s"]),
            "step_s": written["step_s"] / self.faster,
            "offered_per_s": [value * self.scale for value in written["offered_per_s"]],
            "moments": {name: self.time_s(at_s) for name, at_s in written["moments"].items()},
            "counts": written["counts"],
        }


def first_replicas(day: Day, utilisation: float) -> int:
    """Returns with how many replicas both sides begin."""
    first_per_s = float(day.trace.total_per_s[0])
    return max(1, math.ceil(first_per_s / (utilisation * SERVICE.work_per_s)))
