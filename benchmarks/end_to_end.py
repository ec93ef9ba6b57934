"""How fast footage becomes observations, against what this machine can do at all.

    python -m benchmarks.end_to_end [--seconds 120] [--rounds 3] [--json FILE]

1080p25 H.264 at 4 Mbit/s, 5 analysed frames per second, network input 416, two files, two
workers. In one run, round by round in turn, medians told:

- the back-fill, Ray's start excluded: from the first worker's first segment to the last's end;
- the bare loop: two plain processes, same reader, same network;
- the floor: what decoding alone and the network alone take two plain processes, added up;
- `ray.data.read_videos` (fps=5, resized while it reads) with an actor around the same network;
- the same with the network in float32, as torch runs it when nobody asks for more;
- Ultralytics, one process per core, weights drawn at random (yolov8n.yaml), where installed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import rivals
from benchmarks.clips import BIT_RATE, SIZE_PX, make_clips
from benchmarks.memory import watched
from models.settings import NetworkSettings, ObjectFinderSettings
from models.zoo import needed_width_px
from ray_app.batch.backfill import BackfillJob, backfill
from ray_app.batch.manifest import CameraSource, make_manifest
from ray_app.batch.ray_session import ray_session
from ray_app.batch.segment_worker import WorkerBlocks, no_pose
from ray_app.batch.site_job import build_single_threaded, open_footage
from ray_app.provenance import weights_of
from ray_app.video.reading import ReadingSettings

RATE_HZ = 5.0
SEGMENT_S = 60.0
NETWORKS = NetworkSettings(objects=ObjectFinderSettings(input_px=416))
PLAIN_NETWORKS = replace(NETWORKS, dtype="float32")
NEEDED = {
    "share_of_bare_loop": 0.90,
    "share_of_floor": 0.85,
    "times_read_videos": 3.5,
    "times_ultralytics": 1.6,
}


@dataclass(frozen=True, slots=True)
class Round:
    """One way of doing the job, once.

    Attributes:
        wall_s: Seconds for all of it.
        cpu_s: Processor seconds; None where not known.
        frames: Analysed frames.
    """

    wall_s: float
    cpu_s: float | None
    frames: int


def main() -> int:
    """Measures, prints, writes; returns 1 when a needed ratio is missed."""
    asked = _parse()
    console = Console(stderr=asked.json == "-")
    torch.set_num_threads(1)
    console.print("footage: made once, kept in the cache of rendered scenes ...")
    paths = make_clips(2, asked.seconds, workers=2)
    ways = _ways(paths)
    rounds: dict[str, list[Round]] = {name: [] for name in ways}
    with ray_session(None, 2, 0), watched() as peak:
        for turn in range(asked.rounds):
            for name, run in ways.items():
                rounds[name].append(run())
                last = rounds[name][-1]
                pace = len(paths) * asked.seconds / last.wall_s
                console.print(f"round {turn + 1}: {name}: {pace:.1f} footage-s/s")
                if name == "back-fill" and turn == 0:
                    backfill_peak = peak.pss_bytes
    told = _tell(rounds, len(paths) * asked.seconds, backfill_peak)
    console.print(_table(told))
    if asked.json == "-":
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    elif asked.json:
        Path(asked.json).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return 0 if all(told["ratios"][k] >= v for k, v in NEEDED.items() if k in told["ratios"]) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each of two files")
    parser.add_argument("--rounds", type=int, default=3, help="times each way is measured")
    parser.add_argument("--json", nargs="?", const="-", help="file to write; - or nothing: stdout")
    return parser.parse_args()


def _ways(paths: Sequence[Path]) -> dict[str, Callable[[], Round]]:
    width_px = needed_width_px(NETWORKS)
    plain = partial(_in_processes, paths=paths, width_px=width_px)
    ways: dict[str, Callable[[], Round]] = {
        "back-fill": partial(_backfill, paths),
        "bare loop": partial(plain, rivals.bare_loop),
        "decode only": partial(plain, rivals.decode_only),
        "network only": partial(plain, rivals.network_only),
        "read_videos": partial(_read_videos, paths, width_px, NETWORKS),
        "read_videos, float32": partial(_read_videos, paths, width_px, PLAIN_NETWORKS),
    }
    if rivals.has_ultralytics():
        ways["ultralytics"] = partial(plain, rivals.ultralytics_loop)
    return ways


def _backfill(paths: Sequence[Path]) -> Round:
    reading = ReadingSettings(rate_hz=RATE_HZ)
    weights, width_px = weights_of(NETWORKS), needed_width_px(NETWORKS)
    sources = [
        CameraSource(path.stem, (str(path),), reading, width_px, NETWORKS, weights)
        for path in paths
    ]
    blocks = WorkerBlocks(build_single_threaded, open_footage, no_pose)
    with tempfile.TemporaryDirectory() as folder:
        manifest = make_manifest(sources, SEGMENT_S)
        job = BackfillJob(Path(folder) / "out", manifest, blocks, "benchmark", workers=2)
        done = backfill(job, lambda _: None)
        if done.failed:
            raise SystemExit(f"{done.failed} segments failed: {done.records}")
    return Round(done.timing.wall_s, done.timing.cpu_s, done.totals.frames)


def _in_processes(turn: rivals.Turn, paths: Sequence[Path], width_px: int) -> Round:
    try:
        shares = rivals.in_processes(turn, paths, RATE_HZ, width_px, NETWORKS)
    except RuntimeError as error:
        raise SystemExit(str(error)) from error
    return Round(
        max(share.wall_s for share in shares),
        sum(share.cpu_s for share in shares),
        sum(share.frames for share in shares),
    )


def _read_videos(paths: Sequence[Path], width_px: int, networks: NetworkSettings) -> Round:
    share = rivals.ray_read_videos(paths, RATE_HZ, width_px, networks)
    return Round(share.wall_s, None, share.frames)


def _tell(
    rounds: dict[str, list[Round]], footage_s: float, peak_bytes: int
) -> dict[str, dict[str, Any]]:
    wall_s = {name: statistics.median(r.wall_s for r in all_) for name, all_ in rounds.items()}
    own_s = wall_s["back-fill"]
    ratios = {
        "share_of_bare_loop": wall_s["bare loop"] / own_s,
        "share_of_floor": (wall_s["decode only"] + wall_s["network only"]) / own_s,
        "times_read_videos": wall_s["read_videos"] / own_s,
        "times_read_videos_float32": wall_s["read_videos, float32"] / own_s,
    }
    if "ultralytics" in wall_s:
        ratios["times_ultralytics"] = wall_s["ultralytics"] / own_s
    return {
        "job": {
            "files": 2,
            "footage_s": footage_s,
            "size_px": list(SIZE_PX),
            "bit_rate": BIT_RATE,
            "rate_hz": RATE_HZ,
            "input_px": NETWORKS.objects.input_px,
            "workers": 2,
        },
        "footage_s_per_s": {name: footage_s / seconds for name, seconds in wall_s.items()},
        "cpu_s_per_footage_s": {
            name: statistics.median(r.cpu_s for r in all_ if r.cpu_s is not None) / footage_s
            for name, all_ in rounds.items()
            if all_[0].cpu_s is not None
        },
        "frames": {name: all_[0].frames for name, all_ in rounds.items()},
        "rounds": {name: [asdict(each) for each in all_] for name, all_ in rounds.items()},
        "ratios": ratios,
        "needed": {name: level for name, level in NEEDED.items() if name in ratios},
        "peak_memory_bytes": {"driver_and_workers": peak_bytes},
    }


def _table(told: dict[str, dict[str, Any]]) -> Table:
    table = Table("way", "footage-s per s", "CPU-s per footage-s", "frames", "back-fill is")
    own = told["footage_s_per_s"]["back-fill"]
    for name, pace in told["footage_s_per_s"].items():
        spent = told["cpu_s_per_footage_s"].get(name)
        table.add_row(
            name,
            f"{pace:.2f}",
            "" if spent is None else f"{spent:.3f}",
            str(told["frames"][name]),
            f"{own / pace:.2f} times",
        )
    table.add_section()
    for name, ratio in told["ratios"].items():
        table.add_row(name, f"{ratio:.2f}", "", "", _verdict(ratio, NEEDED.get(name)))
    peak = told["peak_memory_bytes"]["driver_and_workers"] / 1e9
    table.add_row("peak memory, driver + workers", f"{peak:.2f} GB", "", "", "")
    return table


def _verdict(ratio: float, need: float | None) -> str:
    if need is None:
        return ""
    return f"needed {need:g}: {'reached' if ratio >= need else 'MISSED'}"


if __name__ == "__main__":
    sys.exit(main())
