"""A back-fill killed from outside goes on where it stopped, to the same bytes."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from square_footage import film_site, finished_run, manifest_of, opened, results_of, site

from ray_app.batch.analyze import analyze_run

pytestmark = pytest.mark.ray
SCRIPT = Path(__file__).with_name("square_footage.py")


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


@pytest.fixture(scope="module")
def whole(footage, tmp_path_factory):
    """What a run that nothing interrupts leaves."""
    out_dir = tmp_path_factory.mktemp("whole")
    finished_run(out_dir, manifest_of(footage))
    analyze_run(out_dir, site())
    return results_of(out_dir)


def start(footage, out_dir, log, *options):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(footage), str(out_dir), str(log), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_segments(process, count):
    for line in process.stdout:
        if int(line) >= count:
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize(
    "kill",
    [pytest.param(signal.SIGKILL, marks=pytest.mark.slow), signal.SIGINT],
    ids=["kill", "int"],
)
def test_a_killed_driver_goes_on_to_the_same_bytes(whole, footage, tmp_path, kill):
    out_dir, log = tmp_path / "out", tmp_path / "log"
    with start(footage, out_dir, log, "5") as process:
        wait_for_segments(process, 3)
        os.kill(process.pid, kill)
        told = process.stderr.read()
    if kill is signal.SIGINT:
        assert "BackfillInterrupted: interrupted: " in told
        assert "the same command goes on from there" in told
    files = {path.stem.partition("=")[2] for path in out_dir.rglob("segment=*.parquet")}
    assert 3 <= len(files) <= 5
    log.unlink()
    with start(footage, out_dir, log) as process:
        _, told = process.communicate()
    assert process.returncode == 0, told
    again = Counter(opened(log))
    assert set(again).isdisjoint(files)
    assert set(again.values()) == {1}
    assert len(again) + len(files) <= 12  # a worker may finish what it held when its driver died
    analyze_run(out_dir, site())
    assert results_of(out_dir) == whole
