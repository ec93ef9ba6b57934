"""Ray's own node scheduler (autoscaler v2), asked offline."""

from collections.abc import Sequence

from ray.autoscaler.v2.instance_manager.config import NodeTypeConfig
from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
from ray.autoscaler.v2.schema import AutoscalerInstance
from ray.autoscaler.v2.utils import ResourceRequestUtil
from ray.core.generated.autoscaler_pb2 import ClusterResourceConstraint, NodeState, NodeStatus
from ray.core.generated.instance_manager_pb2 import Instance, NodeKind

from ray_app.simulator.machines import NodeType
from ray_app.simulator.node_demand import NodeDemand, NodeView

CPUS_PER_GPU = 8.0
NEVER_IDLE_S = 10**9


class RayNodeScheduler:
    """Asks the scheduler that runs in every Ray head node which nodes to launch.

    It is asked again only when the demand or the nodes have changed: its answer is a function
    of them alone. Idle nodes are given back by the cluster model, so it is told never to.
    """

    def __init__(self, types: Sequence[NodeType]) -> None:
        self._types = tuple(types)
        self._scheduler = ResourceDemandScheduler()
        self._configs = {
            node.name: NodeTypeConfig(
                name=node.name,
                min_worker_nodes=0,
                max_worker_nodes=node.max_nodes,
                resources=_resources(node.gpus),
                launch_config_hash="",
            )
            for node in types
        }
        self._asked: tuple[NodeDemand, tuple[int, ...]] | None = None

    def launches(self, demand: NodeDemand) -> tuple[int, ...]:
        """Returns how many nodes of every type to launch."""
        if self._asked is not None and self._asked[0] == demand:
            return self._asked[1]
        one_gpu = ResourceRequestUtil.make({"GPU": 1.0})
        pending = ResourceRequestUtil.group_by_count([one_gpu] * demand.pending_replicas)
        constraints = []
        if demand.warm_gpus:
            # What request_resources() turns into: the cluster shall be able to hold so much.
            constraint = ClusterResourceConstraint()
            constraint.resource_requests.extend(
                ResourceRequestUtil.group_by_count([one_gpu] * demand.warm_gpus)
            )
            constraints.append(constraint)
        reply = self._scheduler.schedule(
            SchedulingRequest(
                disable_launch_config_check=True,
                node_type_configs=self._configs,
                max_num_nodes=sum(node.max_nodes for node in self._types),
                idle_timeout_s=NEVER_IDLE_S,
                resource_requests=pending,
                cluster_resource_constraints=constraints,
                current_instances=[self._instance(i, n) for i, n in enumerate(demand.nodes)],
            )
        )
        counts = {launch.instance_type: launch.count for launch in reply.to_launch}
        answer = tuple(counts.get(node.name, 0) for node in self._types)
        self._asked = (demand, answer)
        return answer

    def _instance(self, index: int, node: NodeView) -> AutoscalerInstance:
        kind = self._types[node.type_index]
        status = Instance.RAY_RUNNING if node.is_up else Instance.REQUESTED
        instance = Instance(
            instance_id=f"i{index}",
            instance_type=kind.name,
            status=status,
            node_id=f"n{index}",
            cloud_instance_id=f"c{index}" if node.is_up else "",
            node_kind=NodeKind.WORKER,
        )
        if not node.is_up:
            return AutoscalerInstance(cloud_instance_id=None, ray_node=None, im_instance=instance)
        state = NodeState(
            node_id=f"n{index}".encode(),
            ray_node_type_name=kind.name,
            instance_id=f"c{index}",
            total_resources=_resources(kind.gpus),
            available_resources={**_resources(kind.gpus), "GPU": float(node.free_gpus)},
            status=NodeStatus.RUNNING,
        )
        return AutoscalerInstance(
            cloud_instance_id=f"c{index}", ray_node=state, im_instance=instance
        )


def _resources(gpus: int) -> dict[str, float]:
    return {"CPU": CPUS_PER_GPU * gpus, "GPU": float(gpus)}
