"""`vigie check`: every fault of a file at once, or what was understood of a site file."""

import dataclasses
import json
from pathlib import Path

import typer

from ray_app.config.faults import Fault
from ray_app.config.load import load_site, site_faults, site_json_schema
from ray_app.config.summary import summarise, summary_lines
from ray_app.live.cluster_files.documents import is_cluster_file

FAULTY = 2


def run(site: Path, *, crds: Path | None, as_json: bool, schema: bool) -> int:
    """Prints the faults (exit status 2) or the summary (0)."""
    if schema:
        typer.echo(json.dumps(site_json_schema(), indent=2))
        return 0
    if is_cluster_file(site):
        return _cluster_file(site, crds, as_json=as_json)
    faults = site_faults(site)
    if as_json:
        summary = None if faults else dataclasses.asdict(summarise(load_site(site)))
        told = {"faults": [str(fault) for fault in faults], "site": summary}
        typer.echo(json.dumps(told, indent=2))
        return FAULTY if faults else 0
    if faults:
        return _tell(faults)
    for line in summary_lines(summarise(load_site(site))):
        typer.echo(line)
    return 0


def _cluster_file(path: Path, crds: Path | None, *, as_json: bool) -> int:
    # Asks Ray's own schemas, which take seconds to load; a site file does not need them.
    from ray_app.live.cluster_files.check import cluster_file_faults

    faults = cluster_file_faults(path, crds)
    if as_json:
        typer.echo(json.dumps({"faults": [str(fault) for fault in faults]}, indent=2))
        return FAULTY if faults else 0
    if faults:
        return _tell(faults)
    typer.echo(f"{path}: no fault found")
    return 0


def _tell(faults: tuple[Fault, ...]) -> int:
    for fault in faults:
        typer.echo(str(fault), err=True)
    typer.echo(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}", err=True)
    return FAULTY
