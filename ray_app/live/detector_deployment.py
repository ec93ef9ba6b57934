"""Detector replicas: weights and no memory, so that any of them may go or come at any time."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from ray import serve

from models.settings import NetworkSettings
from models.zoo import build_detector, needed_width_px
from ray_app.domain.errors import VigieError
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.domain.observation import Observation
from ray_app.domain.protocols import Detector
from ray_app.live.stack import SiteLoad, Stack, StackAnswer, Tuning, padded_work
from ray_app.scaling.serve_policy import COUNT, MOMENT, OFFERED, OLDEST_S

BuildDetector = Callable[[NetworkSettings], Detector]


class DetectorReplica:
    """Looks at stacks of frames, one stack at a time; remembers nothing of them.

    Args:
        networks: Built and warmed up before the replica is ready. Others are built when first
            asked for.
        build: Builds the networks.
    """

    def __init__(
        self, networks: Sequence[NetworkSettings], build: BuildDetector = build_detector
    ) -> None:
        torch.set_num_threads(1)  # parallelism comes from replicas; more threads are slower
        self._build = build
        self._detectors: dict[NetworkSettings, Detector] = {}
        self._tuning = Tuning()
        self._load = SiteLoad()
        self._turn = asyncio.Lock()
        for settings in networks:
            self._detector(settings)

    def reconfigure(self, user_config: Mapping[str, float]) -> None:
        """Takes changed numbers while it runs: Serve calls it with `user_config`."""
        self._tuning = Tuning(
            float(user_config.get("deadline_s", self._tuning.deadline_s)),
            int(user_config.get("stack_size", self._tuning.stack_size)),
        )

    async def detect(self, stack: Stack) -> StackAnswer:
        """Returns what the networks see; frames that grew too old are left out before any work."""
        if stack.load.told_at > self._load.told_at:
            self._load = stack.load
        async with self._turn:
            fresh = self._fresh(stack)
            began_s = time.perf_counter()
            seen = await asyncio.to_thread(self._look, stack, fresh) if fresh else {}
            busy_s = time.perf_counter() - began_s
        return StackAnswer(
            seen=tuple(seen.get(place) for place in range(len(stack.batch))),
            work=padded_work(stack.networks, len(fresh), stack.input_cost),
            busy_s=busy_s if fresh else 0.0,
            tuning=self._tuning,
            replica=os.getpid(),
        )

    def check_health(self) -> None:
        """Raises when the networks cannot be used any more; Serve then replaces the replica."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def record_autoscaling_stats(self) -> dict[str, float]:
        """Repeats what readers told of the whole site; Serve hands it to the scaling policy."""
        if time.time() - self._load.told_at > OLDEST_S:
            return {}
        counts = {f"{COUNT}{zone}": people for zone, people in self._load.counts}
        moments = {f"{MOMENT}{name}": at for name, at in self._load.moments}
        return {OFFERED: self._load.offered_work_per_s, **counts, **moments}

    def _fresh(self, stack: Stack) -> list[int]:
        oldest_at = time.time() - self._tuning.deadline_s
        return [
            place
            for place, taken_at in enumerate(stack.taken_at)
            if taken_at is None or taken_at >= oldest_at
        ]

    def _look(self, stack: Stack, fresh: Sequence[int]) -> dict[int, Observation]:
        batch = stack.batch
        if len(fresh) < len(batch):
            batch = FrameBatch(
                tuple(batch.keys[place] for place in fresh),
                batch.pixels[list(fresh)],
                tuple(batch.source_sizes_px[place] for place in fresh),
            )
        return dict(zip(fresh, self._detector(stack.networks).detect(batch), strict=True))

    def _detector(self, networks: NetworkSettings) -> Detector:
        if networks not in self._detectors:
            try:
                detector = self._build(networks)
            except VigieError:
                raise
            except Exception as error:
                raise VigieError(f"cannot build the networks: {error}") from error
            detector.detect(_black(networks))  # the first real frame must not wait for this
            self._detectors[networks] = detector
        return self._detectors[networks]


Detectors = serve.deployment(name="Detector")(DetectorReplica)


def _black(networks: NetworkSettings) -> FrameBatch:
    width = needed_width_px(networks)
    height = width * 9 // 16
    pixels = np.zeros((1, height, width, 3), np.uint8)
    return FrameBatch((FrameKey("warm-up", 0, 0, 0.0),), pixels, ((width, height),))
