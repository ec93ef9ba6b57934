"""Live, the event plan has replicas before the load that needs them, which the plan alone knows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.mark.timeout(400)
def test_the_pool_is_up_before_the_planned_peak(tmp_path: Path) -> None:
    written = tmp_path / "plan.json"
    command = [sys.executable, "-m", "benchmarks.plan_live", "--minutes", "2"]
    command += ["--starts-s", "100", "--json", str(written)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=380)

    result = json.loads(written.read_text("utf-8"))
    live = result["live"]
    many = 2 * result["work_per_s"]
    rises = next(i for i, seen in enumerate(live) if seen["offered_per_s"] > many)
    # Two replicas carry all that was ever offered before; a third can only come of the plan.
    before = live[:rises]
    assert max(seen["offered_per_s"] for seen in before) <= many
    # Where many share the machine, loading a replica may take longer than the plan's lead.
    assert max(seen["running"] + seen["starting"] for seen in before) >= 3
    assert max(seen["nodes"] for seen in before) >= 3
