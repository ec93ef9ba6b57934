"""How fast each network is on this machine: as torch runs it by itself, and as we ship it.

    python -m benchmarks.detect [--seconds 6] [--rounds 3] [--json FILE]

One process, one thread, pictures of 1280 x 720 reduced as each network wants them. Eager float32
takes pictures one by one in contiguous memory, convolutions unfused where they were trained so;
what ships is fused, bfloat16 where the processor computes in it, channels last, in batches of 8
(the crowd counter one by one). Its last column is of a drawn crowd that it enlarges, its worst.
Rounds alternate between the two; medians are told. The JSON feeds the capacity simulator:
seconds of one core per picture, and of the object detector at the sizes one could fall back to.
"""

import argparse
import copy
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from models.crowd_canvas import Spread, spread_of
from models.crowd_counter import CrowdCounter, fill_network
from models.crowd_network import CrowdNetwork
from models.fire_smoke_detector import FireSmokeDetector, fill_fire_network
from models.fire_smoke_network import MULTIPLE_PX, FireSmokeNetwork
from models.nanodet import GroupedNanoDetG
from models.object_detector import (
    BAG_CLASSES,
    PERSON_CLASSES,
    VEHICLE_CLASSES,
    NanodetNetwork,
    ObjectDetector,
)
from models.settings import NetworkSettings, ObjectFinderSettings
from models.torch_detector import NetworkRunner
from models.weights import load_weights
from ray_app.batch.memory import keep_freed_memory
from ray_app.domain.errors import WeightsError
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.video.synthetic.stills import StillMaker

NEEDED_TIMES = 4.0
"""How many times faster than eager float32 the dense networks must be."""
BATCH = 8
HEIGHT_PX, WIDTH_PX = 720, 1280
CROWD_SEED, CROWD_STILL = 9001, 14
"""A drawn still of some 440 heads; four of it, halved, are a crowd that is looked at enlarged."""
INPUTS_PX = (416, 320, 256)
"""Of the object detector: as usual, and when capacity is short."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Pictures per second of one core.

    Attributes:
        network: Its name.
        input_px: Height and width of the network's input.
        eager: As torch runs it: float32, one picture at a time.
        shipped: As we run it, the network alone.
        whole: With everything around it: reduction before, boxes or maps after.
        times: shipped over eager.
    """

    network: str
    input_px: tuple[int, int]
    eager: float
    shipped: float
    whole: float
    times: float

    @property
    def core_s(self) -> float:
        """Seconds of one core per picture, everything included."""
        return 1 / self.whole


@dataclass(frozen=True, slots=True)
class Contender:
    """A network in its three ways of running; each takes `pictures` at a call."""

    name: str
    input_px: tuple[int, int]
    eager: Callable[[], object]
    shipped: Callable[[], object]
    whole: Callable[[], object]


