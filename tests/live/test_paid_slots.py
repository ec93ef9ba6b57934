"""What a harvest sees of a live site on a real Ray and Serve, and that it works off an archive."""

from pathlib import Path

import pytest
import ray
from live_ray import start_desk
from live_site import file_site, until
from square_footage import film_site, job_of, manifest_of, results_of, run_without_ray
from watching_fleet import Watching, slow_squares

from ray_app.batch.backfill import backfill
from ray_app.batch.harvest import HarvestPlan
from ray_app.batch.segment_worker import open_clip
from ray_app.live.paid_slots import fitting, look_at_site
from ray_app.scaling.backfill_slots import EventNeed, SlotSize
from ray_app.scaling.harvest_moves import HarvestRules

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
REPLICAS, LEAD_S = 2, 30.0


@pytest.fixture(scope="module", autouse=True)
def _ray(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        here = Path(__file__).parent
        patch.setenv("PYTHONPATH", f"{here}:{here.parent / 'batch'}")
        folder = tmp_path_factory.mktemp("detectors")
        with slow_squares(folder / "seconds", folder):
            yield


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


@pytest.fixture
def desk():
    desk = start_desk()
    yield desk
    ray.kill(desk, no_restart=True)


def test_without_a_fleet_there_is_nothing_to_see():
    assert look_at_site(LEAD_S) is None


def test_a_harvest_sees_replicas_and_free_slots_and_works_off_an_archive(footage, desk, tmp_path):
    out = tmp_path / "ordinary"
    run_without_ray(out, manifest_of(footage))
    site = file_site(footage, tmp_path / "live", every_frame=False)
    with Watching(site, tmp_path) as watching:
        until(lambda: sum(map(bool, watching.analysed().values())) == 2, watching.cameras)
        # ten frames a second are one replica's work; Serve was told to run two
        signal = ray.get(watching.fleet.event_signal.remote(LEAD_S))
        assert signal.need == EventNeed(1, 1, 0)
        look = look_at_site(LEAD_S)
        assert look.signal.slot == SlotSize(site.live.detectors.num_cpus, 0.0)
        assert look.signal.need.soon >= look.signal.need.now >= REPLICAS
        assert look.signal.need.warm == 0  # no node is kept for processors
        (node,) = look.nodes
        assert (node.replicas, node.leaving) == (REPLICAS, 0)
        # six halves of a core are left, and readers take some of the last
        assert node.free == 5

        rules = HarvestRules(reserve=node.free - 2, lead_s=LEAD_S)
        plan = HarvestPlan(look_at_site, rules, "no live site")
        job = job_of(tmp_path / "out", manifest_of(footage), open_clip, harvest=plan)
        result = backfill(job, lambda look: None)
    assert (result.decoded, result.failed) == (12, 0)
    assert 1 <= result.harvest.most <= 2
    files = [
        {place: each for place, each in results_of(folder).items() if "observations" in place}
        for folder in (out, tmp_path / "out")
    ]
    assert files[0] == files[1]
    assert len(files[0]) == 12


@pytest.mark.parametrize(
    ("there", "size", "slots"),
    [
        ({"CPU": 3.9, "GPU": 4.0}, SlotSize(1.0, 1.0), 3),
        ({"CPU": 16.0, "GPU": 0.3}, SlotSize(1.0, 0.1), 3),
        ({"CPU": 16.0}, SlotSize(1.0, 1.0), 0),
        ({"CPU": 2.0}, SlotSize(0.5, 0.0), 4),
        ({}, SlotSize(0.5, 0.0), 0),
    ],
)
def test_a_slot_is_what_a_replica_needs(there, size, slots):
    assert fitting(there, size) == slots
