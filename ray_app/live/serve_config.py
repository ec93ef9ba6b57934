"""What Serve is told to run for a site, as data: the form `serve deploy` and KubeRay take."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray_app.config.api_settings import ApiSettings
from ray_app.config.live_schema import DetectorsConfig, LiveConfig, ScalingConfig
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError
from ray_app.scaling.policy_kinds import kind_of, settings_from_json
from ray_app.scaling.serve_policy import SERVE_NEUTRAL

POLICY = "ray_app.scaling.serve_policy:ServePolicy"
DETECTORS, DETECTOR = "ray_app.live.app:detectors", "Detector"
KEEPER, KEEPER_DEPLOYMENT = "ray_app.live.site_app:site", "SiteKeeper"
CONSOLE, CONSOLE_DEPLOYMENT = "ray_app.console.deployment:console", "Console"
# Serve takes the arguments of a policy for code: a change replaces every replica. So the bounds,
# which one wants to change during an event, are Serve's alone, and the policy is told none.
UNBOUNDED = {"min_replicas": 0, "max_replicas": 10_000}
# One stack is computed, one is on its way; more would wait where their frames only grow old.
STACKS_AT_ONCE = 2


def serve_config(site: SiteConfig, site_path: str, folder: Path | None = None) -> dict[str, Any]:
    """Returns the Serve config of a site, plain data in the form of ServeDeploySchema.

    Deployed again with other numbers, `user_config` and the bounds and delays of
    `autoscaling_config` are taken by the replicas that run; anything else replaces them, the
    numbers of the policy too.

    Args:
        site: The checked site.
        site_path: Where every node finds the site file.
        folder: Where files that the site file names are now; default: beside site_path.

    Raises:
        ConfigError: The settings file of the scaling policy cannot be used.
    """
    live = site.live or LiveConfig()
    here = Path(site_path).parent if folder is None else folder
    return {
        "proxy_location": "EveryNode",
        "http_options": {"host": live.api.host, "port": live.api.port},
        "logging_config": {"encoding": "JSON", "log_level": "INFO", "enable_access_log": False},
        "applications": [
            {
                "name": "detectors",
                "route_prefix": None,
                "import_path": DETECTORS,
                "args": {"site": site_path},
                "deployments": [detector_deployment(live, here)],
            },
            {
                "name": "site",
                "route_prefix": None,
                "import_path": KEEPER,
                "args": {"site": site_path, "version": site_version(site)},
                "deployments": [{"name": KEEPER_DEPLOYMENT, "num_replicas": 1}],
            },
            {
                "name": "console",
                "route_prefix": "/",
                "import_path": CONSOLE,
                "args": {"site": site_path},
                "deployments": [{"name": CONSOLE_DEPLOYMENT, "num_replicas": 1}],
            },
        ],
    }


def site_version(site: SiteConfig) -> str:
    """Returns what changes when the site does; not with the numbers of detectors, scaling and API.

    A keeper of another version ends what runs and starts it anew; tuning must not.
    """
    live = replace(
        site.live or LiveConfig(),
        detectors=DetectorsConfig(),
        scaling=ScalingConfig(),
        api=ApiSettings(),
    )
    return hashlib.sha256(repr(replace(site, live=live)).encode()).hexdigest()[:16]


def detector_deployment(live: LiveConfig, folder: Path) -> dict[str, Any]:
    """Returns the deployment of the detector replicas.

    Args:
        live: What the site says of watching live.
        folder: Where a relative `scaling.settings_file` is looked for.

    Raises:
        ConfigError: The settings file of the scaling policy cannot be used.
    """
    detectors = live.detectors
    kwargs = policy_kwargs(live.scaling, detectors, folder)
    kwargs["settings"]["fleet"] |= UNBOUNDED
    return {
        "name": DETECTOR,
        "max_ongoing_requests": STACKS_AT_ONCE,
        "user_config": {"deadline_s": detectors.deadline_s, "stack_size": detectors.stack_size},
        "graceful_shutdown_timeout_s": detectors.timeout_s,
        "graceful_shutdown_wait_loop_s": 0.5,
        "health_check_period_s": 5.0,
        "health_check_timeout_s": 30.0,
        "ray_actor_options": {"num_cpus": detectors.num_cpus, "num_gpus": detectors.num_gpus},
        "autoscaling_config": {
            "min_replicas": detectors.min_replicas,
            "max_replicas": detectors.max_replicas,
            **SERVE_NEUTRAL,
            "policy": {"policy_function": POLICY, "policy_kwargs": kwargs},
        },
    }


def policy_kwargs(
    scaling: ScalingConfig, detectors: DetectorsConfig, folder: Path
) -> dict[str, Any]:
    """Returns what ServePolicy is built from, plain data.

    Raises:
        ConfigError: The settings file cannot be read, or the policy does not take it.
    """
    written: dict[str, Any] = {
        "fleet": {
            "work_per_s": scaling.work_per_s,
            "min_replicas": detectors.min_replicas,
            "max_replicas": detectors.max_replicas,
        },
        "utilisation": scaling.utilisation,
        "hold_s": scaling.hold_s,
    }
    kind = kind_of(scaling.policy)
    written = {key: value for key, value in written.items() if key in kind.settings.__annotations__}
    if scaling.settings_file is not None:
        written |= _settings_file(folder / scaling.settings_file)
    try:
        settings_from_json(kind, written)
    except (TypeError, ValueError, KeyError) as error:
        where = scaling.settings_file or "live.scaling"
        raise ConfigError(f"{where}: policy {scaling.policy!r} does not take it: {error}") from None
    zero_s = 0.0 if scaling.zero is None else scaling.zero.timestamp()
    return {"policy": scaling.policy, "settings": written, "zero_s": zero_s}


def _settings_file(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(read, dict):
        raise ConfigError(f"{path}: expected a JSON object of settings of the policy")
    return read
