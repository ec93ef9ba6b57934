"""Nodes and replicas over time: boots, failures, quota, losses, idle time-outs, money."""

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from ray_app.scaling.backfill_slots import EventNeed, Standing, lending
from ray_app.simulator.machines import MachinesSettings, NodeType
from ray_app.simulator.node_demand import NodeDemand, NodeScheduler, NodeView
from ray_app.simulator.service import ServiceSettings

NEVER_S = math.inf
UP, GIVEN_UP, NOTICE, LOST, READY = range(5)


@dataclass(slots=True)
class Node:
    """One rented machine."""

    number: int
    type_index: int
    kind: NodeType
    launched_s: float
    is_up: bool = False
    is_leaving: bool = False
    idle_since_s: float | None = None
    replicas: list[int] = field(default_factory=list)

    @property
    def free_gpus(self) -> int:
        """GPUs a replica could be placed on."""
        return 0 if self.is_leaving else self.kind.gpus - len(self.replicas)


@dataclass(slots=True)
class Bill:
    """What was paid.

    Attributes:
        gpu_s: GPU-seconds from launch to return.
        money: In the currency of the prices.
        launches: Nodes asked for.
        failed_launches: Of those, never come.
        losses: Spot nodes taken away.
        idle_gpu_s: GPU-seconds without a replica that were paid anyway, less the reserve: what a
            harvesting back-fill gets for nothing.
    """

    gpu_s: float = 0.0
    money: float = 0.0
    launches: int = 0
    failed_launches: int = 0
    losses: int = 0
    idle_gpu_s: float = 0.0


