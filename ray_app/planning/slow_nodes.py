"""Pretended nodes that take their time to boot; runs inside Ray's autoscaler."""

import json
import time
from pathlib import Path
from typing import Any

from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider
from ray.autoscaler.tags import TAG_RAY_USER_NODE_TYPE

ORDERED, RETURNED = "ordered", "returned"


class SlowNodes(FakeMultiNodeProvider):
    """Launches a node after its kind's `boot_s` of the provider's config, and keeps the bill."""

    def create_node_with_resources_and_labels(
        self,
        node_config: dict[str, Any],
        tags: dict[str, str],
        count: int,
        resources: dict[str, float],
        labels: dict[str, str],
    ) -> None:
        """Waits as long as such a node boots; Ray calls it in a thread of its own."""
        self._note(ORDERED, count)
        time.sleep(self.provider_config["boot_s"].get(tags[TAG_RAY_USER_NODE_TYPE], 0.0))
        super().create_node_with_resources_and_labels(node_config, tags, count, resources, labels)

    def terminate_node(self, node_id: str) -> None:
        """Ends a node, and its bill."""
        self._note(RETURNED, 1)
        super().terminate_node(node_id)

    def _note(self, what: str, count: int) -> None:
        bill = self.provider_config["bill"]
        if bill is not None:
            with Path(bill).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": time.time(), "what": what, "count": count}) + "\n")
