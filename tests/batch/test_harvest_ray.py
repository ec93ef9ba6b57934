"""The harvest on a real Ray: it takes what is free, gives way at once, leaves the same bytes."""

import math
import threading
from pathlib import Path

import pytest
from square_footage import (
    film_site,
    finished_run,
    job_of,
    manifest_of,
    opened,
    results_of,
)

from ray_app.batch.attempts import SUFFIX
from ray_app.batch.backfill import BackfillInterrupted, backfill
from ray_app.batch.harvest import HarvestPlan
from ray_app.batch.ray_session import ray_session
from ray_app.batch.segment_worker import open_clip
from ray_app.domain.errors import ClusterError
from ray_app.scaling.backfill_slots import EventNeed, EventSignal, SlotSize
from ray_app.scaling.harvest_moves import HarvestRules
from ray_app.scaling.slot_book import SeenNode, SiteLook

pytestmark = pytest.mark.ray
CPUS = 3
NO_SITE = "no live site; start one"


@pytest.fixture(scope="module", autouse=True)
def _ray():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # workers need the fakes too
        with ray_session(None, workers=CPUS - 1, gpus=0):
            yield


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


@pytest.fixture(scope="module")
def whole(footage, tmp_path_factory):
    """What an ordinary back-fill leaves."""
    out_dir = tmp_path_factory.mktemp("whole")
    finished_run(out_dir, manifest_of(footage))
    return results_of(out_dir)


def free_cpus() -> int:
    from ray._private.state import available_resources_per_node

    (there,) = available_resources_per_node().values()
    return math.floor(there.get("CPU", 0) + 1e-6)


def pending_demand() -> int:
    """Requests that Ray's node autoscaler would buy a node for."""
    import ray
    from ray.autoscaler.v2.sdk import get_cluster_resource_state

    state = get_cluster_resource_state(ray._private.worker.global_worker.gcs_client)
    return sum(request.count for request in state.pending_resource_requests)


class Site:
    """A site of one node and one replica; what it wants is what a test says."""

    def __init__(self, wanted: int = 1, more_free: int = 0) -> None:
        self.wanted, self.replicas, self.more_free = wanted, 1, more_free
        self.demand: list[int] = []
        self.untold = 0

    def __call__(self, lead_s: float) -> SiteLook:
        import ray

        (node,) = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
        self.demand.append(pending_demand())
        need = EventNeed(self.wanted, self.wanted, 0)
        seen = SeenNode(node, self.replicas, 0, free_cpus() + self.more_free)
        return SiteLook(EventSignal(need, SlotSize(1.0, 0.0)), (seen,), self.untold)


class Gate:
    """Opens footage, notes it, and holds it back while a file is there."""

    def __init__(self, log: Path, shut: Path) -> None:
        self._log, self._shut = log, shut

    def __call__(self, segment):
        with self._log.open("a") as log:
            log.write(f"{segment.segment_id}\n")
        while self._shut.exists():
            threading.Event().wait(0.05)
        return open_clip(segment)


def harvested(folder, footage, look, reserve=1, on_progress=lambda look: None):
    rules = HarvestRules(reserve=reserve, lead_s=600.0)
    plan = HarvestPlan(look, rules, NO_SITE, silent_s=1.0)
    opener = Gate(folder / "log", folder / "shut")
    job = job_of(folder / "out", manifest_of(footage), opener, harvest=plan)
    return backfill(job, on_progress)


def test_free_slots_less_the_reserve_do_the_work_to_the_same_bytes(whole, footage, tmp_path):
    looks = []
    site = Site()
    (tmp_path / "shut").touch()

    def note(look):
        looks.append(look)
        if look.harvest is not None and look.harvest.borrowed == CPUS - 1:
            (tmp_path / "shut").unlink(missing_ok=True)

    result = harvested(tmp_path, footage, site, on_progress=note)
    assert results_of(tmp_path / "out") == whole
    assert (result.decoded, result.failed) == (12, 0)
    tally = result.harvest
    assert (tally.most, tally.borrowed, tally.yielded, tally.lost) == (CPUS - 1, 0, 0, 0)
    assert [look.segments_done for look in looks][-1] == 12
    assert sorted(set(opened(tmp_path / "log"))) == sorted(opened(tmp_path / "log"))
    assert max(site.demand) == 0


