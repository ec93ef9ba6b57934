"""Turns a study into what its page tells."""

import numpy as np

from ray_app.planning.event_study import ASKED_ABOUT, GOAL, PLANNED_FOR, Study
from ray_app.planning.idle_time import idle_time
from ray_app.planning.serve_paste import site_paste, warm_paste
from ray_app.report.plan_data import DayCurves, FloatArray, PlanData, PolicyPoint, Spread, WhatIf
from ray_app.report.plan_words import clock, percent
from ray_app.simulator.comparison import Interval, PolicyScore, score
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import ORACLE, RAY_DEFAULT
from ray_app.simulator.load_trace import plan_curve
from ray_app.simulator.outcome import Causes, Outcome
from ray_app.simulator.scenario import SCENARIOS
from ray_app.simulator.simulation import Day, draw_day, simulate

STEP_S = 30
CAUSES = tuple(Causes.__dataclass_fields__)
DRAWN = ("as_planned", "evacuation")


def plan_page_data(study: Study) -> PlanData:
    """Returns the page of a study; two days are played again for their curves."""
    profile = study.profile
    curves = tuple(_curves(study, name) for name in DRAWN)
    return PlanData(
        event=profile.event,
        headline=headline(study),
        facts=_facts(study),
        curves=curves,
        policies=tuple(_point(study, one) for one in study.scores),
        what_ifs=tuple(_what_if(study, name) for name in (*PLANNED_FOR, *ASKED_ABOUT)),
        warm_rows=tuple((f"{clock(s.at_s)} h", s.gpus, s.replicas) for s in study.warm),
        warm_paste=warm_paste(study),
        serve_paste=site_paste(study),
        notes=notes(profile, len(study.seeds)),
        sources=profile.sources,
        goal=GOAL,
        currency=study.profile.machines.currency,
    )


def headline(study: Study) -> str:
    """Returns the advice in one sentence."""
    advised = study.advised
    told = (
        f"Use {advised.policy.replace('_', ' ')}: {advised.gpu_h.mean:.0f} GPU-hours, "
        f"{percent(advised.missed_share.mean)} missed"
    )
    default = next((one for one in study.scores if one.policy == RAY_DEFAULT), None)
    if default is None or advised is default:
        return f"{told}."
    less = 1 - advised.gpu_h.mean / default.gpu_h.mean
    return f"{told}; {less:.0%} fewer GPU-hours than Ray's default."


def notes(profile: EventProfile, seeds: int) -> tuple[str, ...]:
    """Returns what the numbers rest on, one sentence each."""
    service, node = profile.service, profile.machines.nodes[0]
    return (
        f"Service times: a batch of n takes {1e3 * service.overhead_s:.1f} + n x "
        f"{1e3 * service.per_tile_s:.2f} ms; {service.work_per_s:.0f} tiles per second and "
        f"replica ({service.source}).",
        f"A replica starts in {service.start_s:.0f} s, a node boots in {node.boot.median_s:.0f} s "
        f"(medians); {node.boot.failure:.0%} of launches never come.",
        f"Prices: {node.name} {node.paid_per_h:g} {profile.machines.currency} an hour and node "
        f"({node.price_source}).",
        f"{seeds} days of each kind were drawn; every policy played the same days.",
        "Serve's own decision code of Ray 2.60 ran on a simulated clock; frames moved as a fluid, "
        "which is held to an exact frame-level engine by tests.",
        f"A frame counts as missed when it is not analysed within {profile.deadline_s:g} s.",
    )


def _facts(study: Study) -> tuple[tuple[str, str], ...]:
    profile = study.profile
    peak = float(plan_curve(profile).offered_per_s.max())
    cameras = sum(zone.cameras for zone in profile.zones)
    return (
        ("People expected", f"{profile.attendance:,}"),
        ("Cameras and drones", f"{cameras}"),
        ("Planned peak", f"{peak:,.0f} tiles/s"),
        ("GPUs at the peak", f"{max(step.gpus for step in study.warm)}"),
        ("Expected cost", f"{study.advised.money.mean:,.0f} {profile.machines.currency}"),
        ("Idle paid time", f"{idle_time(study).gpu_h:.1f} GPU-h"),
    )


def _point(study: Study, one: PolicyScore) -> PolicyPoint:
    own = [o for o in study.outcomes if o.policy == one.policy and o.scenario in PLANNED_FOR]
    offered = sum(o.offered for o in own)
    causes = tuple(
        (cause, sum(getattr(o.causes, cause) for o in own) / offered) for cause in CAUSES
    )
    return PolicyPoint(
        name=one.policy,
        gpu_h=_spread(one.gpu_h),
        money=_spread(one.money),
        missed=_spread(one.missed_share),
        missed_p95=one.missed_p95,
        alarmed=one.alarmed_share,
        is_recommended=one is study.advised,
        is_knee=one is study.knee,
        is_reference=one.policy == ORACLE,
        causes=causes,
    )


def _what_if(study: Study, name: str) -> WhatIf:
    own = [o for o in study.outcomes if o.policy == study.advised.policy and o.scenario == name]
    one = score(own, study.advised.policy)
    return WhatIf(
        name=name,
        about=SCENARIOS[name].about,
        missed=_spread(one.missed_share),
        alarmed=one.alarmed_share,
        gpu_h=_spread(one.gpu_h),
        money=_spread(one.money),
    )


def _curves(study: Study, name: str) -> DayCurves:
    day = draw_day(study.profile, name, SCENARIOS[name], study.seeds[0])
    title = f"{SCENARIOS[name].about}, under {study.advised.policy.replace('_', ' ')}"
    return day_curves(study.profile, day, simulate(day, study.served), title)


def day_curves(profile: EventProfile, day: Day, outcome: Outcome, title: str) -> DayCurves:
    """Returns the curves of one run, in steps of half a minute."""
    series, work_per_s = outcome.series, profile.service.work_per_s
    planned = plan_curve(profile)
    offered = _stepped(series.offered)
    return DayCurves(
        title=title[:1].upper() + title[1:],
        minutes=(series.time_s[::STEP_S][: len(offered)] + STEP_S / 2) / 60.0,
        offered=offered,
        capacity=_stepped(series.running) * work_per_s,
        paid=_stepped(series.paid_gpus) * work_per_s,
        planned=planned.at(planned.offered_per_s, series.time_s[::STEP_S])[: len(offered)],
        missed_share=_stepped(series.missed) / np.maximum(offered, 1e-9),
        moments=tuple((anchor.name, anchor.time_s / 60.0) for anchor in day.trace.anchors),
    )


def _stepped(values: FloatArray) -> FloatArray:
    whole = len(values) // STEP_S * STEP_S
    return np.asarray(values[:whole].reshape(-1, STEP_S).mean(axis=1))


def _spread(interval: Interval) -> Spread:
    return Spread(interval.mean, interval.low, interval.high)
