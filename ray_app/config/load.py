"""Reads a site file, or tells everything that is wrong with it at once."""

from collections.abc import Iterator
from pathlib import Path

from ray_app.config.authorisation_checks import authorisation_problems
from ray_app.config.calibration_checks import calibration_problems
from ray_app.config.cross_checks import cross_problems
from ray_app.config.faults import Fault, KeyPath, KeyProblem, faults_error
from ray_app.config.live_checks import live_problems
from ray_app.config.schema import SiteConfig
from ray_app.config.stand_ins import JsonValue
from ray_app.config.validation import ADAPTER, SITE_FILE, rests_on_any, validate
from ray_app.config.yaml_document import Document, kept_path, read_document


def load_site(path: Path) -> SiteConfig:
    """Returns the checked site.

    Raises:
        ConfigError: The file has faults; the message lists every one, one a line, as
            file:line:column: path: what is wrong, what would be right.
    """
    site, faults = _load(path)
    if site is None or faults:
        raise faults_error(faults)
    return site


def site_faults(path: Path) -> tuple[Fault, ...]:
    """Returns every fault of a site file, in the order of the file; none when it is good."""
    return _load(path)[1]


def site_json_schema() -> dict[str, JsonValue]:
    """Returns the JSON schema of site files, for editors that complete and check YAML."""
    schema: dict[str, JsonValue] = ADAPTER.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Vigie site",
    } | schema


def _load(path: Path) -> tuple[SiteConfig | None, tuple[Fault, ...]]:
    document, written = read_document(path)
    if document is None:
        return None, written
    validation = validate(document, SITE_FILE)
    faults = [*written, *validation.faults]
    if validation.content is not None:
        faults += _cross_faults(document, validation.content, validation.left_out)
    return validation.content, tuple(
        sorted(set(faults), key=lambda f: (f.line or 0, f.column or 0))
    )


def _cross_faults(
    document: Document, site: SiteConfig, left_out: frozenset[KeyPath]
) -> Iterator[Fault]:
    checks = (cross_problems, calibration_problems, authorisation_problems, live_problems)
    for problem in (problem for check in checks for problem in check(site)):
        told = _in_document(document, problem, left_out)
        if not rests_on_any(told, left_out):
            yield document.fault_at(told.path, told.problem, document.values)


def _in_document(
    document: Document, problem: KeyProblem, left_out: frozenset[KeyPath]
) -> KeyProblem:
    """Returns the problem with the paths of the document, where parts were left out."""
    return KeyProblem(
        kept_path(document.data, problem.path, left_out),
        problem.problem,
        tuple(kept_path(document.data, path, left_out) for path in problem.rests_on),
    )
