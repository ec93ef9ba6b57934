"""Whether load brings nodes and replicas up, and its end brings them down.

    python -m benchmarks.elastic [--replicas 3] [--boot-s 3] [--json FILE]

On a cluster of pretended GPU nodes (`planning/fake_cluster.py`): Ray's real node autoscaler, real
Serve, the detector replicas, the deployment and the scaling policy of `vigie live`. Only the
networks are a stand-in, which takes the time a GPU would and no processor. Cameras offer little,
then much, then little. Printed is every moment at which nodes or replicas changed.
"""

import argparse
import asyncio
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.timed_network import WORK_PER_S, build_timed
from models.settings import NetworkSettings
from ray_app.batch.ray_noise import without_ray_noise
from ray_app.config.live_schema import DetectorsConfig, LiveConfig, ScalingConfig
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.live.serve_config import detector_deployment
from ray_app.live.stack import SiteLoad, Stack
from ray_app.planning.fake_cluster import FakeCluster, NodeKind

if TYPE_CHECKING:
    from ray.serve import Application
    from ray.serve.handle import DeploymentHandle

UTILISATION, HOLD_S, QUIET_PER_S = 0.75, 8.0, 4.0
READERS, IN_FLIGHT, STACK = 3, 2, 4
NETWORKS = NetworkSettings(batch_size=STACK)
BATCH = FrameBatch(
    (FrameKey("load", 0, 0, 0.0),) * STACK,
    np.zeros((STACK, 36, 64, 3), np.uint8),
    ((64, 36),) * STACK,
)
UP_MOST_S, DOWN_MOST_S, CALM_S = 180.0, 180.0, 8.0


@dataclass(frozen=True)
class Moment:
    """What was there at one time.

    Attributes:
        at_s: Since the deployment was asked for.
        offered_per_s: Frames the cameras offer.
        nodes: GPU nodes that are up.
        starting: Replicas that start, wait for a node included.
        running: Replicas that run.
        analysed_per_s: Frames answered, over the last three seconds.
        given_up_per_s: Frames shed by the readers or too old at a replica, over three seconds.
        oldest_s: Greatest age of a frame when it was answered, over the last three seconds.
    """

    at_s: float
    offered_per_s: float
    nodes: int
    starting: int
    running: int
    analysed_per_s: float
    given_up_per_s: float
    oldest_s: float | None

    @property
    def fleet(self) -> tuple[float, int, int, int]:
        """What a new line of the table is printed for."""
        return self.offered_per_s, self.nodes, self.starting, self.running


@dataclass
class Load:
    """What the readers offer and what became of it; written and read by different threads."""

    offered_per_s: float = QUIET_PER_S
    answered: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=2000))
    given_up: deque[float] = field(default_factory=lambda: deque(maxlen=2000))
    failed: int = 0
    stopped: bool = False


async def read_cameras(handle: "DeploymentHandle", load: Load) -> None:
    """Runs the readers until the load is stopped."""
    async with asyncio.TaskGroup() as group:
        for number in range(READERS):
            group.create_task(_read(handle, load, number / READERS))


async def _read(handle: "DeploymentHandle", load: Load, first_s: float) -> None:
    calls: set[asyncio.Task[None]] = set()
    await asyncio.sleep(first_s)
    while not load.stopped:
        await asyncio.sleep(STACK * READERS / load.offered_per_s)
        if len(calls) >= IN_FLIGHT:
            load.given_up.extend([time.monotonic()] * STACK)
            continue
        call = asyncio.create_task(_call(handle, load))
        calls.add(call)
        call.add_done_callback(calls.discard)


async def _call(handle: "DeploymentHandle", load: Load) -> None:
    began_s = time.monotonic()
    stack = Stack(
        NETWORKS, BATCH, (time.time(),) * STACK, SiteLoad(time.time(), load.offered_per_s)
    )
    try:
        answer = await handle.detect.remote(stack)
    except Exception:  # noqa: BLE001  whatever a dying replica raises is counted
        load.failed += STACK
        return
    ended_s = time.monotonic()
    late = sum(seen is None for seen in answer.seen)
    load.given_up.extend([ended_s] * late)
    load.answered.extend([(ended_s, ended_s - began_s)] * (STACK - late))


class Watch:
    """Looks at the cluster twice a second."""

    def __init__(self, load: Load) -> None:
        self.moments: list[Moment] = []
        self._load = load
        self._began_s = time.monotonic()

    def until(self, is_reached: Callable[[Moment], bool], most_s: float) -> bool:
        """Watches until a moment answers, and returns whether one did in time."""
        until_s = time.monotonic() + most_s
        while time.monotonic() < until_s:
            self.moments.append(self._look())
            if is_reached(self.moments[-1]):
                return True
            time.sleep(0.5)
        return False

    def calm(self, seconds: float) -> None:
        """Watches for so long, whatever happens."""
        self.until(lambda _: False, seconds)

    def _look(self) -> Moment:
        import ray
        from ray import serve

        app = serve.status().applications.get("detectors")
        states = app.deployments["Detector"].replica_states if app and app.deployments else {}
        now_s = time.monotonic()
        ages = [age_s for at_s, age_s in list(self._load.answered) if at_s > now_s - 3]
        return Moment(
            at_s=round(now_s - self._began_s, 1),
            offered_per_s=self._load.offered_per_s,
            nodes=sum(n["Alive"] and n["Resources"].get("GPU", 0) > 0 for n in ray.nodes()),
            starting=sum(states.get(state, 0) for state in ("STARTING", "UPDATING")),
            running=states.get("RUNNING", 0),
            analysed_per_s=round(len(ages) / 3, 1),
            given_up_per_s=round(sum(at > now_s - 3 for at in list(self._load.given_up)) / 3, 1),
            oldest_s=round(max(ages), 2) if ages else None,
        )


