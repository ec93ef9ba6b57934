"""Plays squeezed days on a real Ray whose GPU nodes are pretended and whose replicas only wait.

Days that a folder has the record of already are not played again.
"""

import asyncio
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray_app.batch.ray_noise import without_ray_noise
from ray_app.config.live_schema import DetectorsConfig
from ray_app.domain.errors import ClusterError
from ray_app.planning.fake_cluster import FakeCluster
from ray_app.planning.real_load import Call, Cameras
from ray_app.planning.squeezed_day import (
    IDLE_S,
    KIND,
    MOST_REPLICAS,
    SERVICE,
    first_replicas,
)
from ray_app.planning.waiting_replica import WaitingReplica
from ray_app.simulator.class_load import class_load
from ray_app.simulator.serve_settings import ServedPolicy
from ray_app.simulator.simulation import FIRST_UTILISATION, Day
from ray_app.store.written_aside import write_whole

if TYPE_CHECKING:
    from ray_app.live.scaling_adapter import WarmNodes

LOGGED = "ray_app.planning.logged_policy:LoggedPolicy"
APP, DEPLOYMENT = "day", "replica"
STARTS_WITHIN_S = 18.0
"""From the deployment to the first second of the day: a node boots and a replica starts."""
LOOK_EVERY_S, WARM_EVERY_S = 0.5, 1.0
DAYS, BILL, STARTS, POLICY_LOG = "days.pickle", "bill.jsonl", "starts.jsonl", "decisions.jsonl"
RECORD, NEW_CLUSTER = "record.json", "new cluster"


@dataclass(frozen=True, slots=True)
class RealDay:
    """One day to play for real.

    Attributes:
        folder: Name of the folder of what comes of it.
        day: The squeezed day.
        served: The policy.
        stale_s: Age from which a frame is dropped before it costs work, seconds; None for never.
    """

    folder: str
    day: Day
    served: ServedPolicy
    stale_s: float | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What was there at one time: seconds of the day, GPU nodes up, replicas by state."""

    at_s: float
    nodes: int
    starting: int
    running: int


@dataclass(frozen=True, slots=True)
class Record:
    """What came of a real day.

    Attributes:
        zero_at: Epoch seconds of its first second.
        seconds: Its length.
        offered: Work offered at the full rate, one value per second.
        shed: Work given up before it was sent, requests.
        looked: What was there, twice a second.
        calls: Every call that was sent.
        load: Processes that wanted a core of this machine, and its cores, at the end.
    """

    zero_at: float
    seconds: int
    offered: tuple[float, ...]
    shed: float
    looked: tuple[Looked, ...]
    calls: tuple[Call, ...]
    load: float = field(default_factory=lambda: os.getloadavg()[0])


def play_days(days: Sequence[RealDay], folder: Path) -> None:
    """Plays the days that the folder has no record of yet, on one cluster of their own.

    Raises:
        ClusterError: The cluster did not start, or ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = tuple(day for day in days if not (folder / day.folder / RECORD).exists())
    if not waiting:
        return
    (folder / DAYS).write_bytes(pickle.dumps(waiting))
    with (folder / BILL).open("a", encoding="utf-8") as bill:
        bill.write(json.dumps({"at": time.time(), "what": NEW_CLUSTER, "count": 0}) + "\n")
    with FakeCluster(KIND, idle_s=IDLE_S, bill=folder / BILL) as cluster:
        # Ray reads the token of its cluster when it is imported; this process did that already.
        ended = subprocess.run(
            [sys.executable, "-m", "ray_app.planning.real_day", cluster.address, str(folder)],
            env=os.environ | cluster.driver_environment,
            check=False,
        )
    if ended.returncode:
        raise ClusterError(f"the real days ended with status {ended.returncode}; try again")


def main() -> None:
    """Plays the days of a folder on the cluster at an address."""
    address, folder = sys.argv[1], Path(sys.argv[2])
    days: tuple[RealDay, ...] = pickle.loads((folder / DAYS).read_bytes())  # noqa: S301  ours
    logging.disable(logging.WARNING)
    with without_ray_noise():
        _play_all(address, days, folder)


def _play_all(address: str, days: Sequence[RealDay], folder: Path) -> None:
    import ray
    from ray import serve

    ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        serve.start(proxy_location="Disabled")
        for day in days:
            own = folder / day.folder
            own.mkdir(parents=True, exist_ok=True)
            record = _play(day, own)
            write_whole(own / RECORD, json.dumps(asdict(record)).encode())
        serve.shutdown()
    finally:
        ray.shutdown()


