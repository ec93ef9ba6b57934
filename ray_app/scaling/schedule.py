"""Follows the programme as it was written, whatever happens."""

from dataclasses import dataclass

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.scaling.fleet import FleetSettings, replicas_for
from ray_app.scaling.load import Decision, Load
from ray_app.scaling.plan_curve import PlanCurve


@settings
class ScheduleSettings:
    """How early to follow.

    Attributes:
        fleet: What a replica can do.
        curve: The plan.
        utilisation: Share of a replica's throughput that is planned with.
        lead_s: Node boot plus replica start, seconds.
        margin_s: Looked ahead beyond the lead and behind now, seconds.
    """

    fleet: FleetSettings
    curve: PlanCurve
    utilisation: float = 0.8
    lead_s: float = 240.0
    margin_s: float = 60.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("utilisation", self.utilisation, 0, 1), between("lead_s", self.lead_s, 0, 3600)
        )


@dataclass(frozen=True, slots=True)
class ScheduleMemory:
    """Nothing: a schedule looks at the clock alone."""


def decide(
    load: Load, memory: ScheduleMemory, settings: ScheduleSettings
) -> tuple[Decision, ScheduleMemory]:
    """Asks for the most the plan needs within the lead time."""
    from_s, to_s = load.time_s - settings.margin_s, load.time_s + settings.lead_s
    planned = settings.curve.peak_between(from_s, to_s + settings.margin_s)
    need = replicas_for(planned, settings.utilisation, settings.fleet)
    return Decision(need, need), memory
