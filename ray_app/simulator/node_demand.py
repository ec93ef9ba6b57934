"""What a node scheduler is asked, and the plain rule that answers in microseconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ray_app.simulator.machines import NodeType


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as a scheduler sees it.

    Attributes:
        type_index: Place of its type in the list of types.
        free_gpus: GPUs without a replica.
        is_up: False while it boots.
    """

    type_index: int
    free_gpus: int
    is_up: bool


@dataclass(frozen=True, slots=True)
class NodeDemand:
    """What is wanted of the machines.

    Attributes:
        pending_replicas: Replicas without a GPU, one GPU each.
        warm_gpus: GPUs the cluster shall be able to hold, replicas or not.
        nodes: The nodes there are, booting ones included.
    """

    pending_replicas: int
    warm_gpus: int
    nodes: tuple[NodeView, ...]


class NodeScheduler(Protocol):
    """Decides which nodes to launch."""

    def launches(self, demand: NodeDemand) -> tuple[int, ...]:
        """Returns how many nodes of every type to launch, quota respected."""


class PlainNodeScheduler:
    """Covers the missing GPUs with the types in the order they are listed."""

    def __init__(self, types: Sequence[NodeType]) -> None:
        self._types = tuple(types)

    def launches(self, demand: NodeDemand) -> tuple[int, ...]:
        """Returns how many nodes of every type to launch, quota respected."""
        there = sum(self._types[node.type_index].gpus for node in demand.nodes)
        free = sum(node.free_gpus for node in demand.nodes)
        missing = max(demand.pending_replicas - free, demand.warm_gpus - there)
        counts = []
        for index, kind in enumerate(self._types):
            has = sum(node.type_index == index for node in demand.nodes)
            count = max(0, min(math.ceil(missing / kind.gpus), kind.max_nodes - has))
            counts.append(count)
            missing -= count * kind.gpus
        return tuple(counts)
