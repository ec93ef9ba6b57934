"""Every fault of a cluster file at once: Serve config, KubeRay and other manifests, `ray up`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ray

from ray_app.config.faults import Fault, KeyProblem
from ray_app.live.cluster_files.documents import Manifest, manifests_of, read_manifests
from ray_app.live.cluster_files.kinds import manifest_problems
from ray_app.live.cluster_files.kuberay_problems import group_gpus
from ray_app.live.cluster_files.ray_up_problems import ray_up_problems
from ray_app.live.cluster_files.schema_problems import schema_problems
from ray_app.live.cluster_files.serve_problems import serve_problems

NESTED = ("spec", "serveConfigV2")
"""Where a RayService holds a Serve config, as text."""


def cluster_file_faults(path: Path, crds: Path | None = None) -> tuple[Fault, ...]:
    """Returns every fault of a file, in its order; none when it is good.

    Args:
        path: Of the file; each of its documents may be of another kind.
        crds: Folder of KubeRay's CRDs; without it hand-written rules are asked.

    Raises:
        ConfigError: A CRD is not there.
    """
    manifests, written = read_manifests(path)
    faults = [*written, *(fault for m in manifests for fault in _faults(m, crds))]
    if not faults and not manifests:
        faults = [Fault(str(path), 1, 1, "", "holds no document")]
    return tuple(sorted(set(faults), key=lambda f: (f.line or 0, f.column or 0, f.path)))


def _faults(manifest: Manifest, crds: Path | None) -> Iterator[Fault]:
    data = manifest.data
    if "kind" in data or "apiVersion" in data:
        yield from map(manifest.fault, manifest_problems(data, crds))
        yield from _nested(manifest)
    elif "applications" in data:
        yield from map(manifest.fault, serve_problems(data))
    elif "cluster_name" in data or "available_node_types" in data:
        yield from map(manifest.fault, schema_problems(_ray_up_schema(), data))
        yield from map(manifest.fault, ray_up_problems(data))
    else:
        told = "is neither a Serve config (applications), a manifest (kind) nor for `ray up`"
        yield manifest.fault(KeyProblem((), told))


def _nested(manifest: Manifest) -> Iterator[Fault]:
    """Yields the faults of the Serve config inside a RayService, on the lines of the file."""
    spec = manifest.data.get("spec")
    if not isinstance(spec, Mapping) or not isinstance(text := spec.get(NESTED[1]), str):
        return
    # A block that begins after `serveConfigV2: |` begins on the next line.
    first_line = manifest.places[NESTED].line + manifest.first_line
    inner, faults = manifests_of(manifest.file, text, first_line)
    yield from faults
    for config in inner:
        for problem in serve_problems(config.data):
            fault = config.fault(problem)
            yield Fault(
                fault.file, fault.line, fault.column, f"serveConfigV2.{fault.path}", fault.problem
            )
        yield from map(manifest.fault, _gpus(spec, config.data))


def _gpus(spec: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """Yields a problem when the worker groups never have the GPUs the deployments may ask for."""
    try:
        groups = group_gpus(spec["rayClusterConfig"])
        wanted = [need for app in config["applications"] for need in map(_need, app["deployments"])]
    except (LookupError, TypeError, ValueError, AttributeError):
        return  # told as a fault of its own
    most = max((each for _, each in groups), default=0)
    for replicas, each in wanted:
        there = sum(nodes * int(gpus // each) for nodes, gpus in groups) if each else replicas
        if there < replicas:
            told = (
                f"the Serve config may ask for {replicas} replicas of {each:g} GPUs, "
                f"the worker groups hold {there} (largest node: {most} GPUs)"
            )
            yield KeyProblem(("spec", "rayClusterConfig", "workerGroupSpecs"), told)


def _need(deployment: Mapping[str, Any]) -> tuple[int, float]:
    scaled = deployment.get("autoscaling_config") or {}
    replicas = scaled.get("max_replicas", deployment.get("num_replicas", 1))
    options = deployment.get("ray_actor_options") or {}
    return int(replicas), float(options.get("num_gpus", 0))


def _ray_up_schema() -> dict[str, Any]:
    path = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema
