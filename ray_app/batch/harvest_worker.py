"""A worker of the harvest on a borrowed slot: a Ray actor that never waits for its slot."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import ActorUnschedulableError, OutOfMemoryError, RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ray_app.batch.memory import keep_freed_memory
from ray_app.batch.segment import Segment
from ray_app.batch.segment_worker import SegmentOutcome, SegmentWorker, WorkerBlocks
from ray_app.scaling.backfill_slots import SlotSize
from ray_app.scaling.harvest_moves import Borrower

NICER = 10
"""The event's own processes beside it come first on the processor, too."""


class HarvestWorker:
    """Decodes and detects in the slot of one detector replica."""

    def __init__(self, out_dir: Path, blocks: WorkerBlocks) -> None:
        os.nice(NICER)
        keep_freed_memory()
        self._worker = SegmentWorker(out_dir, blocks)

    def ready(self) -> None:
        """Answers when the process is there."""

    def run(self, segment: Segment) -> SegmentOutcome:
        """Writes the segment's file."""
        return self._worker.run(segment)


@dataclass(slots=True)
class Slot:
    """One borrowed slot and its worker.

    Attributes:
        number: Of the worker.
        node: Where.
        actor: Its handle.
        answer: Of what it works on: of `ready` first, then of its segment.
        segment: Its segment; None while it has none.
        began_s: When it was given its segment, or was started.
        asked_s: When it was asked to end after its segment; None if it was not.
        is_ended: Whether it was killed; its last answer is still awaited.
    """

    number: int
    node: str
    actor: Any
    answer: Any
    segment: Segment | None
    began_s: float
    asked_s: float | None = None
    is_ended: bool = False

    def borrower(self, now_s: float) -> Borrower:
        """Returns it as the rules see it."""
        return Borrower(
            self.number,
            self.node,
            None if self.segment is None else now_s - self.began_s,
            None if self.asked_s is None else now_s - self.asked_s,
        )

    def give(self, segment: Segment) -> None:
        """Hands it a segment."""
        self.segment, self.began_s = segment, time.monotonic()
        self.answer = self.actor.run.remote(segment)

    def end(self) -> None:
        """Kills it; its slot is free within a fraction of a second."""
        self.is_ended = True
        ray.kill(self.actor, no_restart=True)


def borrow(number: int, node: str, size: SlotSize, shared: tuple[Path, WorkerBlocks]) -> Slot:
    """Starts a worker on a node, where its slot must be free at this moment.

    A worker that waited would be demand to the node autoscaler, which buys a node for it. So Ray
    is told to fail it instead (ActorUnschedulableError, a RayActorError's sister).
    """
    actor = ray.remote(HarvestWorker).options(
        num_cpus=size.cpus,
        num_gpus=size.gpus,
        max_restarts=0,
        max_task_retries=0,
        scheduling_strategy=NodeAffinitySchedulingStrategy(
            node, soft=False, _fail_on_unavailable=True
        ),
    )
    handle = actor.remote(*shared)
    return Slot(number, node, handle, handle.ready.remote(), None, time.monotonic())


DEAD = (RayActorError, ActorUnschedulableError, OutOfMemoryError)
"""What an answer raises whose worker is gone, or never came."""
