"""`vigie plan`: which policy to use for an event, what it costs, what to pre-warm."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from ray_app.commands.day_progress import DayProgress
from ray_app.commands.simulate import profile_of
from ray_app.planning.event_study import ASKED_ABOUT, GOAL, Study, study_event
from ray_app.planning.idle_time import idle_time, told_idle
from ray_app.planning.plan_page_data import headline, plan_page_data
from ray_app.planning.results import score_json, write_runs
from ray_app.planning.serve_paste import write_configs
from ray_app.report.plan_page import write_plan_page
from ray_app.report.plan_words import clock, percent
from ray_app.simulator.comparison import score
from ray_app.simulator.line_up import ORACLE, RAY_DEFAULT

PAGE = "plan.html"


def run(
    event: Path, service: Path | None, seeds: int, workers: int | None, out: Path, *, as_json: bool
) -> int:
    """Studies the event, writes page, results and configuration; returns 0."""
    study, page = plan_event(event, service, seeds, workers, out)
    if as_json:
        told = {
            "advised": study.advised.policy,
            "knee": study.knee.policy,
            "scores": [score_json(one) for one in study.scores],
            "idle": asdict(idle_time(study)),
            "page": str(page),
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        for line in plan_lines(study, page):
            typer.echo(line)
    return 0


def plan_event(
    event: Path, service: Path | None, seeds: int, workers: int | None, out: Path
) -> tuple[Study, Path]:
    """Returns the study of an event and the page written of it; `vigie demo` ends with it."""
    profile = profile_of(event, service)
    with DayProgress() as progress:
        study = study_event(profile, tuple(range(1, seeds + 1)), workers, progress)
    write_runs(out, study.outcomes, study.scores)
    write_configs(study, out)
    page = out / PAGE
    write_plan_page(plan_page_data(study), page)
    return study, page


def plan_lines(study: Study, page: Path) -> list[str]:
    """Returns the advice in ten lines."""
    profile, advised = study.profile, study.advised
    by_name = {one.policy: one for one in study.scores}
    peak = max(study.warm, key=lambda step: step.gpus)
    first_rise = next((step for step in study.warm[1:] if step.gpus > study.warm[0].gpus), peak)
    goal = "within" if advised.missed_p95 <= GOAL else "NOT within"
    lines = [
        f"{profile.event}: {profile.attendance:,} people, "
        f"{sum(zone.cameras for zone in profile.zones)} cameras and drones",
        headline(study),
        f"on 19 days of 20 it misses at most {percent(advised.missed_p95)}, "
        f"{goal} the goal of {percent(GOAL)}",
        f"cost: {advised.money.mean:,.0f} {profile.machines.currency} "
        f"({advised.money.low:,.0f} to {advised.money.high:,.0f}); " + told_idle(idle_time(study)),
    ]
    for name, words in ((RAY_DEFAULT, "Ray's default"), (ORACLE, "a clairvoyant")):
        if name in by_name:
            one = by_name[name]
            lines.append(
                f"{words}: {one.gpu_h.mean:.0f} GPU-hours, {percent(one.missed_share.mean)} missed"
            )
    lines += [
        f"pre-warm: {study.warm[0].gpus} GPUs at {clock(study.warm[0].at_s)} h, first rise to "
        f"{first_rise.gpus} at {clock(first_rise.at_s)} h, most {peak.gpus} at "
        f"{clock(peak.at_s)} h",
        f"what if: {_what_ifs(study)}",
        f"to run it: {page.parent}/serve.json (Serve), policy.json (site file), prewarm.json",
        f"open {page}",
    ]
    return lines


def _what_ifs(study: Study) -> str:
    told = []
    for name in ASKED_ABOUT:
        own = [o for o in study.outcomes if (o.policy, o.scenario) == (study.advised.policy, name)]
        one = score(own, study.advised.policy)
        told.append(f"{name.replace('_', ' ')} {percent(one.missed_share.mean)}")
    return ", ".join(told)
