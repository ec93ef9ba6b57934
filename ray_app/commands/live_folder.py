"""The folder of a live site: who runs in it, and how to end it."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ray_app.batch.results_folder import LOCK, claimed
from ray_app.domain.errors import StoreError
from ray_app.live.messages import KEEPER_VERSION, STOPPED
from ray_app.store.written_aside import cause_of, write_whole

RUNNING = "running.json"
STREAMS_CLOSE_S, ALL_ENDS_S, LOOK_S = 10.0, 60.0, 0.05


@contextmanager
def running_in(folder: Path) -> Iterator[None]:
    """Keeps the folder for this process, and tells others how to end it.

    Raises:
        StoreError: Another live site runs in it, or it cannot be written.
    """
    with claimed(folder):
        write_whole(folder / RUNNING, json.dumps({"process": os.getpid()}).encode())
        try:
            yield
        finally:
            say_streams_closed(folder)


def say_streams_closed(folder: Path) -> None:
    """Tells whoever waits in `stop_running` that no camera is read any more."""
    (folder / RUNNING).unlink(missing_ok=True)


def stop_running(folder: Path) -> float | None:
    """Ends the live site that runs in a folder, on this machine or kept by a cluster.

    Returns:
        Seconds until every stream was closed; None when none runs.

    Raises:
        StoreError: It does not end.
    """
    process = _process(folder)
    if process is None:
        return _stop_kept(folder) if (folder / KEEPER_VERSION).exists() else None
    began_s = time.monotonic()
    os.kill(process, signal.SIGTERM)
    while (folder / RUNNING).exists():
        if time.monotonic() - began_s > STREAMS_CLOSE_S:
            raise StoreError(f"process {process} does not close its streams; end it yourself")
        time.sleep(LOOK_S)
    closed_s = time.monotonic() - began_s
    while _is_claimed(folder) and time.monotonic() - began_s < ALL_ENDS_S:
        time.sleep(LOOK_S)
    return closed_s


def _stop_kept(folder: Path) -> float:
    """Tells the keeper of a cluster to end what it keeps, and waits until it did."""
    stopped = folder / STOPPED
    began_s = time.monotonic()
    write_whole(stopped, b"")
    while (folder / KEEPER_VERSION).exists():
        if time.monotonic() - began_s > STREAMS_CLOSE_S:
            raise StoreError(
                f"no keeper answers in {folder} within {STREAMS_CLOSE_S:g} s: is the cluster up? "
                f"{stopped} stays, so nothing will be watched until you remove it"
            )
        time.sleep(LOOK_S)
    return time.monotonic() - began_s


def is_kept_stopped(folder: Path) -> bool:
    """Returns whether a cluster is told to watch nothing."""
    return (folder / STOPPED).exists()


def _process(folder: Path) -> int | None:
    """Returns the process that runs in the folder; None when none does."""
    if not _is_claimed(folder):
        return None
    try:
        return int(json.loads((folder / RUNNING).read_text("utf-8"))["process"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise StoreError(f"cannot read {folder / RUNNING}: {cause}") from error


def _is_claimed(folder: Path) -> bool:
    """Returns whether a process holds the folder; a number alone could be anybody's by now."""
    try:
        with (folder / LOCK).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except OSError:
        return False
    return False
