"""Offered work split into classes that give up frames together."""

from dataclasses import dataclass

import numpy as np

from ray_app.scaling.input_steps import InputStep, next_step
from ray_app.scaling.shedding import Shares, StreamClass, share_capacity
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.load_trace import LoadTrace

ALARMED_RANK = 3


@dataclass(frozen=True, slots=True, eq=False)
class ClassLoad:
    """Every zone twice: its cameras without and with an open situation.

    Attributes:
        names: `gates` and `gates!` (alarmed) for every zone.
        ranks: Who keeps frames longer; alarmed cameras above all.
        work_per_s: Tiles per second; shape (seconds, classes).
        floors: Least share of frames that still watches, all of them where a situation is open;
            same shape.
    """

    names: tuple[str, ...]
    ranks: tuple[int, ...]
    work_per_s: FloatArray
    floors: FloatArray

    @property
    def is_alarmed(self) -> tuple[bool, ...]:
        """Whether the cameras of a class have an open situation."""
        return tuple(rank == ALARMED_RANK for rank in self.ranks)

    def costs(self, input_cost: float) -> FloatArray:
        """Returns the cost of every class at an input size; the highest rank keeps the usual."""
        top = max(self.ranks)
        return np.array([1.0 if rank == top else input_cost for rank in self.ranks])

    def step_at(
        self, second: int, capacity_per_s: float, costs: tuple[float, ...], before: InputStep
    ) -> InputStep:
        """Returns the input size used in that second, by the rule of `vigie live`.

        Args:
            second: Of the day.
            capacity_per_s: What the replicas can carry, tiles per second.
            costs: Of all sizes over the usual one's, 1.0 first.
            before: The size of the second before.
        """
        classes, work = self._classes(second), self._work(second)
        return next_step(before, classes, work, capacity_per_s, costs, 1.0)

    def shares_at(
        self, second: int, capacity_per_s: float, input_cost: float = 1.0, place: int = 0
    ) -> Shares:
        """Returns what the shedding rule keeps in that second at an input size."""
        classes = self._classes(second, (input_cost,))
        kept = share_capacity(classes, self._work(second), capacity_per_s).kept
        return Shares(kept, input_cost, place)

    def _classes(self, second: int, costs: tuple[float, ...] = ()) -> list[StreamClass]:
        return [
            StreamClass(name, rank, float(floor), costs)
            for name, rank, floor in zip(self.names, self.ranks, self.floors[second], strict=True)
        ]

    def _work(self, second: int) -> list[float]:
        return [float(work) for work in self.work_per_s[second]]


def class_load(profile: EventProfile, trace: LoadTrace) -> ClassLoad:
    """Splits the work of a trace into classes."""
    alarmed = profile.doubts.alarmed_share
    names: list[str] = []
    ranks: list[int] = []
    work, floors = [], []
    for index, zone in enumerate(profile.zones):
        floor = np.clip(zone.floor_fps / trace.fps[:, index], 0, 1)
        for suffix, rank, share in (("", zone.priority, 1 - alarmed), ("!", ALARMED_RANK, alarmed)):
            names.append(zone.name + suffix)
            ranks.append(rank)
            work.append(share * trace.work_per_s[:, index])
            floors.append(np.ones_like(floor) if rank == ALARMED_RANK else floor)
    return ClassLoad(tuple(names), tuple(ranks), np.stack(work, axis=1), np.stack(floors, axis=1))
