"""The options of `vigie simulate` and `vigie plan`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

simulate = typer.Typer(
    help="Plays a planned event before it happens: what each scaling policy costs and misses.",
    no_args_is_help=True,
)

Event = Annotated[Path, typer.Argument(help="Event file (YAML), as configs/events/*.yaml.")]
Service = Annotated[
    Optional[Path],  # noqa: UP045  typer reads the annotation at run time
    typer.Option(
        help="JSON of `python -m benchmarks.detect --json FILE`, or a GPU type: t4, rtx_4080."
    ),
]
Policies = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(help="event_plan, offered_load, forecast, schedule, ray_default, module:name..."),
]
Scenarios = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(help="Kinds of days: as_planned, late_crowd, full_house, evacuation..."),
]
Seeds = Annotated[int, typer.Option(min=1, max=1000, help="Days drawn per scenario.")]
EngineName = Annotated[str, typer.Option(help="fluid (fast) or exact (frame by frame).")]
Nodes = Annotated[str, typer.Option(help="plain, or ray: Ray's own node scheduler, slower.")]
Workers = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(min=1, help="Worker processes; default: one per core."),
]
Out = Annotated[Path, typer.Option(help="Folder for the results; made if absent.")]
Replay = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        help="A recorded day to play instead of drawn ones: ledger/RUN of `vigie live`, or the "
        "folder of `vigie backfill`."
    ),
]
ReplayFrom = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(help="Minute of the event's clock at which the recorded day begins."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@simulate.command("run")
def run_command(
    event: Event,
    policy: Annotated[str, typer.Option(help="One policy; see `compare`.")] = "event_plan",
    scenario: Annotated[str, typer.Option(help="One kind of day.")] = "as_planned",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same day, same bytes.")] = 1,
    engine: EngineName = "fluid",
    nodes: Nodes = "plain",
    service: Service = None,
    replay: Replay = None,
    replay_from: ReplayFrom = None,
    out: Out = Path("out/simulate"),
    as_json: AsJson = False,
) -> None:
    """Plays one day under one policy, and tells who lost what, and why."""
    from ray_app.commands.simulate import Request, run_one

    request = Request(
        event,
        service,
        (policy,),
        (scenario,),
        1,
        engine,
        nodes,
        None,
        out,
        as_json,
        replay,
        replay_from,
    )
    raise typer.Exit(run_one(request, seed))


@simulate.command("compare")
def compare_command(
    event: Event,
    policy: Policies = None,
    scenario: Scenarios = None,
    seeds: Seeds = 5,
    engine: EngineName = "fluid",
    nodes: Nodes = "plain",
    service: Service = None,
    workers: Workers = None,
    replay: Replay = None,
    replay_from: ReplayFrom = None,
    out: Out = Path("out/compare"),
    as_json: AsJson = False,
) -> None:
    """Plays the same days under every policy: cost, misses, paired intervals.

    A policy of your own is any class or function Serve takes, as `my_policies:Mine`.
    """
    from ray_app.commands.simulate import Request, compare

    raise typer.Exit(
        compare(
            Request(
                event,
                service,
                tuple(policy or ()),
                tuple(scenario or ()),
                seeds,
                engine,
                nodes,
                workers,
                out,
                as_json,
                replay,
                replay_from,
            )
        )
    )


@simulate.command("sweep")
def sweep_command(
    event: Event,
    policy: Policies = None,
    scenario: Scenarios = None,
    seeds: Seeds = 5,
    engine: EngineName = "fluid",
    nodes: Nodes = "plain",
    service: Service = None,
    workers: Workers = None,
    replay: Replay = None,
    replay_from: ReplayFrom = None,
    out: Out = Path("out/sweep"),
    as_json: AsJson = False,
) -> None:
    """Tries more and less room in each policy, and names the knee of cost against misses."""
    from ray_app.commands.simulate import Request, sweep

    raise typer.Exit(
        sweep(
            Request(
                event,
                service,
                tuple(policy or ()),
                tuple(scenario or ()),
                seeds,
                engine,
                nodes,
                workers,
                out,
                as_json,
                replay,
                replay_from,
            )
        )
    )


@simulate.command("validate")
def validate_command(
    event: Event,
    policy: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Our own policies; default: offered_load and event_plan."),
    ] = None,
    seconds: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=10, help="A day is squeezed into so many; default: 60, closed loop 100."),
    ] = None,
    closed_loop: Annotated[
        bool,
        typer.Option("--closed-loop", help="Whole days on pretended GPU nodes; takes 40 minutes."),
    ] = False,
    no_play: Annotated[
        bool, typer.Option("--no-play", help="With --closed-loop: compare what was played before.")
    ] = False,
    out: Out = Path("out/validate"),
    as_json: AsJson = False,
) -> None:
    """Plays five days on a real Serve and decides every logged context again: 0 may differ.

    With `--closed-loop` a real Ray starts pretended GPU nodes and replicas for five days, twice,
    and replicas, latency and cost are held against the simulated days.
    """
    if closed_loop:
        from ray_app.commands.validate_days import run_days

        raise typer.Exit(run_days(event, seconds or 100, out, as_json=as_json, play=not no_play))
    from ray_app.commands.validate import run

    policies = tuple(policy or ("offered_load", "event_plan"))
    raise typer.Exit(run(event, policies, seconds or 60, out, as_json=as_json))


def plan_command(
    event: Event,
    seeds: Seeds = 5,
    service: Service = None,
    workers: Workers = None,
    out: Out = Path("out/plan"),
    as_json: AsJson = False,
) -> None:
    """Tells which policy to use for an event, what it costs, what to pre-warm and when.

    Writes a page with figures, the schedule, and the configuration for Serve.

    Example: `vigie plan configs/events/stadium_match.yaml`
    """
    from ray_app.commands.plan import run

    raise typer.Exit(run(event, service, seeds, workers, out, as_json=as_json))
