"""`vigie backfill`: footage in, observations, events and a report out."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from ray_app.batch.analyze import Analysis, analyze_run
from ray_app.batch.backfill import BackfillJob, BackfillResult, backfill
from ray_app.batch.harvest_tally import HarvestTally
from ray_app.batch.manifest import make_manifest
from ray_app.batch.site_job import blocks_of, site_text_without_file, sources_of
from ray_app.commands.progress_view import ProgressView, duration
from ray_app.commands.report import write_page
from ray_app.commands.site_text import load_site_text
from ray_app.config.load import load_site
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError, FootageError
from ray_app.domain.event import Event, Phase
from ray_app.report.words import level_words
from ray_app.scaling.harvest_moves import HarvestRules
from ray_app.store.segments import SegmentRecord
from ray_app.video.footage_listing import list_footage, whole_address

if TYPE_CHECKING:
    from ray_app.batch.harvest import HarvestPlan

DONE, FAILED = 0, 3
SHOWN_FAILURES = 10
NO_ADDRESS = (
    "--harvest borrows slots of a running live site; add --address of the Ray cluster on which "
    "`vigie live` runs"
)
NO_WORKERS = (
    "--harvest takes as many slots as are idle, as large as the live site's detectors; leave "
    "--workers and --num-gpus out"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed; see `vigie backfill --help`."""

    site: Path | None
    footage: tuple[str, ...]
    out: Path
    workers: int | None = None
    segment_s: float = 60.0
    num_gpus: float = 0.0
    address: str | None = None
    with_report: bool = True
    as_json: bool = False
    harvest: HarvestRules | None = None


def run(request: Request) -> int:
    """Does it; returns the exit status."""
    if not request.footage:
        raise FootageError("nothing to read; add --footage FILE_OR_FOLDER...")
    if request.harvest is not None:
        _refuse_beside_harvest(request)
    urls = tuple(map(whole_address, list_footage(request.footage)))
    site, text = _site(request, urls)
    footage = sources_of(site, urls)
    for remark in footage.remarks:
        typer.echo(f"note: {remark}", err=True)
    manifest = make_manifest(footage.sources, request.segment_s, site.authorisation)
    job = BackfillJob(
        out_dir=request.out,
        manifest=manifest,
        blocks=blocks_of(site),
        site=site.site,
        site_text=text,
        workers=request.workers or os.cpu_count() or 1,
        num_gpus=request.num_gpus,
        address=request.address,
        harvest=_harvest_plan(request),
    )
    with ProgressView() as view:
        result = backfill(job, view)
    analysis = analyze_run(request.out, site)
    clips = [clip for camera in manifest.cameras for clip in camera.timeline.clips]
    page = write_page(request.out, clips) if request.with_report else None
    if request.as_json:
        typer.echo(json.dumps(_told(result, analysis, request.out, page), indent=2))
    else:
        show(result, analysis, request.out, page)
    return FAILED if result.failed else DONE


def show(result: BackfillResult, analysis: Analysis, out: Path, page: Path | None) -> None:
    """Prints what was found, what failed, and where it lies."""
    console = Console()
    show_situations(console, analysis.events)
    totals, timing = result.totals, result.timing
    pace = f", {timing.footage_s / timing.wall_s:.1f} footage-s/s" if timing.wall_s else ""
    console.print(
        f"{duration(totals.footage_s)} of footage, {totals.frames} frames analysed; "
        f"{totals.done} of {totals.segments} segments done ({result.decoded} in this run{pace})",
        soft_wrap=True,
    )
    bad = [record for record in result.records if record.reason is not None]
    for record in bad[:SHOWN_FAILURES]:
        console.print(f"{record.status}: {_told_once(record)}", markup=False, soft_wrap=True)
    if len(bad) > SHOWN_FAILURES:
        console.print(f"... and {len(bad) - SHOWN_FAILURES} more in {out / 'segments.parquet'}")
    if totals.lost_s:
        console.print(f"{totals.lost_s:.1f} s of footage could not be decoded (see the report)")
    for refusal in analysis.refusals:
        console.print(
            f"not measured: {refusal.camera_id} {refusal.situation} {refusal.place} "
            f"in {refusal.frames} frames: {refusal.reason}",
            markup=False,
            soft_wrap=True,
        )
    if result.harvest is not None:
        console.print(f"harvested {told_harvest(result.harvest)}", soft_wrap=True)
    console.print(f"results in {out}" + (f", report: {page}" if page else ""), soft_wrap=True)