def main() -> None:
    """Runs it and prints the timeline."""
    options = _options()
    logging.disable(logging.WARNING)
    node = NodeKind("gpu", cpus=1, gpus=1, most=options.replicas, boot_s=options.boot_s)
    with FakeCluster(node) as cluster:
        os.environ.update(cluster.driver_environment)
        with without_ray_noise():
            moments, reached, failed = _run(cluster.address, options.replicas)
    _print(moments)
    summary = _summary(moments) | reached | {"frames_failed": failed}
    Console().print_json(json.dumps(summary))
    if options.json:
        written = {"summary": summary, "timeline": [asdict(m) for m in moments]}
        options.json.write_text(json.dumps(written, indent=1), "utf-8")
    if not all(reached.values()):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=3, help="most replicas, one GPU node each")
    parser.add_argument("--boot-s", type=float, default=3.0, help="how long a node boots")
    parser.add_argument("--json", type=Path, help="also write the timeline there")
    return parser.parse_args()


def _run(address: str, replicas: int) -> tuple[list[Moment], dict[str, bool], int]:
    import ray
    from ray import serve

    ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    load = Load()
    try:
        serve.start(proxy_location="Disabled")
        watch = Watch(load)
        target = serve.RunTarget(_deployment(replicas), "detectors", route_prefix=None)
        serve.run_many([target], wait_for_applications_running=False)
        reached = {"first_up": watch.until(lambda m: m.running == 1, UP_MOST_S)}
        handle = serve.get_deployment_handle("Detector", "detectors")
        reader = threading.Thread(target=lambda: asyncio.run(read_cameras(handle, load)))
        reader.start()
        try:
            watch.calm(CALM_S)
            load.offered_per_s = replicas * WORK_PER_S * UTILISATION - 1
            reached["all_up"] = watch.until(
                lambda m: (m.running, m.nodes) == (replicas, replicas), UP_MOST_S
            )
            watch.calm(CALM_S)
            load.offered_per_s = QUIET_PER_S
            reached["all_down"] = watch.until(lambda m: (m.running, m.nodes) == (1, 1), DOWN_MOST_S)
            watch.calm(CALM_S)
        finally:
            load.stopped = True
            reader.join()
        serve.shutdown()
    finally:
        ray.shutdown()
    return watch.moments, reached, load.failed


def _deployment(replicas: int) -> "Application":
    from ray_app.live.detector_deployment import Detectors

    detectors = DetectorsConfig(max_replicas=replicas, num_cpus=0.1, num_gpus=1, stack_size=STACK)
    scaling = ScalingConfig(work_per_s=WORK_PER_S, utilisation=UTILISATION, hold_s=HOLD_S)
    options = detector_deployment(LiveConfig(detectors=detectors, scaling=scaling), Path())
    return Detectors.options(**options).bind((NETWORKS,), build_timed)


def _summary(moments: list[Moment]) -> dict[str, float | None]:
    rise_s = next(m.at_s for m in moments if m.offered_per_s > QUIET_PER_S)
    after = [m for m in moments if m.at_s >= rise_s]
    fall_s = next((m.at_s for m in after if m.offered_per_s == QUIET_PER_S), None)
    most = max(m.running for m in moments)
    up_s = next(m.at_s for m in moments if m.running == most)
    down_s = next((m.at_s for m in after if fall_s and m.at_s > fall_s and m.running == 1), None)
    gone_s = next((m.at_s for m in after if fall_s and m.at_s > fall_s and m.nodes == 1), None)
    return {
        "load_to_all_replicas_s": round(up_s - rise_s, 1),
        "calm_to_one_replica_s": None if None in (down_s, fall_s) else round(down_s - fall_s, 1),
        "calm_to_one_node_s": None if None in (gone_s, fall_s) else round(gone_s - fall_s, 1),
    }


def _print(moments: list[Moment]) -> None:
    table = Table(title="nodes and replicas under load")
    for name in (
        "s",
        "offered/s",
        "GPU nodes",
        "starting",
        "running",
        "analysed/s",
        "given up/s",
        "age",
    ):
        table.add_column(name, justify="right")
    before = None
    for m in moments:
        if m.fleet != before:
            age = "" if m.oldest_s is None else f"{m.oldest_s:.2f} s"
            told = (m.at_s, m.offered_per_s, m.nodes, m.starting, m.running)
            table.add_row(*(f"{v:g}" for v in (*told, m.analysed_per_s, m.given_up_per_s)), age)
        before = m.fleet
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
