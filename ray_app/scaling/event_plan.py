"""Scales ahead of the programme: the planned curve, re-fitted to what is measured."""

from dataclasses import dataclass, field, replace

import numpy as np

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.scaling.fleet import FleetSettings, HeldPeak, hold_peak, replicas_for
from ray_app.scaling.load import Anchor, Decision, Load
from ray_app.scaling.overdue_nodes import Asked, ask, overdue
from ray_app.scaling.plan_curve import PlanCurve, planned_time_s
from ray_app.scaling.plan_fit import PlanFit
from ray_app.scaling.plan_trust import (
    Samples,
    Trust,
    explained,
    fitted,
    judged,
    remember,
    surge_of,
    with_surge,
)

# Calm: within so long the plan rises by no more than that share, and the work is near the plan.
CALM_S, CALM_RISE, CALM_ABOVE = 300.0, 0.25, 0.05


@settings
class EventPlanSettings:
    """How far to follow the plan.

    Attributes:
        fleet: What a replica can do.
        curve: The plan.
        utilisation: Share of a replica's throughput planned with for forecast work, and for work
            measured in a calm that the plan explains.
        reactive_utilisation: The same for other work measured now, which may still grow, and for
            surges that come again.
        broken_utilisation: The same once the plan has proved wrong.
        replica_lead_s: From asking for a replica on a node that is up to its first frame, with
            the control loop's lag, seconds.
        node_lead_s: The same when the node has to be booted first (95th percentile), seconds.
        margin_s: Looked ahead beyond the lead, for delays not yet fitted, seconds.
        hold_s: How long a peak is remembered, seconds.
        broken_hold_s: The same once the plan has proved wrong.
        scale_sd: Standard deviation of the real over the planned work.
        shift_sd_s: Standard deviation of the event's delay, seconds.
    """

    fleet: FleetSettings
    curve: PlanCurve
    utilisation: float = 0.94
    reactive_utilisation: float = 0.82
    broken_utilisation: float = 0.6
    replica_lead_s: float = 60.0
    node_lead_s: float = 240.0
    margin_s: float = 120.0
    hold_s: float = 60.0
    broken_hold_s: float = 900.0
    scale_sd: float = 0.15
    shift_sd_s: float = 300.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("utilisation", self.utilisation, 0, 1),
            above("reactive_utilisation", self.reactive_utilisation, 0, 1),
            above("broken_utilisation", self.broken_utilisation, 0, 1),
            between("replica_lead_s", self.replica_lead_s, 0, self.node_lead_s),
            between("node_lead_s", self.node_lead_s, 0, 3600),
            above("scale_sd", self.scale_sd, 0, 2),
            above("shift_sd_s", self.shift_sd_s, 0, 7200),
        )


@dataclass(frozen=True, slots=True)
class EventPlanMemory:
    """What is carried from one decision to the next; all of it regrows in minutes.

    Attributes:
        samples: Measurements of the last quarter of an hour.
        fit: How reality relates to the plan.
        surge: How far the work has lately risen above the plan; 1 for not at all.
        trust: Whether the plan still holds.
        held_replicas: Peaks of replicas not yet forgotten.
        held_warm: Peaks of warm GPUs not yet forgotten.
        asked: What was asked for lately.
    """

    samples: Samples = field(default_factory=Samples)
    fit: PlanFit = field(default_factory=PlanFit)
    surge: float = 1.0
    trust: Trust = field(default_factory=Trust)
    held_replicas: HeldPeak = field(default_factory=HeldPeak)
    held_warm: HeldPeak = field(default_factory=HeldPeak)
    asked: Asked = field(default_factory=Asked)


def decide(
    load: Load, memory: EventPlanMemory, settings: EventPlanSettings
) -> tuple[Decision, EventPlanMemory]:
    """Asks for what the plan, as fitted, needs soon, and for no less than is offered now.

    While nobody tells the load, the plan alone decides, and nothing is given back.
    """
    samples = remember(memory.samples, load, settings.curve)
    fit, surge = memory.fit, memory.surge
    if samples.is_due:
        fit = fitted(samples, load.anchors, settings.curve, settings.scale_sd, settings.shift_sd_s)
        surge = surge_of(samples, load.anchors, settings.curve, fit)
    now_s = plan_now_s(load, settings.curve.moments, fit)
    known = explained(settings.curve, fit, surge, now_s)
    trust = judged(memory.trust, load, known, is_new=samples.last_s == load.time_s)
    now = EventPlanMemory(samples, fit, surge, trust)
    soon = _need(load, now_s, settings.replica_lead_s, now, settings)
    later = _need(load, now_s, settings.node_lead_s, now, settings)
    hold_s = settings.broken_hold_s if trust.is_broken else settings.hold_s
    if load.offered_per_s is None:
        soon = max(soon, load.target)
    replicas, held = hold_peak(memory.held_replicas, load.time_s, soon, hold_s)
    warm, held_warm = hold_peak(memory.held_warm, load.time_s, max(soon, later), hold_s)
    asked = ask(memory.asked, load.time_s, replicas, warm, settings)
    late = overdue(asked, load.time_s, load.running, settings)
    now = replace(now, held_replicas=held, held_warm=held_warm, asked=asked)
    return Decision(replicas, min(settings.fleet.max_replicas, warm + late)), now


def plan_now_s(load: Load, moments: tuple[Anchor, ...], fit: PlanFit) -> float:
    """Returns where in the plan reality stands, seconds of planned time."""
    known = load.anchors
    pinned = planned_time_s(np.array([load.time_s]), moments, known) if known else [load.time_s]
    return float(pinned[0]) - fit.shift_s


def _need(
    load: Load, now_s: float, lead_s: float, now: EventPlanMemory, settings: EventPlanSettings
) -> int:
    """Returns the replicas that carry what is forecast within the lead, and what is there now."""
    ahead_s = now_s + lead_s + settings.margin_s
    planned = now.fit.scale * settings.curve.peak_between(now_s, ahead_s)
    fleet = settings.fleet
    need = replicas_for(planned, settings.utilisation, fleet)
    if now.surge > 1:
        again = with_surge(settings.curve, now.fit, now.surge, now_s, ahead_s)
        need = replicas_for(again, settings.reactive_utilisation, fleet)
    if load.offered_per_s is None:
        return need
    # Work that grows goes on growing while a replica starts; a surprise, while a node boots.
    grown_s = lead_s if now.trust.is_surging else settings.replica_lead_s
    expected = load.offered_per_s + grown_s * now.samples.growth_per_s(load)
    return max(need, replicas_for(expected, _measured_share(load, now_s, now, settings), fleet))


def _measured_share(
    load: Load, now_s: float, now: EventPlanMemory, settings: EventPlanSettings
) -> float:
    """Returns the share of a replica's throughput that measured work is planned with."""
    if now.trust.is_broken:
        return settings.broken_utilisation
    if now.surge > 1 or load.offered_per_s is None:
        return settings.reactive_utilisation
    curve = settings.curve
    planned = curve.peak_between(now_s, now_s)
    is_calm = curve.peak_between(now_s - CALM_S, now_s + CALM_S) <= (1 + CALM_RISE) * planned
    is_explained = load.offered_per_s <= (1 + CALM_ABOVE) * now.fit.scale * planned
    return settings.utilisation if is_calm and is_explained else settings.reactive_utilisation
