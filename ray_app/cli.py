"""The `vigie` command: parse, call, print."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn, Optional

import typer
from typer.core import TyperGroup

from ray_app.commands.harvest_options import Harvest, LeadS, Reserve
from ray_app.commands.keys_app import keys
from ray_app.commands.simulate_app import plan_command, simulate
from ray_app.domain.errors import Interrupted, VigieError

USAGE = 2
INTERRUPTED = 130


class _Commands(TyperGroup):
    """All commands; Typer itself would end silently on Ctrl-C."""

    def invoke(self, *context: Any) -> Any:  # noqa: ANN401  its type is Typer's own affair
        """Runs one command; raises Interrupted where somebody stopped it."""
        try:
            return super().invoke(*context)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; what is done stays, the same command goes on") from None


app = typer.Typer(
    name="vigie",
    cls=_Commands,
    help="Signals situations, never people: fire start, crowd density, bottleneck, counter-flow...",
    epilog="Start with `vigie demo`, then `vigie check configs/sites/pets09.yaml`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
evaluate = typer.Typer(help="Measures accuracy against labelled footage.", no_args_is_help=True)
app.add_typer(evaluate, name="evaluate")
app.add_typer(simulate, name="simulate")
app.command("plan")(plan_command)
app.add_typer(keys, name="keys")
journal = typer.Typer(help="The journal of a live site: who did what, tamper-evident.")
app.add_typer(journal, name="journal")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Workers = Annotated[
    Optional[int],  # noqa: UP045  typer reads the annotation at run time
    typer.Option(min=1, help="Worker processes; default: one per core."),
]
Out = Annotated[Path, typer.Option(help="Folder for the results; made if absent.")]


@app.command()
def check(
    site: Annotated[Path, typer.Argument(help="Site file (YAML), or a file of cluster/.")],
    as_json: Json = False,
    schema: Annotated[bool, typer.Option(help="Print the JSON schema for editors.")] = False,
    crds: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of KubeRay's CRDs, for manifests of its kinds."),
    ] = None,
) -> None:
    """Lists every fault of a site file at once, or shows what was understood.

    Each fault is one line: `file:line:column: path: what is wrong, what would be right`.

    Serve configs, KubeRay and other manifests and `ray up` files are known by their keys.
    """
    from ray_app.commands.check import run

    raise typer.Exit(run(site, crds=crds, as_json=as_json, schema=schema))


@app.command()
def synth(
    scenario: Annotated[str, typer.Argument(help="Name of a scene, or `list`.")] = "list",
    out: Out = Path("out/scene"),
    seconds: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=1, help="Length; default: the scene's."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same people, same truth.")] = 1,
    light: Annotated[str, typer.Option(help="day, overcast or night.")] = "day",
    weather: Annotated[str, typer.Option(help="dry or rain.")] = "dry",
    workers: Workers = None,
) -> None:
    """Renders a scene with exact truth: videos, telemetry, site file, Parquet and JSON."""
    from ray_app.commands.synth import run

    raise typer.Exit(run(scenario, out, seconds, seed, light, weather, workers))


@app.command()
def backfill(
    inputs: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Site file (*.yaml), and more footage after --footage."),
    ] = None,
    footage: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Files, folders or URLs (s3://, gs://) of video."),
    ] = None,
    out: Out = Path("out/backfill"),
    workers: Workers = None,
    segment_s: Annotated[
        float, typer.Option(min=1, help="Footage per unit of work, seconds.")
    ] = 60.0,
    num_gpus: Annotated[
        float, typer.Option(min=0, help="GPUs per detector worker; 0 runs on CPUs.")
    ] = 0.0,
    address: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Address of a running Ray cluster; default: a local one."),
    ] = None,
    harvest: Harvest = False,
    reserve: Reserve = 1,
    lead_s: LeadS = 60.0,
    report: Annotated[bool, typer.Option(help="Write the report page.")] = True,
    as_json: Json = False,
) -> None:
    """Turns an archive of footage into observations, events and a report.

    Kill it anywhere and type the same again: only what is missing is done.

    Without a site file every video is a camera of its own, not calibrated: people are counted.

    Exit status: 0 all done, 3 done but some footage failed (listed), 2 bad usage or site file,
    130 interrupted.

    Example: `vigie backfill configs/sites/pets09.yaml --footage vtest.avi --out out/pets`

    While an event is watched: `vigie backfill ... --harvest --address HEAD:6379`
    """
    from ray_app.commands.backfill import Request, run
    from ray_app.scaling.harvest_moves import HarvestRules

    names = inputs or []
    sites = [name for name in names if name.endswith((".yaml", ".yml"))]
    videos = (footage or []) + [name for name in names if name not in sites]
    if len(sites) > 1:
        raise typer.BadParameter(f"one site file at a time, got {', '.join(sites)}")
    request = Request(
        site=Path(sites[0]) if sites else None,
        footage=tuple(videos),
        out=out,
        workers=workers,
        segment_s=segment_s,
        num_gpus=num_gpus,
        address=address,
        with_report=report,
        as_json=as_json,
        harvest=HarvestRules(reserve, lead_s) if harvest else None,
    )
    raise typer.Exit(run(request))


@app.command()
def live(
    site: Annotated[Path, typer.Argument(help="Site file (YAML), or the word `stop`.")],
    seconds: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=1, help="Stop after so long; default: when told."),
    ] = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Take files frame by frame, as a back-fill does.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the Serve config of the site and end.")
    ] = False,
    at: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="With --print-config: where every node finds the site file."),
    ] = None,
    into: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="With --print-config: RayService manifest to write it into."),
    ] = None,
    address: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Address of a running Ray cluster; default: a local one."),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="For `stop`: the live site's folder on this machine.")
    ] = Path("out/live"),
    as_json: Json = False,
) -> None:
    """Watches cameras live: streams in, situations out, a page to look at.

    Starts all it needs on this machine, or joins a cluster. Ctrl-C or `vigie live stop` closes
    every stream within two seconds and ends the rest.

    Example: `vigie live site.yaml`, then `vigie live stop`
    """
    from ray_app.commands import live as command

    if str(site) == "stop":
        raise typer.Exit(command.stop(folder, as_json=as_json))
    if print_config:
        from ray_app.commands.live_config import print_config as print_serve_config

        raise typer.Exit(print_serve_config(site, at, into))
    request = command.Request(site, address, seconds, every_frame, as_json)
    raise typer.Exit(command.run(request))


@app.command()
def replay(
    results: Annotated[Path, typer.Argument(help="Folder of an earlier back-fill.")],
    site: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Site file with other zones, levels or dwell; default: the same."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Where to write; default: RESULTS/replay-SITE."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Runs the rules again on stored observations: seconds, and no footage is opened."""
    from ray_app.commands.replay import run

    raise typer.Exit(run(results, site, out, as_json=as_json))


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="Folder of a back-fill or a replay.")],
    as_json: Json = False,
) -> None:
    """Writes RESULTS/report/index.html again."""
    from ray_app.commands.report import run

    raise typer.Exit(run(results, as_json=as_json))


