"""What is wrong across the fields of a KubeRay manifest, where a schema sees nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import ray

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.live.cluster_files.environment import variable_problems

GPU = "nvidia.com/gpu"
_CLUSTER_AT: Mapping[str, KeyPath] = {
    "RayService": ("rayClusterConfig",),
    "RayCluster": (),
    "RayJob": ("rayClusterSpec",),
    "RayCronJob": ("jobTemplate", "rayClusterSpec"),
}


def kuberay_problems(kind: str, spec: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """Yields what the fields of one of Ray's kinds say against each other."""
    at = _CLUSTER_AT[kind]
    cluster: Any = spec
    for key in at:
        cluster = cluster.get(key) if isinstance(cluster, Mapping) else None
    if isinstance(cluster, Mapping):
        yield from _cluster(cluster, ("spec", *at))


def group_gpus(cluster: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Returns (most nodes, GPUs of each) of every worker group."""
    return [
        (int(group["maxReplicas"]), sum(_gpus(c) for _, c in _containers(group, ())))
        for group in cluster.get("workerGroupSpecs", [])
    ]


def _cluster(cluster: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    version = cluster.get("rayVersion")
    if version is not None and version != ray.__version__:
        yield KeyProblem((*path, "rayVersion"), f"{version} here, {ray.__version__} is installed")
    if _block(cluster.get("authOptions")).get("mode") != "token":
        told = "must be token: else whoever reaches a port of Ray runs code in the cluster"
        yield KeyProblem((*path, "authOptions", "mode"), told)
    yield from _autoscaler(cluster, path)
    head = _block(cluster.get("headGroupSpec"))
    yield from _group(head, (*path, "headGroupSpec"), str(version))
    for index, group in enumerate(_list(cluster.get("workerGroupSpecs"))):
        where = (*path, "workerGroupSpecs", index)
        yield from _group(group, where, str(version))
        yield from _sizes(group, where)


def _autoscaler(cluster: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    scales = any(
        group.get("minReplicas") != group.get("maxReplicas")
        for group in _list(cluster.get("workerGroupSpecs"))
    )
    if scales and cluster.get("enableInTreeAutoscaling") is not True:
        told = "must be true: else no node is ever added between minReplicas and maxReplicas"
        yield KeyProblem((*path, "enableInTreeAutoscaling"), told)


def _sizes(group: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    sizes = [group.get(key) for key in ("minReplicas", "replicas", "maxReplicas")]
    low, now, high = (size if isinstance(size, int) else None for size in sizes)
    if low is not None and high is not None and low > high:
        yield KeyProblem((*path, "minReplicas"), f"{low} is above maxReplicas ({high})")
    elif now is not None and not (low or 0) <= now <= (now if high is None else high):
        told = f"{now} is outside minReplicas and maxReplicas ({low} to {high})"
        yield KeyProblem((*path, "replicas"), told)


def _group(group: Mapping[str, Any], path: KeyPath, version: str) -> Iterator[KeyProblem]:
    for where, container in _containers(group, path):
        image = str(container.get("image", ""))
        if "rayproject/ray:" in image and f":{version}" not in image:
            yield KeyProblem((*where, "image"), f"{image} is not of rayVersion {version}")
        if image and (":" not in image.rpartition("/")[2] or image.endswith(":latest")):
            yield KeyProblem((*where, "image"), f"{image} names no version; nodes would differ")
        yield from _variables(container, where)
        yield from _mounts(group, container, where)


def _variables(container: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    for index, variable in enumerate(_list(container.get("env"))):
        named = {str(variable.get("name")): variable.get("value")}
        for problem in variable_problems(named, ()):
            yield KeyProblem((*path, "env", index), f"{problem.path[-1]}: {problem.problem}")


def _mounts(
    group: Mapping[str, Any], container: Mapping[str, Any], path: KeyPath
) -> Iterator[KeyProblem]:
    pod = _block(_block(group.get("template")).get("spec"))
    names = {volume.get("name") for volume in _list(pod.get("volumes"))}
    for index, mount in enumerate(_list(container.get("volumeMounts"))):
        if mount.get("name") not in names:
            told = f"the pod has no volume {mount.get('name')!r}"
            yield KeyProblem((*path, "volumeMounts", index), told)


def _containers(
    group: Mapping[str, Any], path: KeyPath
) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    pod = _block(_block(group.get("template")).get("spec"))
    for key in ("containers", "initContainers"):
        for index, container in enumerate(_list(pod.get(key))):
            yield (*path, "template", "spec", key, index), container


def _gpus(container: Mapping[str, Any]) -> int:
    limits = _block(_block(container.get("resources")).get("limits"))
    return int(limits.get(GPU, 0))


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _block(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
