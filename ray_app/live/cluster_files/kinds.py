"""Which kind of file a document is, and what is wrong in it."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ray_app.config.faults import KeyProblem
from ray_app.domain.errors import ConfigError
from ray_app.live.cluster_files.kuberay_problems import kuberay_problems
from ray_app.live.cluster_files.model_keys import closest_of
from ray_app.live.cluster_files.schema_problems import Schema, closed, schema_problems

RAY_KINDS = ("RayService", "RayCluster", "RayJob", "RayCronJob")
METADATA: Schema = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def manifest_problems(data: Mapping[str, Any], crds: Path | None) -> Iterator[KeyProblem]:
    """Yields what is wrong in a Kubernetes manifest.

    Args:
        data: One document.
        crds: Folder of KubeRay's CRDs (rayservices.yaml ...), asked for Ray's kinds.

    Raises:
        ConfigError: A CRD is not there.
    """
    kind = data.get("kind")
    known = _written()["kinds"]
    if kind not in known:
        near = closest_of(str(kind), known) or f"; known: {', '.join(sorted(known))}"
        yield KeyProblem(("kind",), f"unknown kind {kind!r}{near}")
        return
    yield from schema_problems(_schema_of(str(kind), crds), data)
    if kind in RAY_KINDS and isinstance(data.get("spec"), Mapping):
        yield from kuberay_problems(str(kind), data["spec"])


def _schema_of(kind: str, crds: Path | None) -> Schema:
    if crds is None or kind not in RAY_KINDS:
        written = _written()
        known = written["kinds"][kind]
        return {
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "additionalProperties": False,
            "properties": {
                "apiVersion": {"enum": known["apiVersions"]},
                "kind": {"const": kind},
                "metadata": METADATA,
                "spec": known["spec"],
            },
            "$defs": written["$defs"],
        }
    schema = crd_schema(crds / f"{kind.lower()}s.yaml")
    whole = {"apiVersion": {"const": "ray.io/v1"}, "kind": {"const": kind}, "metadata": METADATA}
    return {**schema, "properties": {**schema["properties"], **whole}}


@cache
def crd_schema(path: Path) -> Schema:
    """Returns the closed JSON schema of version v1 of a CRD.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        crd = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        v1 = next(v for v in crd["spec"]["versions"] if v["name"] == "v1")
        schema: Schema = closed(v1["schema"]["openAPIV3Schema"])
    except (OSError, yaml.YAMLError, LookupError, TypeError, StopIteration) as error:
        raise ConfigError(f"{path}: is no CRD with a version v1: {error}") from None
    return schema


@cache
def _written() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("kinds.yaml").read_text("utf-8")
    written: dict[str, Any] = yaml.safe_load(text)
    return written
