"""Measures `vigie live` under twice its load: who keeps frames, how old they are, how it ends.

Usage: python -m benchmarks.live_overload [--cameras 10] [--seconds 30] [--json FILE]

Real RTSP cameras, two frames/s each. For a third of the time --cameras are read, for a third twice
as many, then as many as at first. The numbers come from the frame ledger, and how many frames were
due from the wall clock alone: every camera's grid has two a second, whatever became of them.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.live import RATE_HZ, VALUES, WARM_S, frames_of, site_of
from benchmarks.live_cameras import cameras_of, make_film
from ray_app.batch.ray_session import ray_session
from ray_app.commands.live import WORKERS_NICE
from ray_app.live.messages import Outcome

CRITICAL_AGE_S = 1.5
WINDOW, NORMAL_SHARE = 5, 0.95
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Phase:
    """One third of the run.

    Attributes:
        grid_frames: Frames due by the wall clock, one more or less for each camera.
        rows: Frames the ledger has an outcome for.
    """

    name: str
    cameras: int
    grid_frames: int
    rows: int
    outcomes: dict[str, int]
    analysed_share: dict[str, float]
    age_p95_s: dict[str, float]


def measure(film: Path, cameras: int, seconds: float) -> dict[str, Any]:
    """Runs the three phases on a running Ray and Serve."""
    import ray

    from ray_app.live.app import places_of, start_detectors, start_fleet, stop_fleet
    from ray_app.live.situation_desk import desk_plan, start_desk, stop_desk

    with cameras_of(film, 2 * cameras) as addresses, tempfile.TemporaryDirectory() as folder:
        site = site_of(addresses, Path(folder), 2)
        names = [camera.id for camera in site.cameras]
        places = places_of(site, Path(folder), "run")
        start_detectors(site, places)
        desk = start_desk(desk_plan(site, places.folder, places.evidence))
        fleet = start_fleet(site, places)
        extra = names[cameras:]
        for name in extra:
            _when_known(fleet, name)
            ray.get(fleet.pause.remote(name))
        _wait_for(fleet, names[:cameras])
        time.sleep(WARM_S)
        turns = [time.time()]
        time.sleep(seconds)
        turns.append(time.time())
        for name in extra:
            ray.get(fleet.resume.remote(name))
        time.sleep(seconds)
        turns.append(time.time())
        for name in extra:
            ray.get(fleet.pause.remote(name))
        time.sleep(seconds)
        turns.append(time.time())
        time.sleep(2.0)
        stop_fleet(fleet)
        stop_desk(desk)
        rows = frames_of(places.ledger)
    values = {name: VALUES[number % 4] for number, name in enumerate(names)}
    spans = list(pairwise(turns))
    read = (names[:cameras], names, names[:cameras])
    phases = [
        _phase(name, rows, span, values, who)
        for name, span, who in zip(("before", "doubled", "after"), spans, read, strict=True)
    ]
    after = _by_second(rows, names[:cameras], turns[2], turns[3])
    return {
        "after_by_second": after,
        "phases": [asdict(phase) for phase in phases],
        "recovery_s": _recovery_s(after),
        "critical_age_held": phases[1].age_p95_s.get("critical", 9.9) < CRITICAL_AGE_S,
    }


def _when_known(fleet: Any, name: str) -> None:  # noqa: ANN401  a handle of Ray
    import ray

    limit_s = time.monotonic() + 60.0
    while time.monotonic() < limit_s:
        if any(camera.camera_id == name for camera in ray.get(fleet.cameras.remote())):
            return
        time.sleep(0.2)
    raise SystemExit(f"the fleet never told of camera {name}")


def _wait_for(fleet: Any, names: Sequence[str]) -> None:  # noqa: ANN401
    import ray

    limit_s = time.monotonic() + 180.0
    while time.monotonic() < limit_s:
        seen = {c.camera_id: c.counts.by_outcome for c in ray.get(fleet.cameras.remote())}
        if all(seen.get(name, {}).get(Outcome.ANALYSED, 0) for name in names):
            return
        time.sleep(0.5)
    raise SystemExit("not every camera was seen within three minutes")


def _phase(
    name: str,
    rows: Sequence[Row],
    span: tuple[float, float],
    values: dict[str, str],
    read: Sequence[str],
) -> Phase:
    """Sums up a phase; cameras that are opened in it are counted from their first frame on."""
    inside = [r for r in rows if span[0] <= r["taken_at"] < span[1] and r["camera_id"] in read]
    taken = {c: [r["taken_at"] for r in inside if r["camera_id"] == c] for c in read}
    first = {c: min(times, default=span[0]) for c, times in taken.items()}
    due = sum(round((span[1] - first[camera]) * RATE_HZ) for camera in read)
    shares, ages = {}, {}
    for value in sorted(set(values.values())):
        mine = [r for r in inside if values[r["camera_id"]] == value]
        done = [r["age_s"] for r in mine if r["outcome"] == Outcome.ANALYSED]
        shares[value] = len(done) / max(1, len(mine))
        if done:
            ages[value] = float(np.percentile(done, 95))
    told = Counter(str(r["outcome"]) for r in inside)
    return Phase(name, len(read), due, len(inside), dict(told), shares, ages)


def _by_second(
    rows: Sequence[Row], names: Sequence[str], fell: float, end: float
) -> list[dict[str, int]]:
    """Returns frames by outcome in every second after the load fell."""
    seconds: list[dict[str, int]] = [{} for _ in range(int(end - fell))]
    for row in rows:
        place = int(row["taken_at"] - fell)
        if row["camera_id"] in names and fell <= row["taken_at"] and place < len(seconds):
            told = str(row["outcome"])
            seconds[place][told] = seconds[place].get(told, 0) + 1
    return seconds


def _recovery_s(seconds: Sequence[dict[str, int]]) -> int:
    """Returns after how many seconds every five that follow have 95 % of their frames analysed."""
    analysed = [each.get(str(Outcome.ANALYSED), 0) for each in seconds]
    due = [sum(each.values()) for each in seconds]
    short = [
        place
        for place in range(len(seconds) - WINDOW + 1)
        if sum(analysed[place : place + WINDOW]) < NORMAL_SHARE * sum(due[place : place + WINDOW])
    ]
    return max(short, default=-1) + 1


def main() -> int:
    """Measures, prints, writes."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--cameras", type=int, default=10)
    words.add_argument("--seconds", type=float, default=30.0, help="of each phase")
    words.add_argument("--json", type=Path, default=None)
    asked = words.parse_args()
    film = make_film(Path(tempfile.gettempdir()) / "vigie-benchmark-live")
    os.environ.setdefault("RAY_worker_niceness", WORKERS_NICE)
    with ray_session(None, (os.cpu_count() or 1) + 1, 0):
        from ray import serve

        serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR"})
        told = measure(film, asked.cameras, asked.seconds)
        serve.shutdown()
    console = Console()
    console.print(_table(told["phases"]))
    console.print(f"back to normal {told['recovery_s']} s after the load fell")
    if asked.json is not None:
        asked.json.write_text(json.dumps(told | {"load": os.getloadavg()}, indent=2))
    return 0


def _table(phases: Sequence[dict[str, Any]]) -> Table:
    table = Table(
        "phase", "cameras", "due by the clock", "with an outcome", "value", "analysed", "age p95"
    )
    for phase in phases:
        for place, value in enumerate(("critical", "normal", "best_effort")):
            whole = (
                phase["name"],
                str(phase["cameras"]),
                str(phase["grid_frames"]),
                str(phase["rows"]),
            )
            age_s = phase["age_p95_s"].get(value)
            table.add_row(
                *(whole if place == 0 else ("",) * 4),
                value,
                f"{100 * phase['analysed_share'].get(value, 0):.0f} %",
                "" if age_s is None else f"{age_s:.2f} s",
            )
    return table


if __name__ == "__main__":
    sys.exit(main())
