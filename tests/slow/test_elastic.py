"""Load brings pretended GPU nodes and replicas up, its end brings them down, nothing is left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARK = b"VIGIE_FAKE_CLUSTER="

pytestmark = pytest.mark.slow


def marked_processes() -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if MARK in (entry / "environ").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.timeout(600)
def test_nodes_and_replicas_follow_the_load(tmp_path: Path) -> None:
    before = marked_processes()
    written = tmp_path / "elastic.json"
    command = [sys.executable, "-m", "benchmarks.elastic", "--replicas", "2", "--json", written]
    subprocess.run(command, cwd=ROOT, check=True, timeout=580)

    timeline = json.loads(written.read_text("utf-8"))["timeline"]
    quiet = timeline[0]["offered_per_s"]
    rises = next(i for i, m in enumerate(timeline) if m["offered_per_s"] > quiet)
    falls = next(i for i, m in enumerate(timeline) if i > rises and m["offered_per_s"] == quiet)
    assert max(m["running"] for m in timeline[:rises]) == 1
    assert (timeline[falls]["running"], timeline[falls]["nodes"]) == (2, 2)
    assert (timeline[-1]["running"], timeline[-1]["nodes"]) == (1, 1)
    # A node comes before its replica: the pretended GPU is what replicas wait for.
    first_node = next(i for i, m in enumerate(timeline) if m["nodes"] == 2)
    first_replica = next(i for i, m in enumerate(timeline) if m["running"] == 2)
    assert first_node <= first_replica
    assert marked_processes() <= before