def _play(real: RealDay, folder: Path) -> Record:
    from ray import serve

    zero_at = time.time() + STARTS_WITHIN_S
    served = _for_real(real.served, zero_at, folder / POLICY_LOG)
    serve.run_many(
        [serve.RunTarget(_application(real, served, folder), APP, route_prefix=None)],
        wait_for_applications_running=False,
    )
    handle = serve.get_deployment_handle(DEPLOYMENT, APP)
    load = class_load(real.day.profile, real.day.trace)
    cameras = Cameras(handle, real, load, zero_at)
    sender = threading.Thread(target=lambda: asyncio.run(cameras.send()))
    sender.start()
    try:
        looked = _look_on(cameras, _warm_nodes(served), real.day.trace.seconds)
    finally:
        sender.join()
        serve.delete(APP)
    offered = tuple(float(value) for value in real.day.trace.total_per_s)
    calls = tuple(cameras.calls)
    return Record(zero_at, real.day.trace.seconds, offered, cameras.shed, looked, calls)


def _for_real(served: ServedPolicy, zero_at: float, log: Path) -> ServedPolicy:
    """Returns the policy with the real clock, writing down what it decides."""
    if served.function is None:
        return served
    log.unlink(missing_ok=True)
    kwargs = {**served.kwargs, "zero_s": zero_at, "log": str(log.absolute())}
    return replace(served, function=LOGGED, kwargs=kwargs)


def _application(real: RealDay, served: ServedPolicy, folder: Path) -> Any:  # noqa: ANN401
    from ray import serve

    scaling: dict[str, Any] = {"min_replicas": 1, "max_replicas": MOST_REPLICAS, **served.knobs}
    scaling["initial_replicas"] = first_replicas(real.day, FIRST_UTILISATION)
    if served.function is not None:
        scaling["policy"] = {
            "policy_function": served.function,
            "policy_kwargs": dict(served.kwargs),
        }
    deployment = serve.deployment(
        name=DEPLOYMENT,
        max_ongoing_requests=2 * SERVICE.batch_max,
        ray_actor_options={"num_cpus": 0.1, "num_gpus": 1},
        graceful_shutdown_timeout_s=2.0,
        graceful_shutdown_wait_loop_s=0.2,
        autoscaling_config=scaling,
    )(WaitingReplica)
    log = (folder / STARTS).absolute()
    log.unlink(missing_ok=True)
    return deployment.bind(SERVICE, real.stale_s, str(log))


def _warm_nodes(served: ServedPolicy) -> "WarmNodes | None":
    """Returns what asks for nodes early, as the reader fleet does; Ray's own policy does not."""
    if served.function is None:
        return None
    from ray_app.live.scaling_adapter import WarmNodes

    detectors = DetectorsConfig(
        min_replicas=1, max_replicas=MOST_REPLICAS, num_cpus=0.1, num_gpus=1
    )
    return WarmNodes(dict(served.kwargs), detectors)


def _look_on(cameras: Cameras, warm: "WarmNodes | None", seconds: int) -> tuple[Looked, ...]:
    looked: list[Looked] = []
    next_warm_s = 0.0
    while (now_s := time.time() - cameras.zero_at) < seconds:
        seen = _look(now_s)
        cameras.running = seen.running
        if now_s >= 0:
            looked.append(seen)
        if warm is not None and now_s >= next_warm_s:
            next_warm_s = now_s + WARM_EVERY_S
            offered, counts = cameras.told(now_s)
            wanted = warm.decide(time.time(), offered, seen.running, counts)
            warm.ask(wanted.warm_gpus, seen.running)
        time.sleep(LOOK_EVERY_S)
    if warm is not None:
        warm.ask(0, 0)
    return tuple(looked)


def _look(now_s: float) -> Looked:
    import ray
    from ray import serve

    app = serve.status().applications.get(APP)
    states: Mapping[str, int] = (
        app.deployments[DEPLOYMENT].replica_states if app and app.deployments else {}
    )
    nodes = sum(n["Alive"] and n["Resources"].get("GPU", 0) > 0 for n in ray.nodes())
    starting = sum(states.get(state, 0) for state in ("STARTING", "UPDATING"))
    return Looked(round(now_s, 2), nodes, starting, states.get("RUNNING", 0))


if __name__ == "__main__":
    main()
