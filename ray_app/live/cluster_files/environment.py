"""Environment variables that Ray Serve would pass over in silence, and written-out secrets."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ray.serve._private import constants

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.live.cluster_files.model_keys import closest_of

# Defined in ray 2.60 and read nowhere; tests/contract/test_cluster_ray.py holds this to be so.
NEVER_READ = (
    "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S",
    "RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S",
)
EVERY_INTERFACE = "RAY_SERVE_ENABLE_HA_PROXY"
_SECRET = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|DSN|API_KEY|POSTGRES)$")


def variable_problems(variables: Mapping[str, object], path: KeyPath) -> Iterator[KeyProblem]:
    """Yields what is wrong with environment variables that are written out as name: value."""
    for name, value in variables.items():
        if told := _of_serve(name, value) or _of_secret(name, value):
            yield KeyProblem((*path, name), told)


def _of_serve(name: str, value: object) -> str | None:
    if name in NEVER_READ:
        return "ray 2.60 never reads it; set autoscaling_config.metrics_interval_s"
    if name == EVERY_INTERFACE and str(value) == "1":
        return "makes Serve listen on every network whatever http_options.host says; leave it out"
    if name.startswith("RAY_SERVE_") and name not in _known():
        return f"the installed ray reads no such variable{closest_of(name, _known())}"
    return None


def _of_secret(name: str, value: object) -> str | None:
    is_written_out = isinstance(value, str) and value != "" and not value.startswith("$")
    if _SECRET.search(name.upper()) and is_written_out:
        return "a secret is written out; take it from a Secret (valueFrom.secretKeyRef)"
    return None


@cache
def _known() -> frozenset[str]:
    folder = Path(constants.__file__).parents[1]
    found: set[str] = set()
    for source in folder.rglob("*.py"):
        found.update(re.findall(r"\bRAY_SERVE_[A-Z0-9_]+", source.read_text("utf-8")))
    return frozenset(found)
