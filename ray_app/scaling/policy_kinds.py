"""The policies by name: a literal table, so that a name in a file means one thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ray_app.domain.settings import settings
from ray_app.scaling import event_plan, forecast, offered_load, schedule
from ray_app.scaling.fleet import FleetSettings
from ray_app.scaling.load import Anchor, Decision, Load
from ray_app.scaling.plan_curve import PlanCurve, PlannedCount

# A table over policies of different settings and memories cannot name one type for them.
Decide = Callable[[Load, Any, Any], tuple[Decision, Any]]


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """One policy.

    Attributes:
        decide: (load, memory, settings) -> (decision, memory), pure.
        settings: Its settings class.
        memory: Its memory class; built without arguments it remembers nothing.
    """

    decide: Decide
    settings: type[Any]
    memory: type[Any]

    @property
    def needs_plan(self) -> bool:
        """Whether its settings want a plan curve."""
        return "curve" in self.settings.__annotations__


POLICIES: Mapping[str, PolicyKind] = {
    "offered_load": PolicyKind(
        offered_load.decide, offered_load.OfferedLoadSettings, offered_load.OfferedLoadMemory
    ),
    "forecast": PolicyKind(forecast.decide, forecast.ForecastSettings, forecast.ForecastMemory),
    "schedule": PolicyKind(schedule.decide, schedule.ScheduleSettings, schedule.ScheduleMemory),
    "event_plan": PolicyKind(
        event_plan.decide, event_plan.EventPlanSettings, event_plan.EventPlanMemory
    ),
}


def kind_of(name: str) -> PolicyKind:
    """Returns the policy of that name; raises ValueError naming the known ones."""
    if name not in POLICIES:
        raise ValueError(f"unknown policy {name!r}; known: {', '.join(POLICIES)}")
    return POLICIES[name]


Json = Mapping[str, Any]


def settings_from_json(kind: PolicyKind, written: Json) -> object:
    """Returns the settings of a policy from plain data, as Serve hands it over."""
    plain = dict(written)
    plain["fleet"] = FleetSettings(**plain["fleet"])
    if kind.needs_plan:
        plain["curve"] = curve_from_json(plain["curve"])
    return kind.settings(**plain)


def curve_to_json(curve: PlanCurve) -> dict[str, object]:
    """Returns a plan curve as plain data, to a tenth of a tile and a person."""
    return {
        "start_s": curve.start_s,
        "step_s": curve.step_s,
        "offered_per_s": [round(float(v), 1) for v in curve.offered_per_s],
        "moments": {moment.name: moment.time_s for moment in curve.moments},
        "counts": {c.zone: [round(float(v), 1) for v in c.people] for c in curve.counts},
    }


def curve_from_json(written: Json) -> PlanCurve:
    """Returns the plan curve that curve_to_json wrote."""
    return PlanCurve(
        float(written["start_s"]),
        float(written["step_s"]),
        np.array(written["offered_per_s"], dtype=np.float64),
        tuple(Anchor(name, float(time_s)) for name, time_s in written.get("moments", {}).items()),
        tuple(
            PlannedCount(zone, np.array(people, dtype=np.float64))
            for zone, people in written.get("counts", {}).items()
        ),
    )


@settings
class PolicySpec:
    """A policy as it is written down: its name and its settings as plain data."""

    policy: str
    settings: Json
