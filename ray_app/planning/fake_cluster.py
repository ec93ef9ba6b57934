"""A cluster of pretended GPU nodes on one machine, with Ray's real node autoscaler.

Ray's own `ray.cluster_utils.AutoscalingCluster` lacks a file in the wheel, and stops every Ray of
the machine. This one starts a head and lets the autoscaler launch nodes that are processes here;
it ends only processes that carry its own mark.

    with FakeCluster(NodeKind("gpu", cpus=1, gpus=1, most=3)) as cluster:
        os.environ.update(cluster.driver_environment)  # before ray is imported
        ray.init(address=cluster.address)
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ray_app.outside.free_port import free_port

HEAD_ID = "f" * 51 + "00000"
PROVIDER = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"
SLOW_PROVIDER = "ray_app.planning.slow_nodes.SlowNodes"
MARK = "VIGIE_FAKE_CLUSTER"
HEAD_STORE_BYTES, NODE_STORE_BYTES = 300_000_000, 80_000_000
ROOT = Path(__file__).parents[2]


class FakeClusterError(Exception):
    """The head did not start."""


@dataclass(frozen=True)
class NodeKind:
    """One kind of node the autoscaler may launch.

    Attributes:
        most: Most nodes of it at once.
        boot_s: How long a node takes from its order to its start, seconds.
    """

    name: str
    cpus: float
    gpus: float
    most: int
    boot_s: float = 0.0


class FakeCluster:
    """Starts at `with`, and is gone with all its processes and files at its end.

    Args:
        kinds: Nodes the autoscaler may launch.
        head_cpus: Cores of the head, for Serve's controller and plain actors.
        idle_s: A node without work for so long is given back.
        bill: File that every order and every return of a node is added to; needs a `boot_s`.
    """

    def __init__(
        self,
        *kinds: NodeKind,
        head_cpus: int = 4,
        idle_s: float = 6.0,
        bill: Path | None = None,
    ) -> None:
        self._kinds = kinds
        self._bill = bill
        self._head_cpus = head_cpus
        self._idle_s = idle_s
        self._mark = secrets.token_hex(8)
        self._token = secrets.token_hex(32)
        self._port = free_port()
        # Ray puts sockets there, whose paths may have 107 letters.
        self._folder = Path(tempfile.mkdtemp(prefix="vigie-"))

    @property
    def address(self) -> str:
        """Where `ray.init` finds it."""
        return f"127.0.0.1:{self._port}"

    @property
    def driver_environment(self) -> dict[str, str]:
        """What a program that uses it must have in its environment before it imports ray."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self._token,
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def __enter__(self) -> "FakeCluster":
        try:
            self._start_head()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def process_ids(self) -> list[int]:
        """Returns the processes of this cluster, nodes and workers too."""
        mark, folder = f"{MARK}={self._mark}".encode(), f"{self._folder}/"
        return [
            pid
            for pid in _all_process_ids()
            if mark in _environment_of(pid) or _writes_below(pid, folder)
        ]

    def _start_head(self) -> None:
        written = self._folder / "autoscaling.json"
        written.write_text(json.dumps(self._autoscaling()), "utf-8")
        command = [
            *(str(Path(sys.executable).with_name("ray")), "start", "--head"),
            *(f"--autoscaling-config={written}", f"--port={self._port}"),
            *("--node-ip-address=127.0.0.1", f"--temp-dir={self._folder / 'ray'}"),
            *("--include-dashboard=false", f"--ray-client-server-port={free_port()}"),
            *("--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0"),
            *(f"--num-cpus={self._head_cpus}", "--num-gpus=0", "--disable-usage-stats"),
            f"--object-store-memory={HEAD_STORE_BYTES}",
        ]
        # Output goes to a file: the head's processes inherit it, and a pipe would stay open.
        with (self._folder / "start.log").open("wb") as log:
            ended = subprocess.run(
                command, env=self._environment(), stdout=log, stderr=log, timeout=180, check=False
            )
        if ended.returncode:
            raise FakeClusterError((self._folder / "start.log").read_text("utf-8")[-2000:])

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {
            **os.environ,
            **self.driver_environment,
            MARK: self._mark,
            "PYTHONPATH": path,
            "RAY_FAKE_CLUSTER": "1",
            "RAY_enable_autoscaler_v2": "1",
            "RAY_CLOUD_INSTANCE_ID": HEAD_ID,
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD_ID,
            "AUTOSCALER_UPDATE_INTERVAL_S": "1",
            # Ray puts its workers behind every other program; here they are the program.
            "RAY_worker_niceness": "0",
        }

    def _autoscaling(self) -> dict[str, object]:
        head: dict[str, object] = {"resources": {"CPU": self._head_cpus}, "node_config": {}}
        kinds: dict[str, object] = {"ray.head.default": head | {"max_workers": 0}}
        return {
            "cluster_name": "vigie-fake",
            "max_workers": sum(kind.most for kind in self._kinds),
            "provider": self._provider(),
            "available_node_types": kinds | {kind.name: _written(kind) for kind in self._kinds},
            "head_node_type": "ray.head.default",
            "upscaling_speed": 1.0,
            "idle_timeout_minutes": self._idle_s / 60,
            **{key: {} for key in ("auth", "docker", "file_mounts")},
            **{key: [] for key in _EMPTY_LISTS},
            "file_mounts_sync_continuously": False,
        }

    def _provider(self) -> dict[str, object]:
        boots = {kind.name: kind.boot_s for kind in self._kinds if kind.boot_s > 0}
        return {
            "type": "external",
            "module": SLOW_PROVIDER if boots else PROVIDER,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            "gcs_address": self.address,
            "launch_multiple": True,
            "head_node_id": HEAD_ID,
            "boot_s": boots,
            "bill": None if self._bill is None else str(self._bill.absolute()),
        }

    def _end(self) -> None:
        for name in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.process_ids():
                _send(pid, name)
            if _wait(lambda: not self.process_ids(), 10.0):
                break
        shutil.rmtree(self._folder, ignore_errors=True)


_EMPTY_LISTS = (
    *("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands"),
    *("head_start_ray_commands", "worker_start_ray_commands", "cluster_synced_files"),
    *("rsync_exclude", "rsync_filter"),
)


def _written(kind: NodeKind) -> dict[str, object]:
    resources = {"CPU": kind.cpus, "GPU": kind.gpus, "object_store_memory": NODE_STORE_BYTES}
    return {
        "resources": resources,
        "node_config": {},
        "min_workers": 0,
        "max_workers": kind.most,
    }


def _all_process_ids() -> list[int]:
    own = os.getpid()
    found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in found if pid != own]


def _environment_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it ended, or is somebody else's
        return b""


def _writes_below(pid: int, folder: str) -> bool:
    """Returns whether a process has a file of a folder open.

    Ray's agents write their title over their environment, mark and all, and outlive their node.
    """
    opened = Path(f"/proc/{pid}/fd")
    try:
        return any(str(entry.readlink()).startswith(folder) for entry in opened.iterdir())
    except OSError:  # it ended, or is somebody else's
        return False


def _send(pid: int, name: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, name)


def _wait(is_so: Callable[[], bool], most_s: float) -> bool:
    until_s = time.monotonic() + most_s
    while time.monotonic() < until_s:
        if is_so():
            return True
        time.sleep(0.1)
    return is_so()
