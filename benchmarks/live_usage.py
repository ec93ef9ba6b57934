"""Processor seconds and memory of a live site, by the part that spent them."""

import os
from collections import Counter
from pathlib import Path

from benchmarks.memory import tree_pids

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PARTS = (
    ("ray::ServeReplica:detectors", "detectors"),
    ("ray::ServeReplica", "other replicas"),
    ("ray::StreamReader", "readers"),
    ("ray::ReaderFleet", "fleet"),
    ("ray::SituationDesk", "desk"),
    ("ray::SmallDesk", "desk"),
    ("ray::ServeController", "Ray"),
    ("ray::ProxyActor", "Ray"),
    ("raylet", "Ray"),
    ("gcs_server", "Ray"),
    ("rtsp_server", "cameras"),
)


def cpu_s_by_part(root: int) -> Counter[str]:
    """Returns the processor seconds so far of a process and all below it."""
    spent: Counter[str] = Counter()
    for pid in tree_pids(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[_part(pid, root)] += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return spent


def pss_by_part(root: int) -> Counter[str]:
    """Returns the memory of a process and all below it, bytes, shared pages counted once."""
    from benchmarks.memory import pss_bytes

    held: Counter[str] = Counter()
    for pid in tree_pids(root):
        held[_part(pid, root)] += pss_bytes(pid)
    return held


def _part(pid: int, root: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "Ray"
    found = next((part for start, part in PARTS if start in words), None)
    if found is not None:
        return found
    return "driver" if pid == root else "Ray"
