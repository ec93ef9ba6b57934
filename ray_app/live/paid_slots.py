"""What a harvesting back-fill sees of a live site: what it asks for, and where slots are free."""

import math
from collections import Counter
from typing import Any

import ray
from ray._private.state import available_resources_per_node
from ray.exceptions import GetTimeoutError, RayError
from ray.serve._private.constants import SERVE_CONTROLLER_NAME, SERVE_NAMESPACE

from ray_app.live.messages import FLEET, NAMESPACE
from ray_app.live.replica_count import DETECTOR, DETECTORS
from ray_app.scaling.backfill_slots import EventNeed, EventSignal, SlotSize
from ray_app.scaling.slot_book import SeenNode, SiteLook

ANSWERS_S = 3.0
LEAVING = "STOPPING"
SLACK = 1e-6


def look_at_site(lead_s: float) -> SiteLook | None:
    """Returns what the live site of this Ray asks for, and its nodes; None when it is silent.

    What is wanted now is what Serve was told last, or what the fleet would ask for at this
    moment, whichever is more: the fleet knows of a rise up to two seconds before Serve does.

    Args:
        lead_s: How far ahead "soon" is.
    """
    try:
        fleet = ray.get_actor(FLEET, namespace=NAMESPACE)
        serve = ray.get_actor(SERVE_CONTROLLER_NAME, namespace=SERVE_NAMESPACE)
        told, details = ray.get(
            [fleet.event_signal.remote(lead_s), serve.get_serve_instance_details.remote()],
            timeout=ANSWERS_S,
        )
        free = available_resources_per_node()
    except (ValueError, GetTimeoutError, RayError):
        return None
    deployment = _detector_of(details)
    if deployment is None:
        return None
    target = int(deployment.get("target_num_replicas") or 0)
    need = EventNeed(max(told.need.now, target), max(told.need.soon, target), told.need.warm)
    replicas = [(_state(each), each.get("node_id")) for each in deployment["replicas"]]
    untold = sum(node is None and state != LEAVING for state, node in replicas)
    nodes = _nodes(replicas, free, told.slot)
    return SiteLook(EventSignal(need, told.slot), nodes, untold)


def _detector_of(details: dict[str, Any]) -> dict[str, Any] | None:
    application = details.get("applications", {}).get(DETECTORS)
    deployment: dict[str, Any] | None = (application or {}).get("deployments", {}).get(DETECTOR)
    return deployment


def _state(replica: dict[str, Any]) -> str:
    return str(getattr(replica["state"], "value", replica["state"]))


def _nodes(
    replicas: list[tuple[str, str | None]], free: dict[str, dict[str, float]], slot: SlotSize
) -> tuple[SeenNode, ...]:
    staying, leaving = Counter[str](), Counter[str]()
    for state, node in replicas:
        if node is not None:
            (leaving if state == LEAVING else staying)[node] += 1
    return tuple(
        SeenNode(node, staying[node], leaving[node], fitting(there, slot))
        for node, there in sorted(free.items())
    )


def fitting(there: dict[str, float], slot: SlotSize) -> int:
    """Returns how many slots fit into resources, as Ray names them."""
    wanted = (("CPU", slot.cpus), ("GPU", slot.gpus))
    return min(math.floor(there.get(name, 0.0) / each + SLACK) for name, each in wanted if each > 0)
