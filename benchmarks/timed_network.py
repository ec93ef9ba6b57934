"""Stands in for the networks where a GPU is pretended: takes their time and no processor."""

import time

import numpy as np

from models.settings import NetworkSettings
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Detections, Observation

PLANNED_WORK_PER_S = 6.0
WORK_PER_S = 20.0
"""Frames that one pretended GPU looks at in a second."""
NOTHING = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int16))


class TimedNetwork:
    """Sees nothing, at `WORK_PER_S`."""

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns empty observations after the time a GPU would have taken."""
        time.sleep(len(batch) / WORK_PER_S)
        return [
            Observation(key, size, NOTHING)
            for key, size in zip(batch.keys, batch.source_sizes_px, strict=True)
        ]


def build_timed(_: NetworkSettings) -> TimedNetwork:
    """Returns the stand-in for any networks."""
    return TimedNetwork()


class SlowNetwork(TimedNetwork):
    """Sees nothing, at the speed of the planned event: its frames are few."""

    def detect(self, batch: FrameBatch) -> list[Observation]:
        """Returns empty observations after the time a slow GPU would have taken."""
        time.sleep(len(batch) * (1 / PLANNED_WORK_PER_S - 1 / WORK_PER_S))
        return super().detect(batch)


def build_slow(_: NetworkSettings) -> SlowNetwork:
    """Returns the stand-in of `plan_live`."""
    return SlowNetwork()
