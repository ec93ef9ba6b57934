"""Measures `vigie live` on real RTSP cameras against the plain loop: age, cost, memory, overload.

Usage: python -m benchmarks.live [--cameras 8] [--seconds 60] [--hold 8,12,16] [--no-plain]

On a machine that does other work too, ages are worth little; processor seconds per analysed
frame, told for both ways, are worth more, and so is their ratio.
"""

# ruff: noqa: ANN401  handles of Ray's actors have no types
import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.live_cameras import cameras_of, make_film
from benchmarks.live_plain import PlainLoop
from benchmarks.live_usage import cpu_s_by_part, pss_by_part
from models.settings import NetworkSettings
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.batch.ray_session import ray_session
from ray_app.commands.live import WORKERS_NICE
from ray_app.config.live_schema import DetectorsConfig, LiveConfig, StreamConfig
from ray_app.config.schema import (
    CameraConfig,
    RestrictedAreaWatch,
    SiteConfig,
    SituationsConfig,
    ZoneConfig,
)
from ray_app.live.messages import FrameCounts, Outcome
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.store.parquet import read_parquet
from ray_app.video.reading import ReadingSettings

RATE_HZ = 2.0
WARM_S = 8.0
AGE_S = 1.0
VALUES = ("critical", "normal", "best_effort", "best_effort")


def site_of(addresses: Sequence[str], folder: Path, batch_size: int) -> SiteConfig:
    """Returns a site: every fourth camera critical, every fourth normal, the rest best effort."""
    zone = ZoneConfig(name="road", polygon_px=((0, 400), (1280, 400), (1280, 720), (0, 720)))
    watch = RestrictedAreaWatch(
        settings=RestrictedAreaSettings(zone="road"),
        alarm=HysteresisSettings(open_at=50, close_at=40, hold_s=5, release_s=5),
    )
    cameras = tuple(
        CameraConfig(
            id=f"cam{number}",
            footage=(f"cam{number}.mp4",),
            reading=ReadingSettings(rate_hz=RATE_HZ),
            networks=NetworkSettings(batch_size=batch_size),
            zones=(zone,),
            situations=SituationsConfig(restricted_area=(watch,)),
            stream=StreamConfig(address=address, value=VALUES[number % 4], floor_hz=0.5),
        )
        for number, address in enumerate(addresses)
    )
    cores = os.cpu_count() or 1
    live = LiveConfig(
        folder=str(folder), detectors=DetectorsConfig(max_replicas=cores, num_cpus=0.5)
    )
    return SiteConfig(site="benchmark", cameras=cameras, live=live)


def measure_plain(film: Path, cameras: int, seconds: float, batch_size: int) -> dict[str, Any]:
    """Runs the plain loop."""
    with cameras_of(film, cameras) as addresses, tempfile.TemporaryDirectory() as folder:
        loop = PlainLoop(site_of(addresses, Path(folder), batch_size).cameras)
        before_s, began_at = time.process_time(), time.time()
        loop.run(WARM_S + seconds)
        spent_s = time.process_time() - before_s
        ages = [age for at, age in loop.ages if at >= began_at + WARM_S]
    told = _ages(ages, "plain", cameras)
    return told | {
        "offered": loop.offered,
        "analysed_share": len(loop.ages) / max(1, loop.offered),
        "cpu_s_per_frame": spent_s / max(1, len(loop.ages)),
        "cores_used": spent_s / (WARM_S + seconds),
        "cpu_share_by_part": {
            "looking": loop.looking_s / spent_s,
            "reading": 1 - loop.looking_s / spent_s,
        },
    }


def measure_live(film: Path, cameras: int, seconds: float, batch_size: int) -> dict[str, Any]:
    """Runs the whole site on a running Ray and Serve."""
    import ray

    from ray_app.live.app import places_of, start_detectors, start_fleet, stop_fleet
    from ray_app.live.situation_desk import desk_plan, start_desk, stop_desk

    me = os.getpid()
    with cameras_of(film, cameras) as addresses, tempfile.TemporaryDirectory() as folder:
        site = site_of(addresses, Path(folder), batch_size)
        places = places_of(site, Path(folder), "run")
        start_detectors(site, places)
        desk = start_desk(desk_plan(site, places.folder, places.evidence))
        fleet = start_fleet(site, places)
        _wait_for_frames(fleet, cameras)
        time.sleep(WARM_S)
        cpu_before, began_at = cpu_s_by_part(me), time.time()
        memory_before = pss_by_part(me)
        counts = _looked_on(fleet, seconds)
        cpu_after, ended_at = cpu_s_by_part(me), time.time()
        memory_after = pss_by_part(me)
        report = ray.get(fleet.report.remote())
        stop_fleet(fleet)
        stop_desk(desk)
        rows = frames_of(places.ledger, began_at, ended_at)
    analysed = [row for row in rows if row["outcome"] == Outcome.ANALYSED]
    values = {camera.id: VALUES[k % 4] for k, camera in enumerate(site.cameras)}
    spent = {part: cpu_after[part] - cpu_before[part] for part in sorted(cpu_after)}
    own_s = sum(s for part, s in spent.items() if part != "cameras")
    told = _ages([row["age_s"] for row in analysed], "live", cameras)
    return told | {
        "critical_age_p95_s": _p95(
            [row["age_s"] for row in analysed if values[row["camera_id"]] == "critical"]
        ),
        "analysed_share_by_value": {
            value: _share([r for r in rows if values[r["camera_id"]] == value])
            for value in sorted(set(values.values()))
        },
        "outcomes": {str(o): sum(row["outcome"] == o for row in rows) for o in Outcome},
        "sum_of_outcomes": sum(sum(c.by_outcome.values()) for c in counts),
        "offered": sum(c.offered for c in counts),
        "analysed_share": len(analysed) / max(1, len(rows)),
        "replicas": report.replicas,
        "cpu_s_per_frame": own_s / max(1, len(analysed)),
        "cores_used": own_s / (ended_at - began_at),
        "cpu_share_by_part": {part: s / max(1e-9, own_s) for part, s in spent.items()},
        "memory_mb_before": {k: round(v / 1e6) for k, v in memory_before.items()},
        "memory_mb_after": {k: round(v / 1e6) for k, v in memory_after.items()},
    }


