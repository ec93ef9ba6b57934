"""What a smaller input of the networks saves and costs: the numbers `live.smaller_inputs` wants.

    python -m benchmarks.smaller_inputs [SITE.yaml] [--video FILE [--truth FILE.xml]]

Time of a frame with everything around the networks, as a replica looks at it, at every share of
the usual input side over the usual one: medians of rounds in which the sizes take turns, processor
seconds of one thread (seconds by the clock on a GPU). Networks are those of the site's cameras,
each once, or the defaults, alone, with tiles and with the fire finder. The head counter is left
out: it keeps its size. With the labelled boxes of a video, how many people are found at every size:
as filmed, and in the same pictures at half their size, as from twice as far.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from models.candidates import intersection_over_union
from models.evaluate_objects import PERSON_SCORE, BoxTruth, evaluate_objects, read_cvml
from models.settings import FireFinderSettings, NetworkSettings, ObjectFinderSettings
from models.smaller_input import at_share
from models.zoo import build_detector, build_object_finder, needed_width_px
from ray_app.commands.evaluate_objects import frames_of
from ray_app.config.live_schema import DEAREST
from ray_app.config.load import load_site
from ray_app.domain.frame import Frame, FrameBatch, FrameKey
from ray_app.domain.observation import Label
from ray_app.video.archive import probe

SHARES = (1.0, 0.77, 0.62, 0.54)
"""Of NanoDet's 416 px: 320, 256 and 224."""
FRAMES, GREY = 8, 110
COUNTED, EVERY = 3, 15
"""Every third frame is looked at, boxes are judged in every fifteenth."""


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", type=Path, nargs="?", help="site file; else our networks")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES[1:])
    parser.add_argument("--video", type=Path, help="what is looked at; else random pixels")
    parser.add_argument("--truth", type=Path, help="its people, CVML")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    for name, networks in networks_of(asked.site).items():
        shares = (1.0, *asked.shares)
        sizes = [at_share(networks, share) for share in shares]
        if networks.objects.tiles > 1:  # what cameras lose when their tiles are left out
            shares = (*shares, 1.0)
            sizes.append(at_share(networks, 1.0, tiles=1))
        seconds = times(sizes, _batch(asked.video, needed_width_px(networks)), asked)
        found.append({"networks": name, "shares": shares, "frame_s": seconds})
        show_times(name, sizes, shares, seconds)
        if asked.video and asked.truth:
            truth = read_cvml(asked.truth)
            frames = list(frames_of(probe(str(asked.video)), needed_width_px(networks)))
            frames = frames[::COUNTED]
            show_accuracy(sizes, frames, truth)
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0


def networks_of(site: Path | None) -> dict[str, NetworkSettings]:
    """Returns the networks to measure, without head counters, by the name they are told under."""
    if site is not None:
        cameras = {c.networks: c.id for c in load_site(site).cameras if c.stream is not None}
        return {name: replace(networks, crowd=None) for networks, name in cameras.items()}
    alone = NetworkSettings()
    return {
        "objects": alone,
        "objects, 2 x 2 tiles": replace(alone, objects=ObjectFinderSettings(tiles=2)),
        "objects and fire": replace(alone, fire=FireFinderSettings()),
    }


def times(
    sizes: Sequence[NetworkSettings], batch: FrameBatch, asked: argparse.Namespace
) -> list[float]:
    """Returns seconds per frame at every size."""
    runs = [partial(build_detector(size).detect, batch) for size in sizes]
    clock = time.process_time if sizes[0].device == "cpu" else time.perf_counter
    found: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(asked.rounds):
        for run, taken in zip(runs, found, strict=True):
            taken.append(_seconds(run, asked.seconds, clock) / len(batch))
    return [statistics.median(taken) for taken in found]


