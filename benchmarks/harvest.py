"""Whether a back-fill on idle paid slots costs the event nothing, and no node is bought for it.

    python -m benchmarks.harvest [--without] [--reserve 1] [--json FILE]

`vigie live` on a cluster of pretended GPU nodes with four GPUs each (`planning/fake_cluster.py`):
Ray's real node autoscaler, real Serve, readers, fleet and policy; only the networks are stand-ins,
which take a GPU's time and no processor. One replica runs on the first node, and an archive is
worked off on the GPUs beside it. Then more cameras send, and two more replicas are wanted at once;
then fewer again. `--without` plays the same without a back-fill.
"""

import argparse
import json
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ray_app.outside.free_port import free_port
from ray_app.planning.fake_cluster import FakeCluster, NodeKind

CLUSTER_IDLE_S, UP_MOST_S, STEP_MOST_S = 10.0, 150.0, 90.0


@dataclass(frozen=True)
class Moment:
    """What was there at one time.

    Attributes:
        cameras: That send.
        wanted: Replicas Serve was told to run.
        placed: Replicas that have their GPU.
        running: Replicas that run.
        nodes: GPU nodes that are up.
        borrowed: Slots the back-fill holds.
        segments: Segments it has done.
    """

    at_s: float
    cameras: int
    wanted: int
    placed: int
    running: int
    nodes: int
    borrowed: int
    segments: int


@dataclass
class Stage:
    """What the threads tell each other.

    Attributes:
        reserve: Slots the back-fill leaves free; None without one.
    """

    folder: Path
    reserve: int | None
    cameras: int = 0
    moments: list[Moment] = field(default_factory=list)
    tally: Any = None
    segments: int = 0
    failed: list[BaseException] = field(default_factory=list)
    result: Any = None


def main() -> None:
    """Plays it and prints the timeline."""
    options = _options()
    node = NodeKind("gpu", cpus=4, gpus=4, most=2, boot_s=1.0)
    with (
        tempfile.TemporaryDirectory(prefix="harvest-") as place,
        FakeCluster(node, head_cpus=6, idle_s=CLUSTER_IDLE_S) as cluster,
    ):
        os.environ.update(cluster.driver_environment)  # before anything imports ray
        stage = Stage(Path(place), None if options.without else options.reserve)
        told = _play(stage, cluster.address)
    _print(stage.moments)
    if stage.failed:
        raise stage.failed[0]
    Console().print_json(json.dumps(told))
    if options.json:
        written = {"summary": told, "timeline": [asdict(each) for each in stage.moments]}
        options.json.write_text(json.dumps(written, indent=1), "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without", action="store_true", help="without a back-fill")
    parser.add_argument("--reserve", type=int, default=1, help="slots the back-fill leaves free")
    parser.add_argument("--json", type=Path, help="also write the timeline there")
    return parser.parse_args()


def _play(stage: Stage, address: str) -> dict[str, Any]:
    import ray_app.live.app as live_app
    from benchmarks.harvest_site import BUSY, QUIET, write_site
    from benchmarks.plan_live_day import names
    from benchmarks.timed_network import build_slow
    from ray_app.commands.live import Request, watch
    from ray_app.live.fleet_state import read_fleet_state, write_fleet_state

    folder, stage.cameras = stage.folder, QUIET
    site = write_site(folder, free_port(), 600.0)
    (folder / "live").mkdir()
    state = read_fleet_state(folder / "live", time.time())
    write_fleet_state(folder / "live", replace(state, paused=tuple(names()[QUIET:BUSY])))
    live_app.start_detectors = partial(live_app.start_detectors, build=build_slow)
    logging.disable(logging.WARNING)
    told: dict[str, Any] = {}
    hand = threading.Thread(target=_direct, args=(stage, told))
    hand.start()
    watch(Request(site, address), Console(stderr=True))
    hand.join()
    return told


def _direct(stage: Stage, told: dict[str, Any]) -> None:
    """Lets the event rise and fall, and ends the watch like Ctrl-C."""
    try:
        _script(stage, told)
    except BaseException as error:  # noqa: BLE001  told by the main thread
        stage.failed.append(error)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # as Ctrl-C, which jobs in the background ignore


def _script(stage: Stage, told: dict[str, Any]) -> None:
    from benchmarks.harvest_site import BUSY, GPUS_PER_NODE, QUIET

    lent = GPUS_PER_NODE - 1 - (stage.reserve or 0)
    fleet = _fleet()
    _until(stage, lambda now: now.running == 1, UP_MOST_S, "the first replica")
    if stage.reserve is not None:
        back = threading.Thread(target=_back_fill, args=(stage,))
        back.start()
        _until(stage, lambda now: now.borrowed == lent, STEP_MOST_S, "the first borrowed slots")
        done = stage.segments
        _until(stage, lambda now: now.segments > done, STEP_MOST_S, "the first segment")
    _send(fleet, stage, BUSY)
    wanted_s = _until(stage, lambda now: now.wanted == 3, STEP_MOST_S, "Serve's decision")
    placed_s = _until(stage, lambda now: now.placed == 3, STEP_MOST_S, "slots for three replicas")
    running_s = _until(stage, lambda now: now.running == 3, STEP_MOST_S, "three replicas")
    _until(stage, lambda now: now.at_s > running_s + 8, STEP_MOST_S, "a while")
    _send(fleet, stage, QUIET)
    _until(stage, lambda now: now.running == 1, STEP_MOST_S, "one replica again")
    if stage.reserve is not None:
        _until(stage, lambda now: now.borrowed == lent, STEP_MOST_S, "the slots borrowed again")
        back.join(STEP_MOST_S)
    told |= {
        "wanted_to_placed_s": round(placed_s - wanted_s, 1),
        "wanted_to_running_s": round(running_s - wanted_s, 1),
        "most_nodes": max(moment.nodes for moment in stage.moments),
    }
    if stage.reserve is not None:
        told |= _harvested(stage)


