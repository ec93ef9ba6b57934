"""`vigie report`: the page of a finished run."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from ray_app.batch.report_data import gather_report
from ray_app.batch.stills import take_stills
from ray_app.commands.site_text import load_site_text
from ray_app.domain.errors import StoreError
from ray_app.report.page import write_report
from ray_app.store.run_record import read_run
from ray_app.video.clip import Clip


def run(results: Path, *, as_json: bool) -> int:
    """Writes the page again and says where it is."""
    page = write_page(results)
    typer.echo(json.dumps({"report": str(page)}) if as_json else str(page))
    return 0


def write_page(results: Path, clips: Sequence[Clip] = ()) -> Path:
    """Returns where the page of a finished run was written.

    Args:
        results: Folder of a back-fill or a replay.
        clips: Footage that stills may be taken from.
    """
    text = read_run(results).site_text
    if text is None:
        raise StoreError(f"{results} holds no site file, run the back-fill again")
    site = load_site_text(text, f"site of {results}")
    data = gather_report(results, site)
    page = results / "report" / "index.html"
    write_report(replace(data, stills=take_stills(results, data, clips, site)), page)
    return page
