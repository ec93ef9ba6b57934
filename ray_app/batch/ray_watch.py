"""Says so when Ray itself dies: left alone, it ends this process a minute later without a word."""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from threading import Event, Thread, current_thread, main_thread

from ray_app.domain.errors import ClusterError

STOPPED = "Ray stopped; what is done stays, the same command goes on from there"
LOOKS_EVERY_S = 1.0
WATCHED = ("gcs_server", "raylet")
DEAD_ENDS_S = 30.0


class RayDiedError(ClusterError):
    """A process of this process's own local Ray died."""


@contextmanager
def watched_ray() -> Iterator[None]:
    """Interrupts what runs within, as Ctrl-C does, when a process of its own local Ray has died.

    A Ray that was joined is not ours to watch: its driver is told by Ray. Off the main thread
    nobody could be interrupted, and nothing is watched.

    Raises:
        RayDiedError: Whatever else came of that is its cause.
    """
    if current_thread() is not main_thread():
        yield
        return
    from ray._private import worker  # Ray tells its own processes nowhere else

    node = getattr(worker, "_global_node", None)
    processes: dict[str, Popen[bytes]] = {
        name: started[0].process
        for name, started in getattr(node, "all_processes", {}).items()
        if name in WATCHED and started
    }
    over, died = Event(), Event()
    logs = "" if node is None else node.get_logs_dir_path()
    watch = Thread(target=_watch, args=(processes, over, died, logs), name="ray watch", daemon=True)
    watch.start()
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if died.is_set():
            raise RayDiedError(STOPPED) from error
        raise
    finally:
        over.set()
        watch.join()
    if died.is_set():
        raise RayDiedError(STOPPED)


def end_dead_ray() -> None:
    """Shuts a Ray down of which a process died; gives up after half a minute.

    Its shutdown talks to the dead. That takes some 8 s, but with a killed GCS it was seen to hang
    for minutes. Whatever processes are left then end with this one (Ray's `Node` sees to it).
    """
    import ray
    from ray._private import worker  # its hook at exit would hang again

    ending = Thread(target=ray.shutdown, name="end of a dead ray", daemon=True)
    ending.start()
    ending.join(DEAD_ENDS_S)
    if ending.is_alive():
        atexit.unregister(worker.shutdown)


def _watch(processes: dict[str, "Popen[bytes]"], over: Event, died: Event, logs: str) -> None:
    while not over.wait(LOOKS_EVERY_S):
        for name, process in processes.items():
            if process.poll() is not None:
                sys.stderr.write(
                    f"vigie: Ray stopped: its {name} ended with {process.returncode} (killed? out "
                    f"of memory?); its last words are in {logs}\n"
                )
                sys.stderr.flush()
                died.set()
                os.kill(os.getpid(), signal.SIGTERM)  # as Ctrl-C: see _take_signals
                return
