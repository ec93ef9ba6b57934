"""The command line: one clear line for a fault, one JSON object where JSON was asked for."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ray_app import cli
from ray_app.domain.errors import Interrupted


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs the program in this process; returns status, standard output, standard error."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["vigie", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    yield run
    signal.signal(signal.SIGTERM, before)


def faults(folder: Path):
    (folder / "empty").mkdir()
    (folder / "broken.yaml").write_text("site: [")
    return {
        "footage": ("backfill", "--footage", folder / "none.mp4"),
        "empty": ("backfill", "--footage", folder / "empty"),
        "nothing": ("backfill",),
        "site": ("backfill", folder / "no.yaml", "--footage", folder / "empty"),
        "replay": ("replay", folder / "empty"),
        "report": ("report", folder / "empty"),
        "evaluate": ("evaluate", "objects", "--video", folder / "v", "--truth", folder / "t"),
    }


NAMES = ("footage", "empty", "nothing", "site", "replay", "report", "evaluate")


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_one_line_and_with_json_one_object(call, tmp_path, name):
    words = faults(tmp_path)[name]
    status, out, err = call(*words)
    assert (status, out) == (2, "")
    assert err.startswith("vigie: ")
    assert err.count("\n") == 1
    status, out, err_again = call(*words, "--json")
    assert (status, err_again) == (2, err)
    assert json.loads(out) == {"error": err.strip().removeprefix("vigie: "), "status": 2}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "add --address of the Ray cluster"),
        (("--address", "127.0.0.1:1", "--workers", "2"), "leave --workers and --num-gpus out"),
    ],
)
def test_a_harvest_says_what_it_needs(call, tmp_path, words, told):
    status, out, err = call("backfill", "--footage", tmp_path, "--harvest", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_an_interruption_is_130_and_says_how_to_go_on(call, monkeypatch):
    def stop(request):
        raise Interrupted("2 of 5 segments are done")

    monkeypatch.setattr("ray_app.commands.backfill.run", stop)
    status, out, err = call("backfill", "--footage", "x", "--json")
    assert status == 130
    assert json.loads(out)["status"] == 130
    assert err == "vigie: 2 of 5 segments are done\n"


def test_ctrl_c_anywhere_is_told(call, monkeypatch):
    def stop(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr("ray_app.commands.synth.run", stop)
    status, out, err = call("synth", "event_gate")
    assert (status, out) == (130, "")
    assert err.startswith("vigie: interrupted; ")


OWNER = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from ray_app.video.synthetic.rendering import end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600)
    time.sleep(600)
"""


def lives(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_drawers_end_with_their_owner_however_it_ended(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as owner:
        drawer = Path("/proc", owner.stdout.readline().strip(), "stat")
        owner.kill()
    waited = time.monotonic() + 30
    while lives(drawer):
        assert time.monotonic() < waited, "the drawer lives on"
        time.sleep(0.1)
