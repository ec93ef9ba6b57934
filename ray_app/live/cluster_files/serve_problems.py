"""What is wrong in a Serve config. Serve itself drops unknown keys and whatever it cannot use."""

import importlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeDeploySchema

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.live.cluster_files.environment import variable_problems
from ray_app.live.cluster_files.model_keys import told_by_model, unknown_keys
from ray_app.scaling.policy_kinds import kind_of, settings_from_json
from ray_app.scaling.serve_policy import SERVE_NEUTRAL

OUR_POLICY = "ray_app.scaling.serve_policy:ServePolicy"
DEFAULT_MAX_ONGOING = 5


def serve_problems(config: Mapping[str, Any], path: KeyPath = ()) -> Iterator[KeyProblem]:
    """Yields everything wrong in a Serve config, in the form of ServeDeploySchema.

    Args:
        config: Plain data.
        path: Where it stands in its file.
    """
    yield from unknown_keys(ServeDeploySchema, config, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they tell is told below, as a fault
            ServeDeploySchema.model_validate(config)
    except ValidationError as error:
        yield from told_by_model(error, config, path)
    for index, app in enumerate(_items(config.get("applications"))):
        yield from _application(app, (*path, "applications", index))


def _application(app: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    yield from _import_path(app.get("import_path"), (*path, "import_path"))
    route = app.get("route_prefix")
    if isinstance(route, str) and not route.startswith("/"):
        yield KeyProblem((*path, "route_prefix"), f"{route!r} does not begin with /")
    yield from _variables(app, path)
    for index, deployment in enumerate(_items(app.get("deployments"))):
        where = (*path, "deployments", index)
        yield from _variables(_block(deployment.get("ray_actor_options")), where)
        scaled = deployment.get("autoscaling_config")
        if isinstance(scaled, Mapping):
            yield from _autoscaling(scaled, deployment, (*where, "autoscaling_config"))


def _variables(holder: Mapping[str, Any], path: KeyPath) -> Iterator[KeyProblem]:
    variables = _block(_block(holder.get("runtime_env")).get("env_vars"))
    yield from variable_problems(variables, (*path, "runtime_env", "env_vars"))


def _import_path(written: object, path: KeyPath) -> Iterator[KeyProblem]:
    """Yields a problem when one of our own import paths leads nowhere; others are not loaded."""
    if not isinstance(written, str) or not written.startswith("ray_app."):
        return
    module, _, name = written.partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        yield KeyProblem(path, f"cannot be imported: {error}")
        return
    if found is None:
        yield KeyProblem(path, f"{module} has no {name!r}")


def _autoscaling(
    scaled: Mapping[str, Any], deployment: Mapping[str, Any], path: KeyPath
) -> Iterator[KeyProblem]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = AutoscalingConfig(**scaled)
    except ValidationError as error:
        yield from told_by_model(error, scaled, path)
        return
    if config.look_back_period_s <= config.metrics_interval_s:
        told = (
            f"{config.look_back_period_s:g} is not above metrics_interval_s "
            f"({config.metrics_interval_s:g}): a window without a sample"
        )
        yield KeyProblem((*path, "look_back_period_s"), told)
    policy = _block(scaled.get("policy"))
    if policy.get("policy_function") == OUR_POLICY:
        yield from _our_policy(scaled, policy, path)
    elif "policy_function" in policy:
        yield from _import_path(policy["policy_function"], (*path, "policy", "policy_function"))
    else:
        yield from _queue_length(config, deployment, path)


def _queue_length(
    config: AutoscalingConfig, deployment: Mapping[str, Any], path: KeyPath
) -> Iterator[KeyProblem]:
    ongoing = deployment.get("max_ongoing_requests", DEFAULT_MAX_ONGOING)
    wanted = config.target_ongoing_requests
    if isinstance(ongoing, int) and wanted is not None and wanted > ongoing:
        told = f"{wanted:g} is above max_ongoing_requests ({ongoing}): it is never reached"
        yield KeyProblem((*path, "target_ongoing_requests"), told)


def _our_policy(
    scaled: Mapping[str, Any], policy: Mapping[str, Any], path: KeyPath
) -> Iterator[KeyProblem]:
    for key in ("upscale_delay_s", "downscale_delay_s", "upscaling_factor", "downscaling_factor"):
        if scaled.get(key) != SERVE_NEUTRAL[key]:
            told = f"must be {SERVE_NEUTRAL[key]:g}: the policy does its own damping"
            yield KeyProblem((*path, key), told)
    kwargs = _block(policy.get("policy_kwargs"))
    where = (*path, "policy", "policy_kwargs")
    try:
        settings = settings_from_json(kind_of(kwargs["policy"]), kwargs["settings"])
    except KeyError as error:
        yield KeyProblem(where, f"{error.args[0]} is missing")
        return
    except (TypeError, ValueError) as error:
        yield KeyProblem(where, str(error))
        return
    fleet: Any = settings
    low, high = fleet.fleet.min_replicas, fleet.fleet.max_replicas
    for key in ("min_replicas", "max_replicas"):
        bound = scaled.get(key, 1)
        if isinstance(bound, int) and not low <= bound <= high:
            told = f"{bound} is outside what the policy's fleet allows, {low} to {high}"
            yield KeyProblem((*path, key), told)


def _items(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _block(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
