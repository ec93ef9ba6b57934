"""The same job without Vigie: a bare loop, its floor, Ray Data's own reader, Ultralytics."""

import importlib.util
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.settings import NetworkSettings
from ray_app.batch.memory import keep_freed_memory
from ray_app.batch.segment_worker import batches
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.video.archive import probe
from ray_app.video.sampling import ClipReader
from ray_app.video.timeline import lay_out

Turn = Callable[[Path, float, int, "NetworkSettings"], "Share"]


@dataclass(frozen=True, slots=True)
class Share:
    """What one process did.

    Attributes:
        wall_s: From the moment all processes were ready.
        cpu_s: Processor seconds, all threads.
        frames: Analysed frames.
        people: Boxes of people found, to see that the work was the same.
    """

    wall_s: float
    cpu_s: float
    frames: int
    people: int


def in_processes(
    turn: Turn, paths: Sequence[Path], rate_hz: float, width_px: int, networks: NetworkSettings
) -> list[Share]:
    """Runs one process per file, all started together once each has imported what it needs.

    Raises:
        RuntimeError: A process failed; it has printed why.
    """
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(len(paths)), context.SimpleQueue()
    members = [
        context.Process(
            target=_member, args=(turn, path, rate_hz, width_px, networks, ready, answers)
        )
        for path in paths
    ]
    for member in members:
        member.start()
    found = [answers.get() for _ in members]
    for member in members:
        member.join()
    if None in found:
        raise RuntimeError(f"{turn.__name__} failed; its process says why, above")
    return found


def _member(
    turn: Turn,
    path: Path,
    rate_hz: float,
    width_px: int,
    networks: NetworkSettings,
    ready: Any,  # noqa: ANN401  a Barrier of a context has no public type
    answers: Any,  # noqa: ANN401
) -> None:
    import torch

    import models.zoo  # noqa: F401  imports are no part of the race

    torch.set_num_threads(1)
    keep_freed_memory()  # as the back-fill's workers do
    ready.wait()
    share = None
    try:
        share = turn(path, rate_hz, width_px, networks)
    finally:
        answers.put(share)


def bare_loop(path: Path, rate_hz: float, width_px: int, networks: NetworkSettings) -> Share:
    """Decodes and detects in one plain loop: the same reader, the same network."""
    from models.zoo import build_detector

    began, spent = time.monotonic(), time.process_time()
    detector = build_detector(networks)
    frames = people = 0
    for batch in batches(_reader(path, rate_hz, width_px).frames(), networks.batch_size):
        for seen in detector.detect(batch):
            frames += 1
            people += int((seen.detections.labels == 0).sum())
    return Share(time.monotonic() - began, time.process_time() - spent, frames, people)


def decode_only(path: Path, rate_hz: float, width_px: int, networks: NetworkSettings) -> Share:
    """Decodes and resizes, and throws away."""
    del networks
    began, spent = time.monotonic(), time.process_time()
    frames = sum(1 for _ in _reader(path, rate_hz, width_px).frames())
    return Share(time.monotonic() - began, time.process_time() - spent, frames, 0)


def network_only(path: Path, rate_hz: float, width_px: int, networks: NetworkSettings) -> Share:
    """Looks at frames decoded beforehand."""
    from models.zoo import build_detector

    stacks = list(batches(_reader(path, rate_hz, width_px).frames(), networks.batch_size))
    detector = build_detector(networks)
    detector.detect(stacks[0])
    began, spent = time.monotonic(), time.process_time()
    seen = [each for stack in stacks for each in detector.detect(stack)]
    people = sum(int((each.detections.labels == 0).sum()) for each in seen)
    return Share(time.monotonic() - began, time.process_time() - spent, len(seen), people)


class LookAtRows:
    """What a user of `ray.data.read_videos` writes: an actor with the network."""

    def __init__(self, networks: NetworkSettings, source_size_px: tuple[int, int]) -> None:
        import torch

        from models.zoo import build_detector

        torch.set_num_threads(1)
        self._detector, self._size = build_detector(networks), source_size_px

    def __call__(self, rows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Takes frames, returns how many people each shows."""
        pixels = np.ascontiguousarray(np.stack(list(rows["frame"])))
        keys = tuple(FrameKey("c", k, 0, k / 5) for k in range(len(pixels)))
        seen = self._detector.detect(FrameBatch(keys, pixels, (self._size,) * len(pixels)))
        return {"people": np.array([int((s.detections.labels == 0).sum()) for s in seen])}


def ray_read_videos(
    paths: Sequence[Path], rate_hz: float, width_px: int, networks: NetworkSettings
) -> Share:
    """The same job by Ray Data's own video reader, which thins and shrinks while it reads."""
    import ray.data

    size = probe(str(paths[0])).size_px
    height_px = round(width_px * size[1] / size[0])
    began = time.monotonic()
    rows = ray.data.read_videos(
        [str(path) for path in paths], fps=round(rate_hz), resize=(height_px, width_px)
    ).map_batches(
        LookAtRows,
        batch_size=networks.batch_size,
        batch_format="numpy",
        fn_constructor_args=(networks, size),
        compute=ray.data.ActorPoolStrategy(size=len(paths)),
        num_cpus=0.5,
    )
    people = [int(n) for batch in rows.iter_batches(batch_format="numpy") for n in batch["people"]]
    return Share(time.monotonic() - began, 0.0, len(people), sum(people))


def has_ultralytics() -> bool:
    """Says whether Ultralytics is installed here."""
    return importlib.util.find_spec("ultralytics") is not None


def ultralytics_loop(path: Path, rate_hz: float, width_px: int, networks: NetworkSettings) -> Share:
    """Ultralytics' own streaming loop over a file, weights drawn at random."""
    del networks
    import torch
    from ultralytics import YOLO  # type: ignore[import-not-found,unused-ignore]

    torch.set_num_threads(1)
    network = YOLO("yolov8n.yaml")
    stride = round((probe(str(path)).frame_rate_hz or 25) / rate_hz)
    began, spent = time.monotonic(), time.process_time()
    results = network.predict(
        str(path), stream=True, vid_stride=stride, imgsz=width_px, device="cpu", verbose=False
    )
    frames = sum(1 for _ in results)
    return Share(time.monotonic() - began, time.process_time() - spent, frames, 0)


def _reader(path: Path, rate_hz: float, width_px: int) -> ClipReader:
    (clip,) = lay_out("benchmark", [probe(str(path))]).clips
    return ClipReader(clip, 0, 10**9, rate_hz, width_px)