@app.command()
def demo(
    out: Out = Path("out/demo"),
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Renders three cameras and a drone, back-fills them, compares with the truth. Offline."""
    from ray_app.commands.demo import run

    raise typer.Exit(run(out, workers, as_json=as_json))


@evaluate.command("crowd")
def evaluate_crowd(
    images: Annotated[Path, typer.Option(help="Folder of pictures with points.json.")],
    as_json: Json = False,
) -> None:
    """Measures head counts: MAE, RMSE, NAE; points.json is {picture: [[x, y], ...]}, pixels."""
    from ray_app.commands.evaluate_crowd import run

    raise typer.Exit(run(images, as_json=as_json))


@evaluate.command("fire")
def evaluate_fire(
    images: Annotated[
        Path, typer.Option(help="Folder with fire_images/ and normal_images/, or YOLO labels.")
    ],
    input_px: Annotated[int, typer.Option(min=64, help="Longer side looked at, pixels.")] = 512,
    as_json: Json = False,
) -> None:
    """Measures how well burning pictures are told from others: AUROC, recall at 1 % and 5 %."""
    from ray_app.commands.evaluate_fire import run

    raise typer.Exit(run(images, input_px, as_json=as_json))


@evaluate.command("events")
def evaluate_events(
    footage: Annotated[Path, typer.Option(help="Folder of the videos.")],
    truth: Annotated[Path, typer.Option(help="Labels, JSON: {file: {fps, events: [...]}}.")],
    situation: Annotated[str, typer.Option(help="As fire_smoke.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Keep the results here; the same call again decodes nothing."),
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Measures signals on footage: recall, precision, false alarms per camera-hour, delay.

    A file with an empty list of events is a negative. An event needs a `type` (as `fire`) and a
    `start` frame; `alarm` is the frame of a perfect alarm, `start` if left out. An alarm counts
    from 2 s before the start to 10 s after the alarm; one alarm per event.
    """
    from ray_app.commands.evaluate_events import run

    raise typer.Exit(run(footage, truth, situation, out, workers, as_json=as_json))


@evaluate.command("tune")
def evaluate_tune(
    results: Annotated[Path, typer.Argument(help="Folder of a back-fill, replay or evaluation.")],
    truth: Annotated[
        Path, typer.Option(help="Labels as for `evaluate events`; or {camera: {events: [...]}}.")
    ],
    situation: Annotated[str, typer.Option(help="As crowd_density.")],
    false_per_hour: Annotated[
        float, typer.Option(min=0, help="False alarms allowed per camera-hour.")
    ] = 0.06,
    as_json: Json = False,
) -> None:
    """Chooses open_at and hold_s for a budget of false alarms, and shows what would have fired.

    Labels are keyed by file name or camera id. Times are frames at `fps`; without it, seconds. It
    works on stored readings alone: seconds, and no footage is opened. Exit status 1 when no levels
    stay within the budget.

    Example: `vigie evaluate tune out/day1 --truth labels.json --situation counterflow`
    """
    from ray_app.commands.evaluate_tune import run

    raise typer.Exit(run(results, truth, situation, false_per_hour, as_json=as_json))


@evaluate.command("objects")
def evaluate_objects(
    video: Annotated[Path, typer.Option(help="Video file.")],
    truth: Annotated[Path, typer.Option(help="Boxes with identities, CVML XML.")],
    site: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Site file whose first camera's networks are used; default: defaults."),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Score boxes on every n-th frame.")] = 15,
    as_json: Json = False,
) -> None:
    """Measures person boxes: AP at IoU 0.5, and people counted per frame."""
    from ray_app.commands.evaluate_objects import run

    raise typer.Exit(run(video, truth, site, every, as_json=as_json))


@journal.command("verify")
def journal_verify(
    folder: Annotated[Path, typer.Argument(help="Folder of the live site, or of its journal.")],
    head: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="NUMBER:HASH noted elsewhere earlier; must be in the chain."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tells whether the journal is whole, or the first broken line and how it was broken.

    Exit status: 0 whole, 1 changed, missing, swapped or cut, 2 no journal.
    """
    from ray_app.commands.journal import verify

    raise typer.Exit(verify(folder, head, as_json=as_json))


@journal.command("show")
def journal_show(
    folder: Annotated[Path, typer.Argument(help="Folder of the live site, or of its journal.")],
    last: Annotated[int, typer.Option(min=1, help="Most entries.")] = 20,
    kind: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only these, as acknowledgement."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prints the newest entries, oldest first."""
    from ray_app.commands.journal import show

    raise typer.Exit(show(folder, last, kind, as_json=as_json))


def main() -> None:
    """Entry point: every expected fault is one clear line, never a traceback.

    With --json the fault is one object on standard output as well: {"error": ...}.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill is a Ctrl-C
    try:
        app()
    except Interrupted as interruption:
        _end(str(interruption), INTERRUPTED)
    except VigieError as error:
        _end(str(error), USAGE)


def _end(message: str, status: int) -> NoReturn:
    typer.echo(f"vigie: {message}", err=True)
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": message, "status": status}))
    sys.exit(status)


if __name__ == "__main__":
    main()
