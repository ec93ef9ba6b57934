"""Says so when Ray itself dies: left alone, it ends this process a minute later without a word."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from threading import Event, Thread, current_thread, main_thread

LOOKS_EVERY_S = 1.0
WATCHED = ("gcs_server", "raylet")


@contextmanager
def watched_ray() -> Iterator[None]:
    """Interrupts this process, as Ctrl-C does, when a process of its own local Ray has died.

    A Ray that was joined is not ours to watch: its driver is told by Ray. Off the main thread
    nobody could be interrupted, and nothing is watched.
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
    over = Event()
    logs = "" if node is None else node.get_logs_dir_path()
    watch = Thread(target=_watch, args=(processes, over, logs), name="ray watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(processes: dict[str, "Popen[bytes]"], over: Event, logs: str) -> None:
    while not over.wait(LOOKS_EVERY_S):
        for name, process in processes.items():
            if process.poll() is not None:
                sys.stderr.write(
                    f"vigie: Ray stopped: its {name} ended with {process.returncode} (killed? out "
                    f"of memory?); its last words are in {logs}\n"
                )
                sys.stderr.flush()
                os.kill(os.getpid(), signal.SIGTERM)  # as Ctrl-C: see _take_signals
                return
