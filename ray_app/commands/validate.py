"""`vigie simulate validate`: a real Serve decides, and the simulator decides the same again."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from ray_app.config.event_file import load_event
from ray_app.planning.validation import Verdict, validate_decisions
from ray_app.store.simulations import write_json

DIFFERENT = 1


def run(event: Path, policies: tuple[str, ...], seconds: int, out: Path, *, as_json: bool) -> int:
    """Plays and compares; returns 1 when a decision came out otherwise."""
    verdicts = validate_decisions(load_event(event), policies, seconds, out / "logs")
    write_json(out / "validation.json", [asdict(verdict) for verdict in verdicts])
    if as_json:
        typer.echo(json.dumps([asdict(verdict) for verdict in verdicts], indent=2))
    else:
        _show(verdicts, out)
    return DIFFERENT if any(verdict.replayed.different for verdict in verdicts) else 0


def _show(verdicts: tuple[Verdict, ...], out: Path) -> None:
    table = Table("day", "policy", "decisions", "that knew the load", "targets", "different")
    for verdict in verdicts:
        replayed = verdict.replayed
        table.add_row(
            verdict.scenario,
            verdict.policy,
            f"{replayed.decisions}",
            f"{replayed.with_load}",
            f"{replayed.targets[0]} to {replayed.targets[-1]}" if replayed.targets else "",
            f"{len(replayed.different)}",
        )
    console = Console()
    console.print(table)
    console.print(f"logged contexts and results in {out}")