def told_harvest(tally: HarvestTally) -> str:
    """Returns what was harvested, and what giving way cost."""
    return (
        f"{duration(tally.slot_s)} of idle paid slots, {tally.most} at most at once; given back to "
        f"the event: {tally.at_once} at once, {tally.after_segment} after a segment; with their "
        f"node: {tally.let_go}; segments done twice: {tally.lost}"
    )


def _told_once(record: SegmentRecord) -> str:
    """Returns the file and the reason; most reasons name the file themselves."""
    reason = record.reason or ""
    return reason if reason.startswith(record.url) else f"{record.url}: {reason}"


def show_situations(console: Console, events: tuple[Event, ...]) -> None:
    """Prints one row per situation that opened."""
    opened = [event for event in events if event.phase is Phase.OPENED]
    ends = {event.event_id: event for event in events if event.phase is Phase.CLOSED}
    if not opened:
        console.print("no situation opened")
        return
    table = Table("camera", "situation", "place", "from", "to", "peak")
    for event in opened:
        end = ends.get(event.event_id)
        peak = (end or event).why.peak
        table.add_row(
            event.camera_id,
            event.situation,
            event.place,
            duration(event.started_s),
            "" if end is None else duration(end.time_s),
            level_words(peak, None, event.why.unit),
        )
    console.print(table)


def _refuse_beside_harvest(request: Request) -> None:
    if request.address is None:
        raise ConfigError(NO_ADDRESS)
    if request.workers is not None or request.num_gpus:
        raise ConfigError(NO_WORKERS)


def _harvest_plan(request: Request) -> "HarvestPlan | None":
    """Returns how to harvest; None where nobody asked for it."""
    if request.harvest is None:
        return None
    from ray_app.batch.harvest import HarvestPlan
    from ray_app.live.paid_slots import look_at_site

    no_site = (
        f"no live site runs on the Ray at {request.address}, so nothing there is paid for and "
        "idle; start `vigie live SITE --address ...` first, or leave --harvest out"
    )
    return HarvestPlan(look_at_site, request.harvest, no_site)


def _site(request: Request, urls: tuple[str, ...]) -> tuple[SiteConfig, str]:
    if request.site is None:
        text = site_text_without_file(urls)
        return load_site_text(text, "footage without a site file"), text
    site = load_site(request.site)
    return site, request.site.read_text("utf-8")


def _told(
    result: BackfillResult, analysis: Analysis, out: Path, page: Path | None
) -> dict[str, object]:
    opened = [event for event in analysis.events if event.phase is Phase.OPENED]
    return {
        "out": str(out),
        "report": None if page is None else str(page),
        "totals": asdict(result.totals),
        "timing": asdict(result.timing),
        "decoded_segments": result.decoded,
        "harvest": None if result.harvest is None else asdict(result.harvest),
        "situations": [
            {
                "event_id": event.event_id,
                "camera": event.camera_id,
                "situation": event.situation,
                "place": event.place,
                "started_s": event.started_s,
                "opened_s": event.time_s,
                "level": event.level,
                "unit": event.why.unit,
            }
            for event in opened
        ],
        "failures": [
            {"url": record.url, "status": str(record.status), "reason": record.reason}
            for record in result.records
            if record.reason is not None
        ],
        "refusals": [asdict(refusal) for refusal in analysis.refusals],
    }