class RisingSite(Site):
    """Wants two replicas more once every slot is taken, and starts them as Serve does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self.started, self._waited = folder, [], []

    def __call__(self, lead_s: float) -> SiteLook:
        import ray

        if not self.started and len(opened(self._folder / "log")) == CPUS:
            self.wanted = 3
            replica = ray.remote(num_cpus=1)(Replica)
            self.started = [replica.remote(), replica.remote()]
            self._waited = [each.where.remote() for each in self.started]
        if self._waited:
            ready, self._waited = ray.wait(self._waited, num_returns=len(self._waited), timeout=0)
            self.replicas += len(ready)
            self.untold = len(self._waited)
            if not self._waited:  # they run, though no segment could have come to its end
                (self._folder / "shut").unlink()
        return super().__call__(lead_s)


class Replica:
    def where(self) -> None:
        return None


@pytest.mark.timeout(120)
def test_a_replica_that_waits_gets_a_slot_while_segments_are_under_way(whole, footage, tmp_path):
    import ray

    site = RisingSite(tmp_path)
    (tmp_path / "shut").touch()
    result = harvested(tmp_path, footage, site, reserve=0)
    for replica in site.started:
        ray.kill(replica)
    assert results_of(tmp_path / "out") == whole
    assert not list((tmp_path / "out").rglob(f".*{SUFFIX}"))
    tally = result.harvest
    assert (tally.most, tally.at_once, tally.lost) == (CPUS, 2, 2)
    times = [opened(tmp_path / "log").count(each) for each in set(opened(tmp_path / "log"))]
    assert sorted(times)[-3:] == [1, 2, 2]  # one segment per worker at most is begun again


class WrongSite(Site):
    """Tells of three slots that are not there, and of the demand while all others are taken."""

    def __init__(self, folder: Path) -> None:
        super().__init__(more_free=3)
        self._folder, self._looks = folder, 0

    def __call__(self, lead_s: float) -> SiteLook:
        self._looks += len(opened(self._folder / "log")) == CPUS
        if self._looks == 6:
            (self._folder / "shut").unlink(missing_ok=True)
        return super().__call__(lead_s)


def test_a_slot_that_is_not_there_is_never_waited_for(whole, footage, tmp_path):
    """Ray tells late what is free; a worker that waited would buy a node."""
    site = WrongSite(tmp_path)
    (tmp_path / "shut").touch()
    result = harvested(tmp_path, footage, site, reserve=0)
    assert results_of(tmp_path / "out") == whole
    assert (result.failed, result.harvest.yielded) == (0, 0)
    assert len(site.demand) > 6
    assert max(site.demand) == 0


def test_ctrl_c_gives_every_slot_back_and_loses_nothing(whole, footage, tmp_path):
    def stop(look):
        if look.segments_done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(BackfillInterrupted, match="every borrowed slot was given back"):
        harvested(tmp_path, footage, Site(), on_progress=stop)
    while free_cpus() < CPUS:
        threading.Event().wait(0.05)
    assert 3 <= len([place for place in results_of(tmp_path / "out") if "east" in place
                     or "west" in place]) < 12  # fmt: skip
    assert harvested(tmp_path, footage, Site()).decoded < 12
    assert results_of(tmp_path / "out") == whole


class SilentSite(Site):
    """Falls silent once every slot is taken, until all of them were given back."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self.was_silent = folder, False

    def __call__(self, lead_s: float) -> SiteLook | None:
        if not self.was_silent and len(opened(self._folder / "log")) == CPUS:
            if free_cpus() < CPUS:
                return None
            self.was_silent = True
            (self._folder / "shut").unlink()
        return super().__call__(lead_s)


@pytest.mark.timeout(120)
def test_while_the_live_site_is_silent_nothing_is_borrowed(whole, footage, tmp_path):
    site = SilentSite(tmp_path)
    (tmp_path / "shut").touch()
    tally = harvested(tmp_path, footage, site, reserve=0).harvest
    assert site.was_silent
    assert (tally.at_once, tally.lost) == (CPUS, CPUS)
    assert results_of(tmp_path / "out") == whole


def test_without_a_live_site_it_says_so(footage, tmp_path):
    with pytest.raises(ClusterError, match=NO_SITE):
        harvested(tmp_path, footage, lambda lead_s: None)
