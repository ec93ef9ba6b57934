"""Reads what real days left behind: who ran when, what was paid, how long things took."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ray_app.planning.real_day import BILL, NEW_CLUSTER, POLICY_LOG, RECORD
from ray_app.planning.slow_nodes import ORDERED
from ray_app.planning.squeezed_day import DEADLINE_S, MOST_REPLICAS
from ray_app.planning.waiting_replica import DONE
from ray_app.simulator.crowd import FloatArray

Json = Mapping[str, Any]
LONGEST_S = 25.0
"""What takes longer had another cause: no room, or somebody needed the node again."""


@dataclass(frozen=True, slots=True, eq=False)
class ClusterRecord:
    """One real day.

    Attributes:
        zero_at: Epoch seconds of its first second.
        offered: Work offered, second by second.
        shed: Requests given up before they were sent.
        times_s: When the cluster was looked at, seconds of the day.
        running: Replicas at work at those times.
        nodes: GPU nodes up at those times.
        bill: (time, change of the nodes paid for), since before the day.
        decided: (time, replicas) whenever our policy decided otherwise; none for Ray's own.
        took_s: How long each request took.
        came: What became of each.
    """

    zero_at: float
    offered: FloatArray
    shed: float
    times_s: FloatArray
    running: FloatArray
    nodes: FloatArray
    bill: tuple[tuple[float, int], ...]
    decided: tuple[tuple[float, int], ...]
    took_s: FloatArray
    came: tuple[str, ...]

    @property
    def seconds(self) -> int:
        """Length of the day."""
        return len(self.offered)

    @property
    def analysed_s(self) -> FloatArray:
        """Latencies of what was analysed."""
        is_done = np.array([one == DONE for one in self.came], dtype=bool)
        return np.asarray(self.took_s[is_done])

    @property
    def missed(self) -> float:
        """Share of the offered work that was not analysed in time."""
        in_time = int((self.analysed_s <= DEADLINE_S).sum())
        return max(0.0, 1 - in_time / (len(self.came) + self.shed))

    def running_at(self, seconds: FloatArray) -> FloatArray:
        """Returns the replicas at work."""
        return _steps(self.times_s, self.running, seconds)

    def paid_at(self, seconds: FloatArray) -> FloatArray:
        """Returns the nodes paid for."""
        times = np.array([at_s for at_s, _ in self.bill])
        total = np.cumsum([change for _, change in self.bill])
        return _steps(times, np.asarray(total, np.float64), seconds, before=0.0)

    def boots_s(self) -> list[float]:
        """Returns how long nodes took, from order to up."""
        fine = np.arange(-15.0, float(self.seconds), 0.1)
        paid = self.paid_at(fine)
        return self._rises(fine, paid, self.times_s, self.nodes)

    def starts_s(self) -> list[float]:
        """Returns how long replicas took to serve, from decision and room."""
        found = []
        for before, (at_s, wanted) in zip(self.decided, self.decided[1:], strict=False):
            for level in range(before[1] + 1, wanted + 1):
                room_s = _first(self.times_s, self.nodes >= level, at_s)
                serves_s = _first(self.times_s, self.running >= level, at_s)
                if room_s is not None and serves_s is not None and at_s > 0:
                    found.append(serves_s - room_s)
        return [took for took in found if 0 < took < LONGEST_S]

    def idles_s(self) -> list[float]:
        """Returns how long nodes were kept, from the decision against their replica."""
        fine = np.arange(0.0, float(self.seconds), 0.1)
        paid, found = self.paid_at(fine), []
        for before, (at_s, wanted) in zip(self.decided, self.decided[1:], strict=False):
            for level in range(wanted + 1, before[1] + 1):
                back_s = _first(fine, paid < level, at_s)
                if back_s is not None and at_s > 0:
                    found.append(back_s - at_s)
        return [took for took in found if 0 < took < LONGEST_S]

    @staticmethod
    def _rises(
        cause_s: FloatArray, cause: FloatArray, effect_s: FloatArray, effect: FloatArray
    ) -> list[float]:
        found = []
        for level in range(1, MOST_REPLICAS + 1):
            rises = np.flatnonzero((cause[1:] >= level) & (cause[:-1] < level)) + 1
            for at_s in cause_s[rises]:
                came_s = _first(effect_s, effect >= level, float(at_s))
                was_there = _steps(effect_s, effect, np.array([at_s]))[0] >= level
                if came_s is not None and at_s > 0 and not was_there:
                    found.append(came_s - float(at_s))
        return [took for took in found if 0 < took < LONGEST_S]


def read_record(folder: Path) -> ClusterRecord:
    """Returns the real day of a folder; its bill lies beside the folder."""
    written = json.loads((folder / RECORD).read_text("utf-8"))
    zero_at = written["zero_at"]
    looked, calls = written["looked"], written["calls"]
    return ClusterRecord(
        zero_at=zero_at,
        offered=np.array(written["offered"]),
        shed=float(written["shed"]),
        times_s=np.array([look["at_s"] for look in looked]),
        running=np.array([look["running"] for look in looked], np.float64),
        nodes=np.array([look["nodes"] for look in looked], np.float64),
        bill=_bill(_lines(folder.parent / BILL), zero_at),
        decided=_decided(_lines(folder / POLICY_LOG), zero_at),
        took_s=np.array([call["took_s"] for call in calls]),
        came=tuple(call["came"] for call in calls),
    )


def _bill(lines: Sequence[Json], zero_at: float) -> tuple[tuple[float, int], ...]:
    """Returns the bill of the cluster that a day was played on: nodes of others ended with it."""
    news = [line["at"] for line in lines if line["what"] == NEW_CLUSTER]
    from_at = max((at for at in news if at < zero_at), default=-np.inf)
    to_at = min((at for at in news if at > zero_at), default=np.inf)
    own = [line for line in lines if line["what"] != NEW_CLUSTER and from_at < line["at"] < to_at]
    return tuple(_change(line, zero_at) for line in own)


def _change(line: Json, zero_at: float) -> tuple[float, int]:
    count = int(line["count"])
    return float(line["at"]) - zero_at, count if line["what"] == ORDERED else -count


def _decided(lines: Sequence[Json], zero_at: float) -> tuple[tuple[float, int], ...]:
    found: list[tuple[float, int]] = []
    for line in lines:
        if not found or line["decided"] != found[-1][1]:
            found.append((float(line["now_s"]) - zero_at, int(line["decided"])))
    return tuple(found)


def _lines(path: Path) -> list[Json]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _steps(
    times: FloatArray, values: FloatArray, at: FloatArray, before: float | None = None
) -> FloatArray:
    """Returns the last value at or before every moment."""
    index = np.searchsorted(times, at, side="right") - 1
    first = values[0] if before is None else before
    return np.where(index < 0, first, values[np.maximum(index, 0)])


def _first(
    times: FloatArray, is_so: np.ndarray[Any, np.dtype[np.bool_]], from_s: float
) -> float | None:
    """Returns the first moment from then on at which it is so."""
    found = np.flatnonzero(is_so & (times >= from_s))
    return float(times[found[0]]) if len(found) else None