def _looked_on(fleet: Any, seconds: float) -> list[FrameCounts]:
    """Waits, asking as the page does; returns what became of every frame so far."""
    import ray

    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        ray.get(fleet.report.remote())
        time.sleep(0.5)
    return [camera.counts for camera in ray.get(fleet.cameras.remote())]


def _wait_for_frames(fleet: Any, cameras: int) -> None:
    import ray

    limit_s = time.monotonic() + 180.0
    while time.monotonic() < limit_s:
        seen = ray.get(fleet.cameras.remote())
        if len(seen) == cameras and all(c.counts.by_outcome[Outcome.ANALYSED] for c in seen):
            return
        time.sleep(0.5)
    raise SystemExit("not every camera was seen within three minutes")


def frames_of(
    ledger: Path, began_at: float = 0.0, ended_at: float = math.inf
) -> list[dict[str, Any]]:
    """Returns the ledger's rows of frames taken in a while."""
    from ray_app.live.frame_ledger import FRAMES

    rows: list[dict[str, Any]] = []
    for path in sorted((ledger / "frames").rglob("*.parquet")):
        rows += read_parquet(path, FRAMES).to_pylist()
    return [row for row in rows if began_at <= row["taken_at"] < ended_at]


def _ages(ages: Sequence[float], way: str, cameras: int) -> dict[str, Any]:
    return {
        "way": way,
        "cameras": cameras,
        "frames": len(ages),
        "age_p50_s": float(np.median(ages)) if ages else None,
        "age_p95_s": _p95(ages),
    }


def _p95(ages: Sequence[float]) -> float | None:
    return float(np.percentile(ages, 95)) if ages else None


def _share(rows: Sequence[dict[str, Any]]) -> float:
    return sum(row["outcome"] == Outcome.ANALYSED for row in rows) / max(1, len(rows))


def main() -> int:
    """Measures, prints, writes."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--cameras", type=int, default=8)
    words.add_argument("--seconds", type=float, default=60.0)
    words.add_argument("--hold", default="", help="numbers of cameras to try, as 8,12,16")
    words.add_argument("--batch-size", type=int, default=2)
    words.add_argument("--no-plain", action="store_true", help="live alone, without the loop")
    words.add_argument("--json", type=Path, default=None)
    asked = words.parse_args()
    film = make_film(Path(tempfile.gettempdir()) / "vigie-benchmark-live")
    tried = [int(n) for n in asked.hold.split(",") if n]
    runs: list[dict[str, Any]] = []
    size = asked.batch_size
    numbers = list(dict.fromkeys([asked.cameras, *tried]))
    if not asked.no_plain:
        runs += [measure_plain(film, number, asked.seconds, size) for number in numbers]
    os.environ.setdefault("RAY_worker_niceness", WORKERS_NICE)
    with ray_session(None, (os.cpu_count() or 1) + 1, 0):
        from ray import serve

        serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR"})
        runs += [measure_live(film, number, asked.seconds, size) for number in numbers]
        serve.shutdown()
    told = {"rate_hz": RATE_HZ, "load": os.getloadavg(), "runs": runs, "held": _held(runs)}
    Console().print(_table(runs))
    if asked.json is not None:
        asked.json.write_text(json.dumps(told, indent=2))
    return 0


def _held(runs: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Returns the most cameras each way held with frames younger than a second and none shed."""
    return {
        way: max(
            (
                run["cameras"]
                for run in runs
                if run["way"] == way
                and (run["age_p95_s"] or 9.9) < AGE_S
                and run["analysed_share"] > 0.98
            ),
            default=0,
        )
        for way in ("plain", "live")
    }


def _table(runs: Sequence[dict[str, Any]]) -> Table:
    table = Table(
        "way", "cameras", "analysed", "age p50", "age p95", "critical p95", "CPU-ms/frame", "cores"
    )
    for run in runs:
        table.add_row(
            run["way"],
            str(run["cameras"]),
            f"{100 * run['analysed_share']:.0f} %",
            *(
                "" if run.get(key) is None else f"{run[key]:.2f} s"
                for key in ("age_p50_s", "age_p95_s", "critical_age_p95_s")
            ),
            f"{1000 * run['cpu_s_per_frame']:.0f}",
            f"{run['cores_used']:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