class Cluster:
    """The machines of one event; all randomness comes from the generator given."""

    def __init__(
        self,
        machines: MachinesSettings,
        service: ServiceSettings,
        scheduler: NodeScheduler,
        rng: np.random.Generator,
    ) -> None:
        self._machines, self._service = machines, service
        self._scheduler, self._rng = scheduler, rng
        self._agenda: list[tuple[float, int, int]] = []
        self._nodes: dict[int, Node] = {}
        self._home: dict[int, int] = {}
        self._pending: list[int] = []
        self._numbers = 0
        self._warm_gpus = 0
        self._next_pass_s = -NEVER_S
        self.running: list[int] = []
        self.bill = Bill()
        self.quota_short = False

    @property
    def placed(self) -> int:
        """Replicas on a GPU, starting or running."""
        return len(self._home)

    @property
    def starting(self) -> int:
        """Replicas on a GPU that do not serve yet."""
        return len(self._home) - len(self.running)

    @property
    def pending(self) -> int:
        """Replicas that wait for a GPU."""
        return len(self._pending)

    @property
    def paid_gpus(self) -> int:
        """GPUs paid for now, booting ones included."""
        return sum(node.kind.gpus for node in self._nodes.values())

    @property
    def ready_gpus(self) -> int:
        """GPUs of nodes that are up."""
        return sum(node.kind.gpus for node in self._nodes.values() if node.is_up)

    @property
    def is_booting(self) -> bool:
        """Whether a node is on its way."""
        return any(not node.is_up for node in self._nodes.values())

    def begin(self, time_s: float, replicas: int) -> None:
        """Starts with so many replicas running on nodes that are up."""
        missing = replicas
        while missing > 0:
            node = self._add_node(time_s, self._first_type(), is_up=True)
            for _ in range(min(missing, node.kind.gpus)):
                self._numbers += 1
                self._home[self._numbers] = node.number
                node.replicas.append(self._numbers)
                self.running.append(self._numbers)
                missing -= 1

    def advance(self, time_s: float) -> None:
        """Lets everything happen that is due."""
        while self._agenda and self._agenda[0][0] <= time_s:
            due_s, kind, number = heapq.heappop(self._agenda)
            if kind == READY:
                if number in self._home:
                    self.running.append(number)
            elif number in self._nodes:
                self._node_event(due_s, kind, self._nodes[number])

    def want(self, time_s: float, replicas: int, warm_gpus: int) -> None:
        """Creates or stops replicas, places those that wait, and lets nodes be scheduled."""
        self._warm_gpus = warm_gpus
        have = len(self._home) + len(self._pending)
        if have > replicas:
            self._stop(time_s, have - replicas)
        for _ in range(replicas - have):
            self._numbers += 1
            self._pending.append(self._numbers)
        if self._pending:
            self._place(time_s)
        if time_s >= self._next_pass_s:
            self._next_pass_s = time_s + self._machines.schedule_every_s
            self._return_idle(time_s)
            self._launch(time_s)

    def end(self, time_s: float) -> None:
        """Gives everything back."""
        for node in list(self._nodes.values()):
            self._remove(time_s, node)

    def note_idle(self, elapsed_s: float) -> None:
        """Counts the GPUs a harvesting back-fill holds: by the rule it follows live.

        A GPU without a replica counts on a node with one, and on nodes kept warm.
        """
        up = [n for n in self._nodes.values() if n.is_up and not n.is_leaving]
        free = sum(node.free_gpus for node in up)
        if free <= self._machines.backfill_reserve:
            return
        alone = [node.kind.gpus for node in up if not node.replicas]
        placed = sum(len(node.replicas) for node in up)
        standing = Standing(
            placed=placed,
            beside=placed + free - sum(alone),
            beside_open=free - sum(alone),
            alone=sum(alone),
            alone_open=sum(alone),
            alone_free=sum(alone),
            alone_smallest=min(alone, default=0),
        )
        wanted = placed + len(self._pending)
        need = EventNeed(wanted, wanted, self._warm_gpus)
        lent = lending(standing, need, self._machines.backfill_reserve).lasting
        self.bill.idle_gpu_s += elapsed_s * lent

    def _node_event(self, time_s: float, kind: int, node: Node) -> None:
        if kind == UP:
            node.is_up, node.idle_since_s = True, time_s
        elif kind == NOTICE:
            node.is_leaving = True
        elif kind == GIVEN_UP:
            self.bill.failed_launches += 1
            del self._nodes[node.number]
        elif kind == LOST:
            self.bill.losses += 1
            self._pending.extend(node.replicas)
            for replica in node.replicas:
                self._forget(replica)
            self._remove(time_s, node)

    def _first_type(self) -> int:
        counts = [sum(n.type_index == i for n in self._nodes.values()) for i in self._types()]
        return next((i for i in self._types() if counts[i] < self._kind(i).max_nodes), 0)

    def _types(self) -> range:
        return range(len(self._machines.nodes))

    def _kind(self, index: int) -> NodeType:
        return self._machines.nodes[index]

    def _add_node(self, time_s: float, type_index: int, *, is_up: bool) -> Node:
        self._numbers += 1
        kind = self._kind(type_index)
        node = Node(self._numbers, type_index, kind, time_s, is_up=is_up)
        self._nodes[node.number] = node
        if kind.spot is not None and kind.spot.losses_per_h > 0:
            lost_s = time_s + float(self._rng.exponential(3600.0 / kind.spot.losses_per_h))
            notice_s = max(time_s, lost_s - kind.spot.notice_s)
            heapq.heappush(self._agenda, (notice_s, NOTICE, node.number))
            heapq.heappush(self._agenda, (lost_s, LOST, node.number))
        return node

    def _place(self, time_s: float) -> None:
        """Fills the fullest nodes first, so that others empty and can be given back."""
        open_nodes = [n for n in self._nodes.values() if n.is_up and n.free_gpus > 0]
        open_nodes.sort(key=lambda node: (node.free_gpus, node.number))
        for node in open_nodes:
            while self._pending and node.free_gpus > 0:
                replica = self._pending.pop(0)
                node.replicas.append(replica)
                node.idle_since_s = None
                self._home[replica] = node.number
                spread = self._service.start_spread * float(self._rng.standard_normal())
                ready_s = time_s + self._service.start_s * math.exp(spread)
                heapq.heappush(self._agenda, (ready_s, READY, replica))

    def _stop(self, time_s: float, count: int) -> None:
        """Stops those that wait, then those that start, then the newest on the emptiest nodes.

        The order of Serve's deployment scheduler (deployment_scheduler.py).
        """
        waiting = min(count, len(self._pending))
        if waiting:
            del self._pending[-waiting:]
        running = set(self.running)
        for _ in range(count - waiting):
            replica = min(
                self._home,
                key=lambda r: (r in running, len(self._nodes[self._home[r]].replicas), -r),
            )
            node = self._nodes[self._home[replica]]
            node.replicas.remove(replica)
            if not node.replicas:
                node.idle_since_s = time_s
            self._forget(replica)

    def _forget(self, replica: int) -> None:
        del self._home[replica]
        if replica in self.running:
            self.running.remove(replica)

    def _return_idle(self, time_s: float) -> None:
        gpus = self.paid_gpus
        for node in list(self._nodes.values()):
            idle_s = node.idle_since_s
            if node.replicas or not node.is_up or idle_s is None:
                continue
            keeps_warm = gpus - node.kind.gpus >= self._warm_gpus
            if keeps_warm and time_s - idle_s >= self._machines.idle_s:
                gpus -= node.kind.gpus
                self._remove(time_s, node)

    def _launch(self, time_s: float) -> None:
        demand = NodeDemand(
            len(self._pending),
            self._warm_gpus,
            tuple(NodeView(n.type_index, n.free_gpus, n.is_up) for n in self._nodes.values()),
        )
        self.quota_short = self._pending != [] and self.paid_gpus >= self._machines.max_gpus
        if not demand.pending_replicas and demand.warm_gpus <= self.paid_gpus:
            return
        for index, count in enumerate(self._scheduler.launches(demand)):
            for _ in range(min(count, self._most_launches(index))):
                self._launch_one(time_s, index)

    def _most_launches(self, index: int) -> int:
        """Returns Ray's cap on launches per pass (reconciler._compute_to_launch)."""
        up = sum(n.is_up and n.type_index == index for n in self._nodes.values())
        return max(1, math.ceil(self._machines.upscaling_speed * max(up, 1)))

    def _launch_one(self, time_s: float, index: int) -> None:
        kind = self._kind(index)
        if kind.out_of_stock_min is not None:
            from_min, to_min = kind.out_of_stock_min
            if 60 * from_min <= time_s < 60 * to_min:
                return
        self.bill.launches += 1
        node = self._add_node(time_s, index, is_up=False)
        fails = self._rng.random() < kind.boot.failure
        spread = kind.boot.spread * float(self._rng.standard_normal())
        after_s = kind.boot.failure_seen_s if fails else kind.boot.median_s * math.exp(spread)
        event = GIVEN_UP if fails else UP
        heapq.heappush(self._agenda, (time_s + after_s, event, node.number))

    def _remove(self, time_s: float, node: Node) -> None:
        del self._nodes[node.number]
        paid_s = max(time_s - node.launched_s, self._machines.least_billed_s)
        self.bill.gpu_s += paid_s * node.kind.gpus
        self.bill.money += paid_s / 3600.0 * node.kind.paid_per_h
