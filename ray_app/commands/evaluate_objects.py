"""`vigie evaluate objects`: person boxes against labelled footage."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from models.evaluate_objects import ObjectsReport, evaluate_objects, read_cvml
from models.settings import NetworkSettings
from models.zoo import needed_width_px
from ray_app.config.load import load_site
from ray_app.domain.frame import Frame, FrameKey
from ray_app.video.archive import FileFacts, probe
from ray_app.video.pictures import Loss
from ray_app.video.pyav_reader import PyavReader
from ray_app.video.timeline import lay_out


def run(video: Path, truth: Path, site: Path | None, every: int, *, as_json: bool) -> int:
    """Prints the report; the networks are those of the site's first camera, or the defaults."""
    torch.set_num_threads(1)
    networks = NetworkSettings() if site is None else load_site(site).cameras[0].networks
    labelled = read_cvml(truth)
    facts = probe(str(video))
    total = round((facts.duration_s or 0) * (facts.frame_rate_hz or 0)) or None
    frames = track(
        frames_of(facts, needed_width_px(networks)),
        "looking",
        total=total,
        console=Console(stderr=True),
        transient=True,
    )
    report = evaluate_objects(frames, labelled, networks, every)
    if as_json:
        print(json.dumps(dataclasses.asdict(report), indent=2))  # noqa: T201
    else:
        _print(report, video)
    return 0


def frames_of(facts: FileFacts, width_px: int) -> Iterator[tuple[int, Frame]]:
    """Yields every picture of the file with its number, from 0 in order of presentation."""
    number = 0
    clip = lay_out("evaluated", [facts]).clips[0]
    for picture in PyavReader(clip, width_px).pictures(0.0):
        if isinstance(picture, Loss):
            continue
        key = FrameKey("evaluated", number, 0, picture.time_s)
        yield number, Frame(key, picture.pixels(), picture.source_size_px)
        number += 1


def _print(report: ObjectsReport, video: Path) -> None:
    console = Console()
    console.print(f"[bold]{video.name}[/]: people")
    console.print(
        f"  AP at IoU 0.5     {report.ap50:.3f}   "
        f"({report.scored_frames} frames, {report.labelled_boxes} boxes)"
    )
    console.print(f"  best F1           {report.best_f1:.3f}   (score {report.best_threshold:.2f})")
    console.print(
        f"  people per frame  {report.people:.2f}    "
        f"mean error {report.count_mae:.2f}, bias {report.count_bias:+.2f} "
        f"({report.frames} frames)"
    )
    for row in report.count_errors:
        console.print(
            f"    score >= {row.threshold:.2f}: mean error {row.mae:.2f}, bias {row.bias:+.2f}"
        )
    for band in report.recall_by_people:
        most = "or more" if band.most is None else f"to {band.most}"
        console.print(
            f"    {band.least} {most} people in view: "
            f"recall {band.recall:.3f} ({band.frames} frames)"
        )
