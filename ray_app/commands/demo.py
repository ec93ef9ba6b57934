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

from ray_app.commands.demo_live import LiveShow, print_show, show_live
from ray_app.commands.plan import plan_event, plan_lines
from ray_app.commands.progress_view import ProgressView
from ray_app.commands.report import write_page
from ray_app.commands.scene_run import SceneRun, run_scene
from ray_app.commands.truth_table import DensityError, TruthTable
from ray_app.video.synthetic.film import film_scenario

SCENARIO = "event_gate"
MATCH = Path(__file__).parents[2] / "configs" / "events" / "stadium_match.yaml"
PLAN_SEEDS = 1


def run(out: Path, workers: int | None, *, as_json: bool) -> int:
    """Renders, back-fills, compares, watches live, plans a match.

    Returns:
        0; 1 when footage failed, an incident watched for was missed, or an alarm was false.
    """
    console = Console(stderr=as_json)
    started_s = time.monotonic()
    count = workers or os.cpu_count() or 1
    console.print("1. an evening at the gate, drawn with exact truth: three cameras and a drone")
    scene = _film(out / "scene", count)
    drawn_s = time.monotonic() - started_s
    console.print("2. back-fill")
    with ProgressView() as view:
        done = run_scene(scene, out / "results", count, view)
    page = write_page(out / "results", list(done.clips))
    seconds = time.monotonic() - started_s
    console.print("3. truth against found")
    _show(console, done.table, done.densities)
    frames = done.result.totals.frames
    console.print(f"{frames} frames analysed; {drawn_s:.0f} s drawing, {seconds:.0f} s so far")
    console.print("4. the same evening live, in real time on this machine")
    show = show_live(scene, out / "live", done.analysis.events, console)
    print_show(show, console)
    _plan_match(console, out / "plan", workers)
    if as_json:
        seconds = time.monotonic() - started_s
        typer.echo(json.dumps(_told(done, show, page, seconds), indent=2))
    return _verdict(console, done, scene, page, out)


def _verdict(console: Console, done: SceneRun, scene: Path, page: Path, out: Path) -> int:
    console.print(f"open [bold]{page}[/]", soft_wrap=True)
    console.print(
        f"next: change a level in {scene / 'site.yaml'} and type "
        f"[bold]vigie replay {out / 'results'} --site {scene / 'site.yaml'}[/]",
        soft_wrap=True,
    )
    missed = sum(row.verdict == "missed" for row in done.table.rows)
    wrong = len(done.table.false_alarms)
    if missed or wrong:
        console.print(f"[red]{missed} missed, {wrong} false alarms: see the table[/]")
    return 1 if done.result.failed or missed or wrong else 0


def _told(done: SceneRun, show: LiveShow, page: Path, seconds: float) -> dict[str, object]:
    return {
        "rows": [asdict(row) | {"verdict": row.verdict} for row in done.table.rows],
        "false_alarms": [event.event_id for event in done.table.false_alarms],
        "densities": [asdict(error) for error in done.densities],
        "frames": done.result.totals.frames,
        "live": {"told": show.told, "missed": ["/".join(key) for key in show.missed]},
        "report": str(page),
        "seconds": seconds,
    }


def _plan_match(console: Console, out: Path, workers: int | None) -> None:
    """Ends with a plan for a match, where the event files lie beside the package."""
    if not MATCH.exists():
        return
    console.print("5. a plan for a match: what each scaling policy would cost and miss")
    study, page = plan_event(MATCH, None, PLAN_SEEDS, workers, out)
    for line in plan_lines(study, page):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


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
