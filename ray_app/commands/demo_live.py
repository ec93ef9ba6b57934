"""The live step of `vigie demo`: the same scene as cameras in real time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from ray_app.commands.live import LiveRun, Request, watch
from ray_app.domain.event import Event, Phase
from ray_app.live.messages import Outcome
from ray_app.outside.free_port import free_port

SITE = "live.yaml"
LONGEST_S = 90.0


@dataclass(frozen=True, slots=True)
class LiveShow:
    """What came of watching a scene live.

    Attributes:
        run: What the live site told.
        told: Situations that the back-fill opened and live opened, too.
        missed: Situations that the back-fill alone opened, as (camera, situation, place).
    """

    run: LiveRun
    told: int
    missed: tuple[tuple[str, str, str], ...]


def show_live(scene: Path, out: Path, found: Sequence[Event], console: Console) -> LiveShow:
    """Plays the scene's cameras in real time through `vigie live`.

    A small machine gives up frames, each counted; whatever live does not tell of the
    back-fill's situations is listed, not hidden.

    Args:
        scene: Folder that `film_scenario` made.
        out: Folder for what live writes.
        found: Events of the back-fill.
        console: Where progress goes.

    Raises:
        VigieError: The site cannot be watched.
    """
    site = _live_site(scene, out)
    run = watch(Request(site, seconds=LONGEST_S), console)
    wanted = {_key(event) for event in found if event.phase is Phase.OPENED}
    opened = {(camera, situation, place) for camera, situation, place in map(_parts, run.opened)}
    missed = tuple(sorted(key for key in wanted if key not in opened))
    return LiveShow(run, len(wanted) - len(missed), missed)


def print_show(show: LiveShow, console: Console) -> None:
    """Prints what became of every frame, and which situations were told."""
    table = Table("camera", "due", "analysed", "given up", "age p95")
    for report in show.run.reports:
        counts = report.counts.by_outcome
        age_s = report.age_p95_s
        table.add_row(
            report.camera_id,
            str(report.counts.offered),
            str(counts.get(Outcome.ANALYSED, 0)),
            str(counts.get(Outcome.SHED, 0) + counts.get(Outcome.LATE, 0)),
            "" if age_s is None else f"{age_s:.2f} s",
        )
    console.print(table)
    told = f"{show.told} of {show.told + len(show.missed)} situations of the back-fill told live"
    console.print(told)
    for camera, situation, place in show.missed:
        console.print(f"  not told live: {situation} at {place} by {camera}")


def _live_site(scene: Path, out: Path) -> Path:
    """Writes the scene's site file with a stream for every camera; returns its path."""
    site = yaml.safe_load((scene / "site.yaml").read_text("utf-8"))
    for camera in site["cameras"]:
        video = (scene / "cameras" / camera["footage"][0]).resolve()
        camera["stream"] = {"address": f"file://{video}"}
    site.pop("authorisation", None)
    site["live"] = {
        "folder": str(out.resolve()),
        "allowed": {"schemes": ["file"]},
        "api": {"port": free_port()},
    }
    out.mkdir(parents=True, exist_ok=True)
    path = out / SITE
    path.write_text(yaml.safe_dump(site, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def _key(event: Event) -> tuple[str, str, str]:
    return event.camera_id, event.situation, event.place.partition("/")[0]


def _parts(event_id: str) -> tuple[str, str, str]:
    camera_id, situation, place = event_id.split("/")[:3]
    return camera_id, situation, place
