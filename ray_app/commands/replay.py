"""`vigie replay`: other rules on stored observations."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from ray_app.batch.replay import replay
from ray_app.commands.backfill import show_situations
from ray_app.commands.report import write_page
from ray_app.commands.site_text import load_site_text
from ray_app.config.load import load_site
from ray_app.domain.errors import StoreError
from ray_app.domain.event import Phase
from ray_app.store.run_record import read_run
from ray_app.store.smaller_inputs import count_smaller_inputs


def run(results: Path, site: Path | None, out: Path | None, *, as_json: bool) -> int:
    """Writes events, readings and the page of the replay."""
    if site is None:
        text = read_run(results).site_text
        if text is None:
            raise StoreError(f"{results} holds no site file; add --site SITE.yaml")
        loaded = load_site_text(text, f"site of {results}")
    else:
        loaded, text = load_site(site), site.read_text("utf-8")
    name = "same" if site is None else site.stem
    target = out or results / f"replay-{name}"
    analysis = replay(results, loaded, text, target)
    page, smaller = write_page(target), count_smaller_inputs(results)
    if as_json:
        opened = [event for event in analysis.events if event.phase is Phase.OPENED]
        told = {
            "out": str(target),
            "report": str(page),
            "situations": [asdict(event) | {"event_id": event.event_id} for event in opened],
            "smaller_input_frames": smaller,
            "refusals": [asdict(refusal) for refusal in analysis.refusals],
        }
        typer.echo(json.dumps(told, indent=2))
        return 0
    console = Console()
    for camera_id, frames in smaller.items():
        console.print(
            f"camera {camera_id}: {frames} frames were seen with a smaller input than usual, small "
            "people are missed in them"
        )
    show_situations(console, analysis.events)
    console.print(f"results in {target}, report: {page}")
    return 0
