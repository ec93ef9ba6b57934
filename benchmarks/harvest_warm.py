"""Whether a back-fill borrows nodes a plan keeps warm, and lets go of them with the plan.

    python -m benchmarks.harvest_warm --json FILE

Two pretended GPU nodes without a replica are asked for as the event plan does; an archive is worked
off on them. Then the plan wants one: both are let go, Ray gives one back, the other is borrowed.
"""

import argparse
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray_app.planning.fake_cluster import FakeCluster, NodeKind
from ray_app.scaling.backfill_slots import EventNeed, EventSignal, SlotSize
from ray_app.scaling.harvest_moves import HarvestRules
from ray_app.scaling.slot_book import SeenNode, SiteLook

if TYPE_CHECKING:
    from ray_app.batch.progress import Progress

SIZE, FALLS_AT, IDLE_S, UP_MOST_S = SlotSize(0.5, 1.0), 8, 6.0, 90.0


class Plan:
    """A plan that keeps nodes warm, and what was seen of them."""

    def __init__(self) -> None:
        self.warm = 0
        self.seen: list[tuple[int, int, int]] = []
        self._borrowed = 0

    def ask(self, warm: int) -> None:
        """Asks for nodes as `WarmNodes` does."""
        from ray.autoscaler.sdk import request_resources

        self.warm = warm
        request_resources(bundles=[{"GPU": SIZE.gpus, "CPU": SIZE.cpus}] * warm)

    def look(self, lead_s: float) -> SiteLook:
        """Tells the harvest what a site without a replica would."""
        from ray._private.state import available_resources_per_node

        from ray_app.live.paid_slots import fitting

        del lead_s
        free = available_resources_per_node()
        nodes = tuple(SeenNode(node, 0, 0, fitting(there, SIZE)) for node, there in free.items())
        self._note()
        return SiteLook(EventSignal(EventNeed(0, 0, self.warm), SIZE), nodes)

    def note(self, look: "Progress") -> None:
        """Follows the back-fill; the plan falls when some segments are done."""
        self._borrowed = 0 if look.harvest is None else look.harvest.borrowed
        self._note()
        if look.segments_done == FALLS_AT and self.warm > 1:
            self.ask(1)

    def _note(self) -> None:
        now = (self.warm, gpu_nodes(), self._borrowed)
        if not self.seen or self.seen[-1] != now:
            self.seen.append(now)


def gpu_nodes() -> int:
    """Returns how many are up."""
    import ray

    return sum(node["Alive"] and node["Resources"].get("GPU", 0) > 0 for node in ray.nodes())


def main() -> None:
    """Plays it and writes what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="where to write what was seen")
    written = parser.parse_args().json
    node = NodeKind("gpu", cpus=1, gpus=1, most=3, boot_s=1.0)
    with (
        tempfile.TemporaryDirectory(prefix="warm-") as place,
        FakeCluster(node, idle_s=IDLE_S) as cluster,
    ):
        os.environ.update(cluster.driver_environment)  # before anything imports ray
        told = _play(Path(place), cluster.address)
    written.write_text(json.dumps(told, indent=1), "utf-8")
    print(json.dumps(told))


def _play(folder: Path, address: str) -> dict[str, Any]:
    import ray

    from benchmarks.harvest_site import archive_job
    from ray_app.batch.backfill import backfill
    from ray_app.batch.harvest import HarvestPlan

    ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    plan = Plan()
    plan.ask(2)
    until_s = time.monotonic() + UP_MOST_S
    while gpu_nodes() < 2:
        if time.monotonic() > until_s:
            raise TimeoutError("the nodes do not come up")
        time.sleep(0.2)
    harvest = HarvestPlan(plan.look, HarvestRules(reserve=0), "no live site")
    result = backfill(archive_job(folder, folder / "out", harvest=harvest), plan.note)
    ray.shutdown()
    tally = result.harvest
    let_go = 0 if tally is None else tally.let_go
    return {"seen": plan.seen, "decoded": result.decoded, "let_go": let_go}


if __name__ == "__main__":
    main()
