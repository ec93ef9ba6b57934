"""Days as Ray tasks: the same bytes every time, a page, and faults told in one line."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import ray
from typer.testing import CliRunner

from ray_app.batch.ray_session import ray_session
from ray_app.cli import app
from ray_app.commands.plan import plan_event, plan_lines
from ray_app.config.event_file import load_event
from ray_app.domain.errors import ConfigError
from ray_app.planning.campaign import Campaign, run_campaign
from ray_app.planning.results import write_runs
from ray_app.simulator.comparison import scores
from ray_app.simulator.line_up import oracle, ours, ray_default, users_own

pytestmark = pytest.mark.ray
CLI = CliRunner()
OWN = '''
class Steady:
    """As many replicas as it was built with."""

    def __call__(self, ctx):
        return 7, {}
'''
TRACE = """
import tempfile


class Mine:
    def __init__(self):
        tempfile.NamedTemporaryFile(dir="{folder}", suffix=".day", delete=False).close()
        raise RuntimeError("no such luck")
"""


@pytest.fixture(scope="module", autouse=True)
def _ray():
    with ray_session(None, workers=2, gpus=0):
        yield


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def test_the_same_seeds_leave_the_same_bytes(event_file: Path, tmp_path: Path) -> None:
    profile = load_event(event_file)
    policies = (ray_default(), ours("event_plan", profile), oracle(profile))
    for name, workers in (("one", 1), ("two", 2)):
        campaign = Campaign(profile, policies, ("as_planned", "trains"), (1, 2), workers=workers)
        seen: list[tuple[int, int]] = []
        outcomes = run_campaign(campaign, lambda done, total, seen=seen: seen.append((done, total)))
        assert seen[-1] == (4, 4)
        assert [(o.scenario, o.seed, o.policy) for o in outcomes[:3]] == [
            ("as_planned", 1, p.name) for p in policies
        ]
        write_runs(tmp_path / name, outcomes, scores(outcomes))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_policy_of_the_users_own_plays_too(
    event_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "steady_policy.py").write_text(OWN, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CLI.invoke(
        app,
        ["simulate", "run", str(event_file), "--policy", "steady_policy:Steady", "--out", "o",
         "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["policy"] == "steady_policy:Steady"


def test_a_policy_that_cannot_be_loaded_is_one_clear_line(event_file: Path) -> None:
    profile = load_event(event_file)
    broken = users_own("no_such_module:Mine", {})
    with pytest.raises(ConfigError, match="no_such_module"):
        run_campaign(Campaign(profile, (broken,), ("as_planned",), (1,)))
    with pytest.raises(ConfigError, match="no import path; write module:name"):
        users_own("evnt_plan", {})


def test_a_failed_day_takes_no_other_day_back(
    event_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ray.cancel of a day that ended at that moment aborted the whole process."""
    monkeypatch.setattr(ray, "cancel", lambda *_, **__: pytest.fail("a day was taken back"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "leaves_a_trace.py").write_text(TRACE.format(folder=tmp_path), "utf-8")
    broken = users_own("leaves_a_trace:Mine", {})
    campaign = Campaign(
        load_event(event_file), (broken,), ("as_planned",), tuple(range(20)), workers=2
    )
    for one in (campaign, replace(campaign, seeds=(20,))):  # the second waits behind the first
        with pytest.raises(ConfigError, match="no such luck"):
            run_campaign(one)
    assert 2 <= len(list(tmp_path.glob("*.day"))) <= 3


def test_an_unknown_scenario_is_told_with_the_known_ones(event_file: Path) -> None:
    done = CLI.invoke(app, ["simulate", "run", str(event_file), "--scenario", "rain"])
    assert isinstance(done.exception, ConfigError)
    assert "known: as_planned" in str(done.exception)


def test_a_plan_is_ten_lines_a_page_and_files_to_deploy(event_file: Path, tmp_path: Path) -> None:
    study, page = plan_event(event_file, None, 1, 2, tmp_path / "plan")
    lines = plan_lines(study, page)
    assert len(lines) == 10
    assert lines[1].startswith("Use ")
    assert re.match(r"cost: [\d,]+ USD \([\d,]+ to [\d,]+\); ", lines[3])
    assert re.search(r"idle paid time: [\d.]+ GPU-h, enough .* [\d,]+ footage-hours$", lines[3])
    text = page.read_text("utf-8")
    assert text.count("<svg") == 4
    for words in ("Load against capacity", "Cost against misses", "What if", "(the knee)"):
        assert words in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    serve = json.loads((page.parent / "serve.json").read_text("utf-8"))["autoscaling_config"]
    assert serve["max_replicas"] >= 1
    steps = json.loads((page.parent / "prewarm.json").read_text("utf-8"))
    assert [step["at_s"] for step in steps] == sorted(step["at_s"] for step in steps)
