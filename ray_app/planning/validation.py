"""Holds the simulator's decisions against those a real Serve takes, context by context."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray_app.planning.logged_policy import Replayed, replay_log
from ray_app.planning.real_serve import RealRun, play_for_real
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import settings_json
from ray_app.simulator.scenario import SCENARIOS, draw_trace

# The last two were never used in tuning.
TRACES = ("as_planned", "late_crowd", "fast_exit", "slow_cloud", "late_start_untold")
MOST_REPLICAS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One policy on one day of a real Serve.

    Attributes:
        scenario: Kind of day.
        policy: Name of the policy.
        replayed: Its decisions, taken again offline.
        running: Replicas that ran, twice a second.
    """

    scenario: str
    policy: str
    replayed: Replayed
    running: tuple[int, ...]


def validate_decisions(
    profile: EventProfile, policies: tuple[str, ...], seconds: int, folder: Path
) -> tuple[Verdict, ...]:
    """Plays each policy on each day for so many seconds, and decides all contexts again."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [(name, policy) for name in TRACES for policy in policies]
    runs = [_run(profile, name, policy, seconds, folder) for name, policy in named]
    for run in runs:
        run.log.unlink(missing_ok=True)
    played = play_for_real(runs)
    return tuple(
        Verdict(name, policy, replay_log(run.log, policy, run.settings, zero_s), running)
        for (name, policy), run, (zero_s, running) in zip(named, runs, played, strict=True)
    )


def _run(profile: EventProfile, name: str, policy: str, seconds: int, folder: Path) -> RealRun:
    """Returns a day squeezed into some seconds, on a fleet small enough for any machine."""
    trace = draw_trace(profile, SCENARIOS[name], seed=1)
    faster = trace.seconds / seconds
    picks = [int(second * faster) for second in range(seconds)]
    peak = float(trace.total_per_s.max())
    work_per_s = peak / (0.7 * MOST_REPLICAS)
    settings = settings_json(policy, profile)
    settings["fleet"] = {
        "work_per_s": work_per_s, "min_replicas": 1, "max_replicas": MOST_REPLICAS
    }  # fmt: skip
    return RealRun(
        policy=policy,
        settings=_squeezed(settings, faster, trace.start_s),
        offered_per_s=tuple(float(trace.total_per_s[pick]) for pick in picks),
        max_replicas=MOST_REPLICAS,
        log=folder / f"{name}_{policy}.jsonl",
    )


def _squeezed(settings: Mapping[str, Any], faster: float, start_s: float) -> dict[str, Any]:
    """Returns settings whose times run so much faster; the day begins at 0."""
    told = {
        key: value / faster if key.endswith("_s") and isinstance(value, float) else value
        for key, value in settings.items()
    }
    if "curve" in settings:
        curve = dict(settings["curve"])
        curve["moments"] = {
            name: (at_s - start_s) / faster for name, at_s in curve["moments"].items()
        }
        curve |= {"start_s": 0.0, "step_s": curve["step_s"] / faster, "counts": {}}
        told["curve"] = curve
    return told
