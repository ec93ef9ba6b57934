"""`vigie evaluate events`: what opened against what was labelled, file by file."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from ray_app.analysis.event_scores import (
    Alarm,
    Box,
    ClipScore,
    EventScores,
    TrueEvent,
    add_up,
    score_clip,
)
from ray_app.batch.analyze import analyze_run
from ray_app.batch.backfill import BackfillJob, backfill
from ray_app.batch.manifest import make_manifest
from ray_app.batch.site_job import blocks_of, site_text_without_file, sources_of
from ray_app.commands.progress_view import ProgressView
from ray_app.commands.site_text import load_site_text
from ray_app.config.schema import AbandonedObjectWatch
from ray_app.domain.errors import ConfigError, FootageError
from ray_app.domain.event import Event, Phase
from ray_app.video.archive import probe
from ray_app.video.footage_listing import whole_address

SEGMENT_S = 60.0
TYPES = {"fire_smoke": ("fire", "smoke"), "abandoned_object": ("abandoned",)}
"""Which labels each situation answers; a situation that needs a site's zones is not here."""
ADDED: dict[str, dict[str, Any]] = {
    "fire_smoke": {
        "networks": {"fire": {"name": "fire_smoke_detector"}},
        "situations": {"fire_smoke": [{}]},
    },
    "abandoned_object": {
        "networks": {"grid": {"width_px": 640}},
        "situations": {"abandoned_object": [{}]},
    },
}
DWELL_S = AbandonedObjectWatch().alarm.open_at
"""How long a thing must lie alone before it may be signalled."""
DEFAULT_RATE_HZ = 25.0
SIDES_PX = ("x1_px", "y1_px", "x2_px", "y2_px")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled file."""

    url: str
    events: tuple[TrueEvent, ...]
    seconds: float


def run(
    footage: Path,
    truth: Path,
    situation: str,
    out: Path | None,
    workers: int | None,
    *,
    as_json: bool,
) -> int:
    """Back-fills the labelled files, prints the scores."""
    if situation not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise ConfigError(f"{situation!r} cannot be evaluated on footage alone; known: {known}")
    labelled = read_truth(footage, truth, TYPES[situation])
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            scores, clips = _evaluate(labelled, situation, Path(folder) / "run", workers)
    else:
        scores, clips = _evaluate(labelled, situation, out, workers)
    if as_json:
        told = asdict(scores) | {"situation": situation, "files": [asdict(clip) for clip in clips]}
        print(json.dumps(told, indent=2))  # noqa: T201
    else:
        _show(situation, scores, clips)
    return 0


def read_truth(footage: Path, truth: Path, types: Sequence[str]) -> tuple[Labelled, ...]:
    """Returns the labelled files; keys that begin with _ are remarks.

    Raises:
        FootageError: The labels cannot be read, name a file that is not there, or no file.
    """
    try:
        whole = json.loads(truth.read_text("utf-8"))
        files = {name: told for name, told in whole.items() if not name.startswith("_")}
    except (OSError, ValueError, AttributeError) as error:
        raise FootageError(f"{truth}: cannot be read as labelled events ({error})") from error
    if not files:
        raise FootageError(f"{truth}: labels no file")
    return tuple(_labelled(footage / name, truth, told, types) for name, told in files.items())


def _labelled(path: Path, truth: Path, told: Mapping[str, Any], types: Sequence[str]) -> Labelled:
    facts = probe(str(path))
    try:
        rate_hz = float(told.get("fps") or facts.frame_rate_hz or DEFAULT_RATE_HZ)
        slack_s = float(told.get("tolerance_frames", 0)) / rate_hz
        events = tuple(
            TrueEvent(*_times(event, rate_hz), slack_s, _box(event))
            for event in told.get("events", ())
            if event.get("type") in types and _lasts(event, rate_hz)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FootageError(
            f"{truth}: {path.name}: events need a type and a start frame, and a box of four sides "
            f"where they tell one ({error!r})"
        ) from error
    return Labelled(whole_address(str(path)), events, facts.duration_s or 0.0)


def _lasts(event: Mapping[str, Any], rate_hz: float) -> bool:
    """Returns whether a thing lay alone for as long as it takes to be signalled at all."""
    removed = event.get("removed")
    return removed is None or float(removed) / rate_hz >= _times(event, rate_hz)[1]


def _times(event: Mapping[str, Any], rate_hz: float) -> tuple[float, float]:
    """Returns when an event begins and when a perfect system would signal it, seconds."""
    if event["type"] == "abandoned":
        start, left = float(event["put_down"]), float(event["owner_leaves"])
        return start / rate_hz, left / rate_hz + DWELL_S
    start = float(event["start"])
    return start / rate_hz, float(event.get("alarm", start)) / rate_hz


def _box(event: Mapping[str, Any]) -> Box | None:
    """Returns where a label says the event is, source pixels; None where it does not."""
    if event.get("box") is None:
        return None
    left, upper, right, lower = (float(side) for side in event["box"])
    return left, upper, right, lower


def _evaluate(
    labelled: Sequence[Labelled], situation: str, out: Path, workers: int | None
) -> tuple[EventScores, list[ClipScore]]:
    urls = tuple(each.url for each in labelled)
    text = _site_text(urls, situation)
    site = load_site_text(text, "files to evaluate")
    sources = sources_of(site, urls).sources
    job = BackfillJob(
        out_dir=out,
        manifest=make_manifest(sources, SEGMENT_S),
        blocks=blocks_of(site),
        site=site.site,
        site_text=text,
        workers=workers or os.cpu_count() or 1,
    )
    with ProgressView() as view:
        done = backfill(job, view)
    failed = [record for record in done.records if record.reason is not None]
    if failed:
        raise FootageError(f"{failed[0].url}: {failed[0].reason}; nothing is scored on part of it")
    opened = [
        event
        for event in analyze_run(out, site).events
        if event.phase is Phase.OPENED and event.situation == situation
    ]
    camera_of = {source.urls[0]: source.camera_id for source in sources}
    clips = [_score(each, camera_of[each.url], opened) for each in labelled]
    return add_up(clips), clips


def _score(labelled: Labelled, camera_id: str, opened: Sequence[Event]) -> ClipScore:
    alarms = [
        Alarm(event.time_s, _place_px(event)) for event in opened if event.camera_id == camera_id
    ]
    return score_clip(Path(labelled.url).name, labelled.seconds, alarms, labelled.events)


def _place_px(event: Event) -> Box | None:
    """Returns where in the picture an event says it is; None where it does not."""
    told = dict(event.why.measures)
    if not all(side in told for side in SIDES_PX):
        return None
    left, upper, right, lower = (told[side] for side in SIDES_PX)
    return left, upper, right, lower


def _site_text(urls: Sequence[str], situation: str) -> str:
    tree = yaml.safe_load(site_text_without_file(urls))
    tree["cameras"] = [camera | ADDED[situation] for camera in tree["cameras"]]
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _show(situation: str, scores: EventScores, clips: Sequence[ClipScore]) -> None:
    table = Table("file", "minutes", "labelled", "found", "false", "delays (s)", title=situation)
    for clip in clips:
        delays = ", ".join(f"{delay:+.1f}" for delay in clip.delays_s)
        numbers = (f"{60 * clip.hours:.1f}", str(clip.true), str(clip.found), str(clip.false))
        table.add_row(clip.name, *numbers, delays)
    console = Console()
    console.print(table)
    console.print(f"recall {_told(scores.recall, scores.recall_interval)}")
    console.print(f"precision {_told(scores.precision, scores.precision_interval)}")
    low, high = scores.false_per_hour_interval
    console.print(
        f"false alarms per camera-hour {scores.false_per_hour:.2f} ({low:.2f}-{high:.2f}; "
        f"by chance at most {scores.false_per_hour_most:.1f} on {scores.hours:.2f} h)"
    )
    if scores.median_delay_s is not None:
        console.print(f"median delay {scores.median_delay_s:+.1f} s")


def _told(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None or interval is None:
        return "cannot be said"
    return f"{share:.2f} (95 % {interval[0]:.2f}-{interval[1]:.2f})"
