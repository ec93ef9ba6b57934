"""How much memory this process and all it started hold together."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_EVERY_S = 0.5


class Peak:
    """The largest total seen."""

    def __init__(self) -> None:
        self.pss_bytes = 0


@contextmanager
def watched(root: int | None = None) -> Iterator[Peak]:
    """Looks every half second at the memory of a process and all below it."""
    peak, stop = Peak(), threading.Event()
    pid = root or os.getpid()

    def look() -> None:
        while not stop.wait(LOOK_EVERY_S):
            peak.pss_bytes = max(peak.pss_bytes, tree_pss_bytes(pid))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def tree_pss_bytes(root: int) -> int:
    """Returns the memory of a process and all below it, shared pages counted once."""
    return sum(pss_bytes(pid) for pid in tree_pids(root))


def tree_pids(root: int) -> set[int]:
    """Returns a process and all below it."""
    parents = dict(_parents())
    members = {root}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return members


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:
                continue
            yield int(folder.name), int(status.rpartition(")")[2].split()[1])


def pss_bytes(pid: int) -> int:
    """Returns the memory of one process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
