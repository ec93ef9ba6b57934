"""`vigie synth`: rendered scenes with exact truth."""

import os
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from ray_app.video.synthetic.film import film_scenario
from ray_app.video.synthetic.scenarios import SCENARIOS


def run(
    scenario: str,
    out: Path,
    seconds: float | None,
    seed: int,
    light: str,
    weather: str,
    workers: int | None,
) -> int:
    """Renders the scene, or lists the scenes there are."""
    if scenario == "list":
        for name, one in SCENARIOS.items():
            typer.echo(f"{name:20s} {(one.__doc__ or '').strip().splitlines()[0]}")
        return 0
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("rendering", total=None, visible=False)
        folder = film_scenario(
            scenario,
            out,
            seconds=seconds,
            seed=seed,
            light=light,
            weather=weather,
            workers=workers or os.cpu_count() or 1,
            on_progress=lambda done, total: bar.update(
                task, completed=done, total=total, visible=True
            ),
        )
    typer.echo(f"{folder}: cameras/*.mp4, truth/, site.yaml")
    typer.echo(
        f"next: vigie backfill {folder}/site.yaml --footage {folder}/cameras --out out/{scenario}"
    )
    return 0