def recall_by_height(
    settings: NetworkSettings, frames: Sequence[tuple[int, Frame]], truth: BoxTruth
) -> tuple[float, float]:
    """Returns the share of people that are found, of the shorter half and of the taller half."""
    finder = build_object_finder(settings)
    heights, hits = [], []
    for number, frame in frames:
        if number % EVERY or number not in truth or not len(truth[number]):
            continue
        (seen,) = finder.find(FrameBatch.stack([frame]))
        seen = seen.only((seen.labels == Label.PERSON) & (seen.scores >= PERSON_SCORE))
        overlap = intersection_over_union(seen.boxes_px, truth[number])
        hits.append((overlap >= 0.5).any(axis=0))
        heights.append(truth[number][:, 3] - truth[number][:, 1])
    height, hit = np.concatenate(heights), np.concatenate(hits)
    is_short = height <= np.median(height)
    return float(hit[is_short].mean()), float(hit[~is_short].mean())


def show_times(
    name: str, sizes: Sequence[NetworkSettings], shares: Sequence[float], seconds: Sequence[float]
) -> None:
    """Prints what every size costs, and what of it the site file may take."""
    table = Table("input", "share", "ms per frame", "cost", "", title=name)
    for size, share, taken in zip(sizes, shares, seconds, strict=True):
        cost = taken / seconds[0]
        pays = "" if share == 1.0 else "pays" if cost <= DEAREST else "no step: saves too little"
        row = (f"{share:g}", f"{1000 * taken:.1f}", f"{cost:.2f}", pays)
        table.add_row(_input_of(size), *row)
    Console().print(table)


def show_accuracy(
    sizes: Sequence[NetworkSettings], frames: Sequence[tuple[int, Frame]], truth: BoxTruth
) -> None:
    """Prints how well people are found at every size."""
    recalls = ("shorter", "taller", "far, shorter", "far, taller")
    table = Table("input", "AP", "F1", "count error", "bias", *(f"recall, {r}" for r in recalls))
    far = [(number, farther(frame)) for number, frame in frames if number % EVERY == 0]
    half = {number: np.float32(0.5) * boxes for number, boxes in truth.items()}
    for size in sizes:
        report = evaluate_objects(frames, truth, size, EVERY)
        numbers = (report.ap50, report.best_f1, report.count_mae, report.count_bias)
        found = (*recall_by_height(size, frames, truth), *recall_by_height(size, far, half))
        table.add_row(_input_of(size), *(f"{number:.3f}" for number in (*numbers, *found)))
    Console().print(table)


def farther(frame: Frame) -> Frame:
    """Returns the frame with its picture at half size in the upper left corner, grey around."""
    height, width = frame.pixels.shape[:2]
    pixels = np.full_like(frame.pixels, GREY)
    size = (width // 2, height // 2)
    small = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    pixels[: size[1], : size[0]] = small
    return Frame(frame.key, pixels, frame.source_size_px)


def _input_of(size: NetworkSettings) -> str:
    fire = f" + {size.fire.input_px}" if size.fire else ""
    tiles = f", {size.objects.tiles} x {size.objects.tiles} tiles" if size.objects.tiles > 1 else ""
    return f"{size.objects.input_px}{fire} px{tiles}"


def _batch(video: Path | None, width_px: int) -> FrameBatch:
    if video is not None:
        frames = [frame for _, frame in frames_of(probe(str(video)), width_px)]
        return FrameBatch.stack(frames[:: max(1, len(frames) // FRAMES)][:FRAMES])
    size = (FRAMES, width_px * 9 // 16, width_px, 3)
    pixels = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    keys = tuple(FrameKey("bench", k, 0, k / 5) for k in range(FRAMES))
    return FrameBatch(keys, pixels, ((1280, 720),) * FRAMES)


def _seconds(call: Callable[[], object], longest_s: float, clock: Callable[[], float]) -> float:
    began, calls = clock(), 0
    while (spent := clock() - began) < longest_s:
        call()
        calls += 1
    return spent / calls


if __name__ == "__main__":
    sys.exit(main())
