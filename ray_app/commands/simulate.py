"""`vigie simulate run|compare|sweep`: what policies would cost and miss."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from rich.table import Table

from ray_app.commands.day_progress import DayProgress
from ray_app.commands.narrow_table import narrow_table
from ray_app.commands.site_text import load_site_text
from ray_app.config.event_file import load_event
from ray_app.domain.errors import ConfigError
from ray_app.planning.campaign import Campaign, run_campaign
from ray_app.planning.day_replay import DayReplay, replay_of
from ray_app.planning.recorded_day import read_day, run_of_day
from ray_app.planning.results import outcome_json, score_json, write_run, write_runs
from ray_app.report.plan_words import percent
from ray_app.scaling.policy_kinds import POLICIES
from ray_app.simulator.comparison import PolicyScore, front, knee, scores
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.gpu_types import GPU_TYPES, service_of_gpu
from ray_app.simulator.line_up import (
    ORACLE,
    RAY_DEFAULT,
    line_up,
    oracle,
    ours,
    ray_default,
    ray_tuned,
    users_own,
)
from ray_app.simulator.outcome import Outcome
from ray_app.simulator.scenario import SCENARIOS
from ray_app.simulator.serve_settings import ServedPolicy
from ray_app.simulator.service import service_from_benchmark
from ray_app.simulator.simulation import Engine, NodeRule, draw_day, simulate

Choice = TypeVar("Choice", bound=StrEnum)
USUAL = ("as_planned", "late_crowd", "full_house")
SWEEP_UTILISATIONS = (0.6, 0.7, 0.8, 0.9)
SWEEP_TARGETS = (2.0, 3.0, 4.0, 6.0)


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed; see `vigie simulate --help`.

    Attributes:
        event: Event file.
        service: Benchmark of a detector; None keeps the event file's times.
        policies: Names or import paths; none is all.
        scenarios: Names; none is the usual.
        seeds: Days per scenario.
        engine: fluid or exact.
        nodes: ray or plain.
        workers: Processes; None is one per core.
        out: Where results go.
        as_json: Print JSON.
        replay: Folder of a recorded day, played instead of drawn ones.
        replay_from_min: When it begins on the event's clock; None is when the watch begins.
    """

    event: Path
    service: Path | None
    policies: tuple[str, ...]
    scenarios: tuple[str, ...]
    seeds: int
    engine: str
    nodes: str
    workers: int | None
    out: Path
    as_json: bool
    replay: Path | None = None
    replay_from_min: float | None = None


def profile_of(event: Path, service: Path | None) -> EventProfile:
    """Returns the checked event, with service times of a benchmark or a GPU type where given."""
    profile = load_event(event)
    if service is None:
        return profile
    if str(service) in GPU_TYPES:
        return replace(profile, service=service_of_gpu(str(service), profile.service))
    return replace(profile, service=service_from_benchmark(service, profile.service))


def run_one(request: Request, seed: int) -> int:
    """Plays one day under one policy; returns 0."""
    profile = profile_of(request.event, request.service)
    names = request.policies or ("event_plan",)
    served = policy_of(names[0], profile)
    scenario = _scenarios(request.scenarios)[0]
    replay = _replay(request, profile)
    if replay is not None:
        day = replay.day(scenario, seed)
    else:
        day = draw_day(profile, scenario, SCENARIOS[scenario], seed)
    engine = _word(Engine, request.engine, "engine")
    try:
        outcome = simulate(day, served, engine, _word(NodeRule, request.nodes, "nodes"))
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"policy {served.name!r} cannot be loaded: {error}") from None
    write_run(request.out, outcome)
    if request.as_json:
        typer.echo(json.dumps(outcome_json(outcome), indent=2))
        return 0
    _show_outcome(outcome, request.out, profile.machines.currency)
    return 0


def compare(request: Request) -> int:
    """Plays the same days under every policy; returns 0."""
    profile = profile_of(request.event, request.service)
    names = request.policies
    policies = tuple(policy_of(name, profile) for name in names) if names else line_up(profile)
    return _campaign(request, profile, policies)


def sweep(request: Request) -> int:
    """Plays the same days under policies with more and less room; returns 0."""
    profile = profile_of(request.event, request.service)
    policies = [ray_default(), *(ray_tuned(target) for target in SWEEP_TARGETS)]
    for name in request.policies or ("offered_load", "event_plan"):
        for room in SWEEP_UTILISATIONS:
            changes = {"utilisation": room, "reactive_utilisation": round(room - 0.03, 3)}
            served = ours(_known(name), profile, **changes)
            policies.append(replace(served, name=f"{name}_{100 * room:.0f}"))
    return _campaign(request, profile, (*policies, oracle(profile)))


