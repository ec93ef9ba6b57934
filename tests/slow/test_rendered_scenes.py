"""The whole road on rendered scenes with exact truth: nothing missed, nothing imagined."""

import os

import pytest

from ray_app.commands.scene_run import run_scene
from ray_app.domain.errors import VigieError
from ray_app.video.synthetic.film import film_scenario

# Drawing ten minutes of four cameras takes a quarter of an hour on two cores.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

WORKERS = os.cpu_count() or 1
QUIET_S = 600.0


def ignore(progress):
    """Nobody looks at the progress."""


def drawn(folder, name, **options):
    try:
        return film_scenario(name, folder / "scene", workers=WORKERS, **options)
    except VigieError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=[1, 2])
def gate_run(request, tmp_path_factory):
    """What Vigie makes of the planted incidents of a seed; seed 1 is the demo's."""
    folder = tmp_path_factory.mktemp("gate")
    scene = drawn(folder, "event_gate", seed=request.param)
    return run_scene(scene, folder / "results", WORKERS, ignore)


def test_every_planted_incident_is_found_within_five_seconds(gate_run):
    verdicts = {(row.camera_id, row.situation): row.verdict for row in gate_run.table.rows}
    assert "missed" not in verdicts.values(), gate_run.table.rows
    assert list(verdicts.values()).count("found") >= 5
    assert gate_run.table.false_alarms == ()


def test_density_is_within_fifteen_percent_of_truth(gate_run):
    assert {error.camera_id for error in gate_run.densities} == {"gate", "drone"}
    for error in gate_run.densities:
        assert error.frames > 100
        assert error.median_share <= 0.15, error


def test_ten_quiet_minutes_raise_no_alarm(tmp_path):
    scene = drawn(tmp_path, "quiet_afternoon", seconds=QUIET_S, rate_hz=5.0)
    run = run_scene(scene, tmp_path / "results", WORKERS, ignore)
    assert run.result.totals.frames >= 4 * QUIET_S * 5 * 0.99
    assert run.result.failed == 0
    assert run.table.rows == ()
    assert run.table.false_alarms == ()