def _harvested(stage: Stage) -> dict[str, Any]:
    """Returns what the harvest came to, and whether an ordinary back-fill leaves the same."""
    from benchmarks.harvest_site import archive_job
    from ray_app.batch.backfill import backfill

    if stage.result is None:
        raise TimeoutError("the back-fill did not come to its end")
    backfill(archive_job(stage.folder, stage.folder / "ordinary"), lambda _: None)
    files = [_files(stage.folder / name) for name in ("harvested", "ordinary")]
    return {
        "segments": stage.result.decoded,
        "failed": stage.result.failed,
        "same_bytes": files[0] == files[1] and len(files[0]) > 1,
        "tally": asdict(stage.result.harvest),
    }


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.suffix == ".parquet")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _back_fill(stage: Stage) -> None:
    from benchmarks.harvest_site import archive_job
    from ray_app.batch.backfill import backfill
    from ray_app.batch.harvest import HarvestPlan
    from ray_app.live.paid_slots import look_at_site
    from ray_app.scaling.harvest_moves import HarvestRules

    def note(look: Any) -> None:  # noqa: ANN401
        stage.tally, stage.segments = look.harvest, look.segments_done

    try:
        plan = HarvestPlan(look_at_site, HarvestRules(stage.reserve or 0, 60.0), "no live site")
        job = archive_job(stage.folder, stage.folder / "harvested", harvest=plan)
        stage.result = backfill(job, note)
    except BaseException as error:  # noqa: BLE001  told by the main thread
        stage.failed.append(error)


def _fleet() -> Any:  # noqa: ANN401  an actor's handle
    import ray

    from ray_app.live.messages import FLEET, NAMESPACE

    until_s = time.monotonic() + UP_MOST_S
    while time.monotonic() < until_s:
        if ray.is_initialized():
            with suppress(ValueError):
                return ray.get_actor(FLEET, namespace=NAMESPACE)
        time.sleep(0.2)
    raise TimeoutError("the site does not start in time")


def _send(fleet: Any, stage: Stage, cameras: int) -> None:  # noqa: ANN401
    """Switches cameras on or off."""
    import ray

    from benchmarks.plan_live_day import names

    calls = [fleet.resume.remote(name) for name in names()[stage.cameras : cameras]]
    calls += [fleet.pause.remote(name) for name in names()[cameras : stage.cameras]]
    ray.get(calls)
    stage.cameras = cameras


def _until(stage: Stage, is_so: Callable[[Moment], bool], most_s: float, what: str) -> float:
    """Looks until it is so; returns when that was."""
    until_s = time.monotonic() + most_s
    while time.monotonic() < until_s:
        if stage.failed:
            raise stage.failed[0]
        stage.moments.append(_look(stage))
        if is_so(stage.moments[-1]):
            return stage.moments[-1].at_s
        time.sleep(0.25)
    raise TimeoutError(f"{what}: not there after {most_s:g} s; last {stage.moments[-1]}")


def _look(stage: Stage) -> Moment:
    import ray

    controller = ray.get_actor("SERVE_CONTROLLER_ACTOR", namespace="serve")
    details = ray.get(controller.get_serve_instance_details.remote())
    deployment = details["applications"]["detectors"]["deployments"].get("Detector", {})
    replicas = deployment.get("replicas", [])
    staying = [each for each in replicas if "STOPPING" not in str(each["state"])]
    return Moment(
        at_s=round(time.monotonic(), 2),
        cameras=stage.cameras,
        wanted=deployment.get("target_num_replicas") or 0,
        placed=sum(each.get("node_id") is not None for each in staying),
        running=sum("RUNNING" in str(each["state"]) for each in staying),
        nodes=sum(n["Alive"] and n["Resources"].get("GPU", 0) > 0 for n in ray.nodes()),
        borrowed=0 if stage.tally is None else stage.tally.borrowed,
        segments=stage.segments,
    )


def _print(moments: list[Moment]) -> None:
    names = ("s", "cameras", "wanted", "placed", "running", "GPU nodes", "borrowed", "segments")
    table = Table(*names, title="an event and a back-fill on its idle slots")
    before = None
    for moment in moments:
        told = list(asdict(moment).values())
        if told[1:] != before:
            at_s = moment.at_s - moments[0].at_s
            table.add_row(f"{at_s:.1f}", *map(str, told[1:]))
        before = told[1:]
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
