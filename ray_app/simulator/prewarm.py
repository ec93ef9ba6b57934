"""When to ask for how many GPUs before the event: a schedule one can paste."""

from dataclasses import dataclass

import numpy as np

from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import lead_times_s
from ray_app.simulator.load_trace import plan_curve

STEP_S = 300.0
UTILISATION = 0.85


@dataclass(frozen=True, slots=True)
class WarmStep:
    """From this time on, so many GPUs shall be up.

    Attributes:
        at_s: On the event's clock, seconds.
        gpus: GPUs to ask for.
        replicas: Replicas the plan needs then.
    """

    at_s: float
    gpus: int
    replicas: int


def prewarm_schedule(profile: EventProfile) -> tuple[WarmStep, ...]:
    """Returns the steps of the plan, early by the lead time of nodes, rounded to whole nodes.

    It is what the event-plan policy would ask for on a day exactly as planned, in steps of
    five minutes: for those who pre-warm by hand.
    """
    curve = plan_curve(profile)
    lead_s = lead_times_s(profile)["node_lead_s"]
    per_node = profile.machines.nodes[0].gpus
    most = profile.machines.max_gpus
    steps: list[WarmStep] = []
    for at_s in np.arange(60.0 * profile.from_min, 60.0 * profile.to_min, STEP_S):
        peak = curve.peak_between(at_s, at_s + STEP_S + lead_s)
        replicas = int(np.ceil(peak / (UTILISATION * profile.service.work_per_s)))
        gpus = min(most, per_node * -(-replicas // per_node))
        if not steps or steps[-1].gpus != gpus:
            steps.append(WarmStep(float(at_s), gpus, min(most, replicas)))
    return tuple(steps)
