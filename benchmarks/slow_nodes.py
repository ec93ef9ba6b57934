"""Pretended nodes that take their time to boot; runs inside Ray's autoscaler."""

import time
from typing import Any

from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider
from ray.autoscaler.tags import TAG_RAY_USER_NODE_TYPE


class SlowNodes(FakeMultiNodeProvider):
    """Launches a node after its kind's `boot_s` of the provider's config."""

    def create_node_with_resources_and_labels(
        self,
        node_config: dict[str, Any],
        tags: dict[str, str],
        count: int,
        resources: dict[str, float],
        labels: dict[str, str],
    ) -> None:
        """Waits as long as such a node boots; Ray calls it in a thread of its own."""
        time.sleep(self.provider_config["boot_s"].get(tags[TAG_RAY_USER_NODE_TYPE], 0.0))
        super().create_node_with_resources_and_labels(node_config, tags, count, resources, labels)