def policy_of(name: str, profile: EventProfile) -> ServedPolicy:
    """Returns a policy by name, or a user's own by `module:name`."""
    if name in POLICIES:
        return ours(name, profile)
    if name == RAY_DEFAULT:
        return ray_default()
    if name == ORACLE:
        return oracle(profile)
    if name.startswith("ray_tuned_"):
        target = name.removeprefix("ray_tuned_")
        if target.replace(".", "", 1).isdigit() and float(target) > 0:
            return ray_tuned(float(target))
    # Modules beside the user are found, as Serve finds them by PYTHONPATH.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return users_own(name, {"max_replicas": float(profile.machines.max_gpus)})


def _campaign(request: Request, profile: EventProfile, policies: tuple[ServedPolicy, ...]) -> int:
    replay = _replay(request, profile)
    usual = USUAL if replay is None else USUAL[:1]
    scenarios = _scenarios(request.scenarios or usual)
    if replay is not None:
        for name in scenarios:
            replay.day(name, 1)
    campaign = Campaign(
        profile=profile,
        policies=policies,
        scenarios=scenarios,
        seeds=tuple(range(1, request.seeds + 1)),
        engine=_word(Engine, request.engine, "engine"),
        nodes=_word(NodeRule, request.nodes, "nodes"),
        workers=request.workers,
        replay=replay,
    )
    with DayProgress() as progress:
        outcomes = run_campaign(campaign, progress)
    found = scores(outcomes)
    write_runs(request.out, outcomes, found)
    if request.as_json:
        typer.echo(json.dumps([score_json(one) for one in found], indent=2))
    else:
        show_scores(found, len(outcomes) // len(policies))
        typer.echo(f"results in {request.out}")
    return 0


def _replay(request: Request, profile: EventProfile) -> DayReplay | None:
    """Returns the recorded day that was asked for; raises StoreError and ConfigError."""
    if request.replay is None:
        if request.replay_from_min is not None:
            raise ConfigError("--replay-from says when a recorded day begins; add --replay FOLDER")
        return None
    text = run_of_day(request.replay).site_text
    site = None if text is None else load_site_text(text, f"site of {request.replay}")
    return replay_of(profile, read_day(request.replay, site), request.replay_from_min)


def show_scores(found: Sequence[PolicyScore], days: int) -> None:
    """Prints a row per policy, cheapest first, and names the knee."""
    to_have = [one for one in found if one.policy != ORACLE]
    best, turn = {one.policy for one in front(to_have)}, knee(to_have).policy
    titles = (
        "policy",
        "GPU-hours",
        "missed",
        "worst day\nof 20",
        "alarmed,\nworst",
        "p95,\nms",
        "",
    )
    table = narrow_table(titles)
    for one in found:
        told = "knee" if one.policy == turn else "" if one.policy not in best else "front"
        table.add_row(
            one.policy,
            f"{one.gpu_h.mean:.1f}\n({one.gpu_h.low:.1f}-{one.gpu_h.high:.1f})",
            percent(one.missed_share.mean),
            percent(one.missed_p95),
            percent(one.alarmed_share),
            f"{1e3 * one.p95_s:.0f}",
            told,
        )
    console = Console()
    console.print(table)
    footer = f"{days} days, the same for every policy; brackets: 95 % intervals of the mean"
    if any(one.policy == ORACLE for one in found):
        footer += f"; {ORACLE} knows the day in advance, nobody can have it"
    console.print(footer, soft_wrap=True)


def _show_outcome(outcome: Outcome, out: Path, currency: str) -> None:
    console = Console()
    console.print(
        f"{outcome.policy} on {outcome.scenario}, seed {outcome.seed} ({outcome.engine} engine): "
        f"{percent(outcome.missed_share)} of {outcome.offered / 1e6:.1f} M tiles missed, "
        f"{outcome.gpu_h:.1f} GPU-hours, {outcome.money:.0f} {currency}",
        soft_wrap=True,
    )
    console.print(
        f"latency p50 {1e3 * outcome.p50_s:.0f} ms, p95 {1e3 * outcome.p95_s:.0f} ms; worst minute "
        f"{percent(outcome.worst_minute)} missed; alarmed cameras {percent(outcome.alarmed_share)}",
        soft_wrap=True,
    )
    if outcome.reduced:
        share = percent(outcome.reduced / outcome.offered)
        console.print(f"{share} analysed at a smaller input, because capacity was short")
    table = Table("zone", "missed", "of alarmed cameras", "longest blind")
    for zone in outcome.zones:
        table.add_row(
            zone.zone,
            percent(zone.missed / zone.offered if zone.offered else 0.0),
            f"{zone.missed_alarmed:.0f} tiles",
            f"{zone.longest_blind_s:.0f} s",
        )
    console.print(table)
    console.print(f"results in {out}")


def _scenarios(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in SCENARIOS:
            raise ConfigError(f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
    return tuple(names) or ("as_planned",)


def _known(name: str) -> str:
    if name not in POLICIES:
        raise ConfigError(f"only our own policies can be swept: {', '.join(POLICIES)}")
    return name


def _word(kind: type[Choice], word: str, option: str) -> Choice:
    try:
        return kind(word)
    except ValueError:
        known = ", ".join(str(one) for one in kind)
        raise ConfigError(f"unknown {option} {word!r}; known: {known}") from None
