"""On pretended GPU nodes the back-fill takes idle slots and gives them back; no node is bought."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.mark.timeout(500)
def test_the_event_has_its_slots_back_and_no_node_is_bought(tmp_path: Path) -> None:
    written = tmp_path / "harvest.json"
    command = [sys.executable, "-m", "benchmarks.harvest", "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=480)

    result = json.loads(written.read_text("utf-8"))
    summary, timeline = result["summary"], result["timeline"]
    # One node of four GPUs: what the event needs is there, and a second one could be had.
    assert max(moment["nodes"] for moment in timeline) == 1
    first = next(i for i, moment in enumerate(timeline) if moment["borrowed"] == 2)
    rises = next(i for i, moment in enumerate(timeline) if moment["cameras"] == 12)
    full = next(i for i, moment in enumerate(timeline) if moment["running"] == 3)
    assert first < rises < full
    assert all(moment["running"] == 1 for moment in timeline[:rises])
    # Three replicas and the reserve: nothing is left to lend.
    assert timeline[full]["borrowed"] == 0
    assert timeline[-1]["borrowed"] == 2
    tally = summary["tally"]
    assert (tally["most"], tally["at_once"] + tally["after_segment"] >= 2) == (2, True)
    assert tally["lost"] <= 2
    assert (summary["segments"], summary["failed"], summary["same_bytes"]) == (36, 0, True)


@pytest.mark.timeout(400)
def test_nodes_kept_warm_are_borrowed_and_let_go_with_the_plan(tmp_path: Path) -> None:
    written = tmp_path / "warm.json"
    command = [sys.executable, "-m", "benchmarks.harvest_warm", "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=380)

    told = json.loads(written.read_text("utf-8"))
    seen = [tuple(each) for each in told["seen"]]  # (kept warm, nodes up, slots borrowed)
    assert max(nodes for _, nodes, _ in seen) == 2
    both, none, one = (seen.index(each) for each in ((2, 2, 2), (1, 2, 0), (1, 1, 1)))
    assert both < none < one
    assert (told["let_go"], told["decoded"]) == (2, 36)
