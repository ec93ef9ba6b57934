"""`vigie demo`: the main job on a rendered evening, compared with the truth."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ray_app.batch.analyze import analyze_run
from ray_app.batch.backfill import BackfillInterrupted, BackfillJob, backfill
from ray_app.batch.manifest import make_manifest
from ray_app.batch.site_job import blocks_of, sources_of
from ray_app.commands.progress_view import ProgressView
from ray_app.commands.report import write_page
from ray_app.commands.truth_table import DensityError, TruthTable, compare, density_errors
from ray_app.config.load import load_site
from ray_app.config.summary import summarise
from ray_app.video.footage_listing import list_footage
from ray_app.video.synthetic.film import film_scenario

SCENARIO = "event_gate"
INTERRUPTED = 130


def run(out: Path, workers: int | None, *, as_json: bool) -> int:
    """Renders, back-fills, compares; a miss is told in the table, failed footage returns 1."""
    console = Console(stderr=as_json)
    started_s = time.monotonic()
    count = workers or os.cpu_count() or 1
    console.print("1. an evening at the gate, drawn with exact truth: three cameras and a drone")
    scene = _film(out / "scene", count)
    console.print("2. back-fill")
    site = load_site(scene / "site.yaml")
    urls = list_footage([str(scene / "cameras")])
    job = BackfillJob(
        out_dir=out / "results",
        manifest=make_manifest(sources_of(site, urls).sources, 60.0, site.authorisation),
        blocks=blocks_of(site),
        site=site.site,
        site_text=(scene / "site.yaml").read_text("utf-8"),
        workers=count,
    )
    try:
        with ProgressView() as view:
            result = backfill(job, view)
    except BackfillInterrupted as interruption:
        typer.echo(f"\nvigie: {interruption}", err=True)
        return INTERRUPTED
    analysis = analyze_run(job.out_dir, site)
    watched = {
        (camera.id, watch.situation, watch.place)
        for camera in summarise(site).cameras
        for watch in camera.watches
    }
    table = compare(scene, analysis.events, watched)
    densities = density_errors(scene, job.out_dir)
    page = write_page(job.out_dir, [c for f in job.manifest.cameras for c in f.timeline.clips])
    seconds = time.monotonic() - started_s
    if as_json:
        told = {
            "rows": [asdict(row) | {"verdict": row.verdict} for row in table.rows],
            "false_alarms": [event.event_id for event in table.false_alarms],
            "densities": [asdict(error) for error in densities],
            "report": str(page),
            "seconds": seconds,
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(console, table, densities)
        console.print(f"{result.totals.frames} frames analysed, {seconds:.0f} s in all")
        console.print(f"open [bold]{page}[/]")
        console.print(
            "next: change a level in "
            f"{scene / 'site.yaml'} and type "
            f"[bold]vigie replay {job.out_dir} --site {scene / 'site.yaml'}[/]"
        )
    missed = [row for row in table.rows if row.verdict == "missed"]
    if missed:
        console.print(f"{len(missed)} planted incident(s) missed: see the table")
    return 1 if result.failed else 0


def _film(scene: Path, workers: int) -> Path:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rendering", total=None)
        return film_scenario(
            SCENARIO,
            scene,
            workers=workers,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _show(console: Console, table: TruthTable, densities: tuple[DensityError, ...]) -> None:
    console.print("3. truth against found")
    shown = Table("planted", "place", "camera", "truly began", "opened", "verdict")
    colours = {"found": "green", "missed": "red", "not watched for": "dim"}
    for row in table.rows:
        shown.add_row(
            row.situation,
            row.place,
            row.camera_id,
            f"{row.start_s:.1f} s",
            "" if row.delay_s is None else f"{row.delay_s:+.1f} s",
            f"[{colours[row.verdict]}]{row.verdict}[/]",
        )
    for event in table.false_alarms:
        shown.add_row(
            event.situation,
            event.place,
            event.camera_id,
            "",
            f"{event.time_s:.1f} s",
            "[red]false alarm[/]",
        )
    console.print(shown)
    for error in densities:
        console.print(
            f"density in {error.zone} by {error.camera_id}: off by {error.median_share:.0%} "
            f"(median of {error.frames} frames, bias {error.bias_share:+.0%})"
        )