def main() -> int:
    """Measures and prints; returns 1 when a dense network is slower than asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as every worker does
    speeds = [
        measure(contender, asked.seconds, asked.rounds)
        for contender in track(contenders(), "measuring", console=Console(stderr=True))
    ]
    show(speeds)
    if asked.json is not None:
        told = {
            "machine": platform.processor() or platform.machine(),
            "torch": torch.__version__,
            "networks": [asdict(speed) | {"core_s": speed.core_s} for speed in speeds],
            "inputs": input_times(asked.seconds, asked.rounds),
        }
        asked.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return 0 if all(speed.times >= NEEDED_TIMES for speed in speeds) else 1


def contenders() -> list[Contender]:
    """Returns the networks we ship."""
    batch = _batch()
    settings = _settings(INPUTS_PX[0])
    groups = (PERSON_CLASSES, BAG_CLASSES, VEHICLE_CLASSES)
    finder = ObjectDetector(NanodetNetwork(settings), settings.objects)
    crowd = fill_network(load_weights("crowd_counter"))
    counter, crowded = CrowdCounter(crowd, settings), _crowded()
    _refuse_sparse(counter, crowded)
    fire = fill_fire_network(load_weights("fire_smoke_detector"))
    burner = FireSmokeDetector(fire, settings)
    return [
        Contender(
            "nanodet_g",
            (256, 416),
            _eager(GroupedNanoDetG(load_weights("nanodet_g"), groups), (256, 416)),
            _shipped(
                _fused(GroupedNanoDetG(load_weights("nanodet_g"), groups)), settings, (256, 416)
            ),
            lambda: finder.find(batch),
        ),
        Contender(
            "crowd_counter",
            (736, 1280),
            _eager(crowd, (736, 1280)),
            _shipped(_fused(crowd), replace(settings, batch_size=1), (736, 1280)),
            lambda: counter.count(crowded),
        ),
        Contender(
            "fire_smoke_detector",
            (288, 512),
            _eager(fire, (288, 512)),
            _shipped(_fused(fire), settings, (288, 512)),
            lambda: burner.look(batch),
        ),
    ]


def input_times(seconds: float, rounds: int) -> list[dict[str, float]]:
    """Returns seconds of one core per picture of the object detector at every size."""
    batch = _batch()
    finders = {
        px: ObjectDetector(NanodetNetwork(_settings(px)), _settings(px).objects) for px in INPUTS_PX
    }
    found: dict[int, list[float]] = {px: [] for px in INPUTS_PX}
    for finder in finders.values():
        finder.find(batch)
    for _ in range(rounds):
        for px, finder in finders.items():
            found[px].append(_per_second(lambda run=finder: run.find(batch), BATCH, seconds))
    return [
        {"input_px": px, "core_s": 1.0 / statistics.median(rates)} for px, rates in found.items()
    ]


def _batch() -> FrameBatch:
    random = np.random.default_rng(0)
    return _frames(random.integers(0, 256, (BATCH, HEIGHT_PX, WIDTH_PX, 3), np.uint8))


def _crowded() -> FrameBatch:
    still, _ = StillMaker(CROWD_SEED).make(CROWD_STILL)
    quarter = cv2.resize(still, (WIDTH_PX // 2, HEIGHT_PX // 2), interpolation=cv2.INTER_AREA)
    picture = np.tile(quarter, (2, 2, 1))
    return _frames(np.repeat(picture[None], BATCH, axis=0))


def _refuse_sparse(counter: CrowdCounter, crowded: FrameBatch) -> None:
    """Raises WeightsError where the counter would enlarge nothing: a lighter load than is told."""
    counts = np.array([counter.count(crowded)[0][0].count])
    if spread_of(counts, HEIGHT_PX, WIDTH_PX)[0] != Spread.CROWDED:
        raise WeightsError(f"still {CROWD_STILL} is no such crowd to these weights: take another")


def _frames(pixels: NDArray[np.uint8]) -> FrameBatch:
    keys = tuple(FrameKey("bench", k, 0, k / 5) for k in range(BATCH))
    return FrameBatch(keys, pixels, ((WIDTH_PX, HEIGHT_PX),) * BATCH)


def _settings(input_px: int) -> NetworkSettings:
    objects = ObjectFinderSettings(input_px=input_px)
    return NetworkSettings(objects=objects, batch_size=BATCH)


def measure(contender: Contender, seconds: float, rounds: int) -> Speed:
    """Returns the medians over rounds in which the three ways take turns."""
    found: dict[str, list[float]] = {"eager": [], "shipped": [], "whole": []}
    for way in (contender.eager, contender.shipped, contender.whole):
        way()
    for _ in range(rounds):
        found["eager"].append(_per_second(contender.eager, 1, seconds))
        found["shipped"].append(_per_second(contender.shipped, BATCH, seconds))
        found["whole"].append(_per_second(contender.whole, BATCH, seconds))
    eager, shipped, whole = (statistics.median(found[way]) for way in found)
    return Speed(contender.name, contender.input_px, eager, shipped, whole, shipped / eager)


def show(speeds: list[Speed]) -> None:
    """Prints the table."""
    heads = ("network", "input", "eager float32", "as shipped", "times", "with all around it")
    table = Table(*heads, title="pictures per second of one core")
    for speed in speeds:
        height, width = speed.input_px
        table.add_row(
            speed.network,
            f"{width} x {height}",
            f"{speed.eager:.1f}",
            f"{speed.shipped:.1f}",
            f"{speed.times:.2f}",
            f"{speed.whole:.1f}",
        )
    Console().print(table)
    for speed in speeds:
        verdict = "reached" if speed.times >= NEEDED_TIMES else "MISSED"
        sys.stdout.write(f"{speed.network}: {speed.times:.2f} of {NEEDED_TIMES:g} {verdict}\n")


def _eager(network: nn.Module, size_px: tuple[int, int]) -> Callable[[], object]:
    network = network.eval()
    picture = _pictures(size_px)[:1].permute(0, 3, 1, 2).contiguous()

    def run() -> object:
        with torch.inference_mode():
            return network(picture)

    return run


def _shipped(
    network: nn.Module, settings: NetworkSettings, size_px: tuple[int, int]
) -> Callable[[], object]:
    runner, pictures = NetworkRunner(network, settings, MULTIPLE_PX), _pictures(size_px)
    return lambda: runner.run(pictures)


def _fused(network: CrowdNetwork | FireSmokeNetwork | GroupedNanoDetG) -> nn.Module:
    copied = copy.deepcopy(network)
    copied.fuse()
    return copied


def _pictures(size_px: tuple[int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (BATCH, *size_px, 3), dtype=torch.uint8, generator=generator)


def _per_second(call: Callable[[], object], pictures: int, seconds: float) -> float:
    """Counts processor seconds, so that others on a shared machine do not count."""
    began, calls = time.process_time(), 0
    while (spent := time.process_time() - began) < seconds:
        call()
        calls += 1
    return pictures * calls / spent


if __name__ == "__main__":
    sys.exit(main())
