"""What is wrong across the fields of a `ray up` file, where Ray's schema sees nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import ray

from ray_app.config.faults import KeyProblem
from ray_app.live.cluster_files.environment import variable_problems


def ray_up_problems(config: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """Yields what the fields of a `ray up` file say against each other."""
    kinds = config.get("available_node_types")
    if not isinstance(kinds, Mapping):
        yield KeyProblem(("available_node_types",), "missing; add at least the head's type")
        return
    head = config.get("head_node_type")
    if head not in kinds:
        told = f"{head!r} is none of available_node_types: {', '.join(map(str, kinds))}"
        yield KeyProblem(("head_node_type",), told)
    yield from _sizes(config, kinds, head)
    yield from _images(config)
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        yield from _start(config, key)


def _sizes(
    config: Mapping[str, Any], kinds: Mapping[str, Any], head: object
) -> Iterator[KeyProblem]:
    workers = 0
    for name, kind in kinds.items():
        if not isinstance(kind, Mapping) or name == head:
            continue
        low, high = kind.get("min_workers", 0), kind.get("max_workers", 0)
        if isinstance(low, int) and isinstance(high, int):
            workers += high
            if low > high:
                path = ("available_node_types", str(name), "min_workers")
                yield KeyProblem(path, f"{low} is above max_workers ({high})")
    most = config.get("max_workers")
    if isinstance(most, int) and most < workers:
        told = f"{most} is below the {workers} that the node types allow together"
        yield KeyProblem(("max_workers",), told)


def _images(config: Mapping[str, Any]) -> Iterator[KeyProblem]:
    docker = config.get("docker")
    if not isinstance(docker, Mapping):
        return
    for key in ("image", "head_image", "worker_image"):
        image = str(docker.get(key, ""))
        if "rayproject/ray:" in image and f":{ray.__version__}" not in image:
            told = f"{image} is not of the ray that is installed here, {ray.__version__}"
            yield KeyProblem(("docker", key), told)


def _start(config: Mapping[str, Any], key: str) -> Iterator[KeyProblem]:
    commands = config.get(key)
    if not isinstance(commands, list):
        return
    for index, command in enumerate(commands):
        if not isinstance(command, str) or "ray start" not in command:
            continue
        if "RAY_AUTH_MODE=token" not in command:
            told = "start Ray with RAY_AUTH_MODE=token: else whoever reaches a port runs code"
            yield KeyProblem((key, index), told)
        words = (word.partition("=") for word in command.split() if "=" in word)
        variables = {name: value for name, _, value in words if name.isupper()}
        for problem in variable_problems(variables, ()):
            yield KeyProblem((key, index), f"{problem.path[-1]}: {problem.problem}")
