"""`vigie evaluate fire`: burning pictures against others."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from models.evaluate_fire import FireReport, evaluate_fire, labelled_pictures
from models.fire_smoke_detector import build_fire_smoke_detector
from models.settings import FireFinderSettings, NetworkSettings


def run(images: Path, input_px: int, *, as_json: bool) -> int:
    """Prints the report."""
    torch.set_num_threads(1)
    pictures = labelled_pictures(images)
    settings = NetworkSettings(fire=FireFinderSettings(input_px=input_px), batch_size=1)
    detector = build_fire_smoke_detector(settings)
    aside = Console(stderr=True)
    looked = track(pictures, "looking", console=aside, transient=True)
    report = evaluate_fire(
        detector,
        looked,
        lambda fault: aside.print(f"skipped: {fault}", markup=False, soft_wrap=True),
    )
    if as_json:
        print(json.dumps(asdict(report), indent=2))  # noqa: T201
        return 0
    _print(Console(), images, report)
    return 0


def _print(console: Console, images: Path, report: FireReport) -> None:
    console.print(
        f"[bold]{escape(str(images))}[/]: {report.burning} burning pictures of "
        f"{report.burning_scenes} scenes, {report.calm} calm of {report.calm_scenes}",
        soft_wrap=True,
    )
    if report.skipped:
        console.print(f"  skipped                     {report.skipped} that cannot be read")
    console.print(
        f"  AUROC                       {report.auroc:.3f}   {_between(report.auroc_interval)}"
    )
    for name, recall, interval, threshold in (
        ("1 %", report.recall_at_1, report.recall_at_1_interval, report.threshold_at_1),
        ("5 %", report.recall_at_5, report.recall_at_5_interval, report.threshold_at_5),
    ):
        console.print(
            f"  recall at {name} false alarms  {recall:.3f}   {_between(interval)}   "
            f"(certainty above {threshold:.2f})"
        )
    console.print(
        f"  at certainty 0.5            recall {report.recall_at_half:.3f}, "
        f"false alarms {report.false_at_half:.1%}"
    )
    console.print(
        f"  every scene counted once    AUROC {report.auroc_by_scene:.3f}, "
        f"recall at 5 % {report.recall_at_5_by_scene:.3f}"
    )
    console.print("  intervals are 95 %, whole scenes drawn again", style="dim")


def _between(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"
