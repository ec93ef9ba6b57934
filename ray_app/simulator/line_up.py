"""The policies that are compared, as Serve would be told."""

import math
from collections.abc import Mapping
from typing import Any

from ray_app.domain.errors import ConfigError
from ray_app.scaling.policy_kinds import curve_to_json, kind_of
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.load_trace import plan_curve
from ray_app.simulator.ray_adapter.serve import EPOCH_S
from ray_app.simulator.serve_settings import NEUTRAL, OUR_CLASS, DataPath, ServedPolicy

# From the push of a load to the end of the control loop that acts on it, seconds.
CONTROL_LAG_S = 8.0
FULL_UTILISATION = 0.85
RAY_DEFAULT, ORACLE, EVENT_PLAN, OFFERED_LOAD = (
    "ray_default",
    "oracle",
    "event_plan",
    "offered_load",
)
TUNED: Mapping[str, float] = {
    "upscale_delay_s": 0.0,
    "downscale_delay_s": 120.0,
    "downscaling_factor": 0.3,
    "metrics_interval_s": 2.0,
    "look_back_period_s": 12.0,
}
TUNED_TARGETS = (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
OURS = ("offered_load", "schedule", "forecast", "event_plan")


def line_up(profile: EventProfile) -> tuple[ServedPolicy, ...]:
    """Returns Ray's default, a tuned one, ours, and the clairvoyant reference."""
    return (
        ray_default(),
        ray_tuned(3.0),
        *(ours(name, profile) for name in OURS),
        oracle(profile),
    )


def ray_default() -> ServedPolicy:
    """Returns what Serve does when nobody tells it anything."""
    return ServedPolicy(RAY_DEFAULT)


def ray_tuned(target: float, path: DataPath = DataPath.DROP_STALE) -> ServedPolicy:
    """Returns Ray's own policy at its best known settings for one target of ongoing requests."""
    knobs = {**TUNED, "target_ongoing_requests": target}
    return ServedPolicy(f"ray_tuned_{target:g}", knobs=knobs, path=path)


def ray_only(profile: EventProfile) -> tuple[ServedPolicy, ...]:
    """Returns every way of setting Ray's own policy that is tried against ours."""
    del profile
    defaults = tuple(
        ServedPolicy(f"ray_target_{target:g}", knobs={"target_ongoing_requests": target}, path=path)
        for target in TUNED_TARGETS
        for path in (DataPath.DROP_STALE,)
    )
    return (ray_default(), *defaults, *(ray_tuned(target) for target in TUNED_TARGETS))


def ours(name: str, profile: EventProfile, **changes: float) -> ServedPolicy:
    """Returns one of our policies with the lead times of the event's machines."""
    return ServedPolicy(
        name, OUR_CLASS, policy_kwargs(name, profile, **changes), NEUTRAL, DataPath.SHED
    )


def policy_kwargs(name: str, profile: EventProfile, **changes: float) -> dict[str, Any]:
    """Returns what ServePolicy is built with in the simulator; all of it JSON."""
    return {"policy": name, "settings": settings_json(name, profile, **changes), "zero_s": EPOCH_S}


def settings_json(name: str, profile: EventProfile, **changes: float) -> dict[str, Any]:
    """Returns the settings of one of our policies for an event, as plain data."""
    kind = kind_of(name)
    known = kind.settings.__annotations__
    written: dict[str, Any] = {
        "fleet": {
            "work_per_s": round(profile.service.work_per_s, 3),
            "min_replicas": 1,
            "max_replicas": most_replicas(profile),
        }
    }
    given = lead_times_s(profile) | changes
    written |= {key: value for key, value in given.items() if key in known}
    if kind.needs_plan:
        written["curve"] = curve_to_json(plan_curve(profile))
    return written


def most_replicas(profile: EventProfile) -> int:
    """Returns what carries every camera at its full rate: more can never be needed."""
    full = sum(z.cameras * z.active[1] * z.fps[1] * z.tiles[1] for z in profile.zones)
    needed = math.ceil(full / (FULL_UTILISATION * profile.service.work_per_s))
    return max(1, min(profile.machines.max_gpus, needed))


def lead_times_s(profile: EventProfile) -> dict[str, float]:
    """Returns how early replicas and nodes have to be asked for, by the names of settings."""
    replica_s = round(profile.service.start_p95_s() + CONTROL_LAG_S, 1)
    boot_s = max(node.boot.p95_s() for node in profile.machines.nodes)
    node_s = round(replica_s + boot_s + profile.machines.schedule_every_s, 1)
    return {"replica_lead_s": replica_s, "node_lead_s": node_s, "lead_s": node_s}


def oracle(profile: EventProfile, utilisation: float = 0.97) -> ServedPolicy:
    """Returns the clairvoyant: it knows the real load of the day as far ahead as it needs."""
    lead_s = 1.4 * lead_times_s(profile)["node_lead_s"]
    return ServedPolicy(
        ORACLE, path=DataPath.SHED, oracle_lead_s=lead_s, oracle_utilisation=utilisation
    )


def users_own(written: str, knobs: Mapping[str, float]) -> ServedPolicy:
    """Returns a user's policy by its import path `module:name`, as Serve would load it.

    Raises:
        ConfigError: It is no import path.
    """
    module, colon, name = written.partition(":")
    if not (module and colon and name):
        raise ConfigError(
            f"policy {written!r} is none of {', '.join(OURS)} and no import path; "
            "write module:name, as my_policies:Mine"
        )
    return ServedPolicy(written, written, {}, {**NEUTRAL, **knobs}, DataPath.SHED)
