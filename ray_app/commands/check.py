"""`vigie check`: every fault of a site file at once, or what was understood of it."""

import dataclasses
import json
from pathlib import Path

import typer

from ray_app.config.load import load_site, site_faults, site_json_schema
from ray_app.config.summary import summarise, summary_lines

FAULTY = 2


def run(site: Path, *, as_json: bool, schema: bool) -> int:
    """Prints the faults (exit status 2) or the summary (0)."""
    if schema:
        typer.echo(json.dumps(site_json_schema(), indent=2))
        return 0
    faults = site_faults(site)
    if as_json:
        summary = None if faults else dataclasses.asdict(summarise(load_site(site)))
        told = {"faults": [str(fault) for fault in faults], "site": summary}
        typer.echo(json.dumps(told, indent=2))
        return FAULTY if faults else 0
    if faults:
        for fault in faults:
            typer.echo(str(fault), err=True)
        typer.echo(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}", err=True)
        return FAULTY
    for line in summary_lines(summarise(load_site(site))):
        typer.echo(line)
    return 0
