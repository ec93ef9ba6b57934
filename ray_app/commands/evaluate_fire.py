"""`vigie evaluate fire`: burning pictures against others."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from models.evaluate_fire import evaluate_fire, labelled_pictures
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
    console = Console()
    console.print(
        f"[bold]{escape(str(images))}[/]: {report.burning} burning, {report.calm} calm pictures"
    )
    if report.skipped:
        console.print(f"  skipped                     {report.skipped} that cannot be read")
    console.print(f"  AUROC                       {report.auroc:.3f}")
    console.print(
        f"  recall at 1 % false alarms  {report.recall_at_1:.3f}   "
        f"(certainty above {report.threshold_at_1:.2f})"
    )
    console.print(
        f"  recall at 5 % false alarms  {report.recall_at_5:.3f}   "
        f"(certainty above {report.threshold_at_5:.2f})"
    )
    console.print(
        f"  at certainty 0.5            recall {report.recall_at_half:.3f}, "
        f"false alarms {report.false_at_half:.1%}"
    )
    return 0
