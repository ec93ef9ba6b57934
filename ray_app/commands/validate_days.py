"""`vigie simulate validate --closed-loop`: whole days on a real Ray, and the same simulated."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from ray_app.commands.narrow_table import narrow_table
from ray_app.config.event_file import load_event
from ray_app.planning.closed_loop import (
    RANKED_ON,
    WARM_UP_S,
    Closeness,
    DayTruth,
    check_closed_loop,
    ranking,
)
from ray_app.report.truth_figure import TruthPanel, draw_truth
from ray_app.store.simulations import write_json

DIFFERENT = 1
WITHIN_ONE, P95_OFF, GPU_OFF = 0.95, 0.15, 0.05
"""What is asked of the simulator: share of the time, relative differences."""
FIGURE, RESULT = "closed_loop.png", "closed_loop.json"


def run_days(event: Path, seconds: int, out: Path, *, as_json: bool, play: bool) -> int:
    """Plays, simulates and compares; returns 1 when a decision came out otherwise."""
    truths = check_closed_loop(load_event(event), seconds, out / "days", play=play)
    result = told(truths)
    write_json(out / RESULT, result)
    if truths:
        draw_truth([_panel(truth) for truth in truths], out / FIGURE)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _show(truths)
        Console().print(f"numbers in {out / RESULT}, figure in {out / FIGURE}", soft_wrap=True)
    return DIFFERENT if any(_different(truth) for truth in truths) else 0


def told(truths: Sequence[DayTruth]) -> dict[str, object]:
    """Returns everything as plain data."""
    runs = max((len(truth.real) for truth in truths), default=0)
    return {
        "days": [
            asdict(truth)
            | {
                "closeness": asdict(truth.closeness),
                "spread": None if truth.spread is None else asdict(truth.spread),
            }
            for truth in truths
        ],
        "ranked_on": RANKED_ON,
        "ranking_simulated": ranking(truths, None),
        "ranking_real": [ranking(truths, run) for run in range(runs)],
    }


def _panel(truth: DayTruth) -> TruthPanel:
    return TruthPanel(
        f"{truth.scenario}, {truth.policy}" + (" (kept)" if truth.was_kept else ""),
        WARM_UP_S,
        truth.offered,
        [side.running for side in truth.real],
        truth.simulated.running,
    )


def _different(truth: DayTruth) -> int:
    return sum(len(replayed.different) for replayed in truth.replayed)


def _show(truths: Sequence[DayTruth]) -> None:
    console = Console()
    titles = ("day", "policy", "decided\notherwise", "within\none", "p95", "GPU\ntime", "missed")
    table = narrow_table(titles)
    console.print("simulated against real; in brackets: real against real")
    for truth in truths:
        decisions = sum(replayed.decisions for replayed in truth.replayed)
        table.add_row(
            truth.scenario + ("\n(kept)" if truth.was_kept else ""),
            truth.policy,
            f"{_different(truth)}\nof {decisions}" if truth.replayed else "Ray's own",
            *_cells(truth.closeness, truth.spread),
            f"{truth.simulated.missed:.1%}\n{truth.real[0].missed:.1%}",
        )
    console.print(table)
    reached = [truth for truth in truths if _is_near(truth.closeness)]
    console.print(
        f"{len(reached)} of {len(truths)} days within one replica for {WITHIN_ONE:.0%} of the "
        f"time, p95 within {P95_OFF:.0%}, GPU time within {GPU_OFF:.0%}",
        soft_wrap=True,
    )
    simulated = ranking(truths, None)
    for name, order in ranking(truths, 0).items():
        same = (
            "the same" if simulated[name] == order else "simulated " + " < ".join(simulated[name])
        )
        console.print(f"{RANKED_ON} by {name}: real {' < '.join(order)}; {same}", soft_wrap=True)


def _cells(closeness: Closeness, spread: Closeness | None) -> list[str]:
    pairs = [
        (f"{one.within_one:.0%}", f"{one.p95_off:+.0%}", f"{one.gpu_off:+.1%}")
        for one in (closeness, spread)
        if one is not None
    ]
    if len(pairs) == 1:
        return list(pairs[0])
    return [f"{first}\n({second})" for first, second in zip(*pairs, strict=True)]


def _is_near(closeness: Closeness) -> bool:
    return (
        closeness.within_one >= WITHIN_ONE
        and abs(closeness.p95_off) <= P95_OFF
        and abs(closeness.gpu_off) <= GPU_OFF
    )
